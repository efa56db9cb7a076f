"""DingTalk's group robot: one signed POST per message, 20 a minute, 5,000 a month free.

https://open.dingtalk.com/document/robots/custom-robot-access
"""

import base64
import hashlib
import hmac
import math
import re
import time
from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.connectors.alerting import AlertChannel, Message
from identity.connectors.dingtalk import said
from identity.connectors.dingtalk.deadline import Limits
from identity.connectors.dingtalk.robot_form import PATH, RobotForm, token_of
from identity.connectors.dingtalk.transport import Reply, Request, Transport
from identity.connectors.errors import (
    ConnectorError,
    CredentialsRejected,
    Throttled,
    Unexpected,
    Unreachable,
)

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from identity.inputs import StrictForm

LIMITS = Limits(connect=3.0, read=5.0, whole=8.0)
PAUSE = 600.0
"""Seconds for which a robot that sent too fast is silenced."""
MARKUP = re.compile(r"[\\`*_\[\]()<>#!|~@]")
LONGEST = 500


class GroupRobot(AlertChannel):
    """A custom robot of a group, with the security setting Additional Signature."""

    label: ClassVar["str | Promise"] = gettext_lazy("DingTalk group robot")
    per_minute: ClassVar[int] = 20
    free_a_month: ClassVar[int] = 5000
    zone: ClassVar[tzinfo] = timezone(timedelta(hours=8), "UTC+8")
    notes: ClassVar[tuple["str | Promise", ...]] = (
        gettext_lazy(
            "DingTalk began to charge for calls of robot webhooks on January 1, 2024, "
            "and has charged for all of them since February 1, 2024."
        ),
        gettext_lazy(
            "5,000 calls a calendar month are free for the whole company. Only the "
            "calls of this server are counted here; other robots of your company use "
            "the same quota."
        ),
    )

    @classmethod
    def form(cls) -> "type[StrictForm]":
        """Address and signing secret."""
        return RobotForm

    def send(self, message: Message) -> None:
        """Send a markdown message, signed for this moment."""
        token = token_of(self.settings.get("address", ""))
        if not token:
            raise CredentialsRejected(
                _("The stored address is none of DingTalk's robots."),
                remedy=_("Enter the Webhook of the robot again."),
            )
        secret = self.settings.get("secret", "")
        request = Request(
            "POST",
            f"{settings.DINGTALK_OAPI_URL}{PATH}",
            params={"access_token": token, **signed(secret, time.time())},
            payload=_payload(message),
        )
        transport = Transport(LIMITS, lambda: False)
        try:
            reply = transport.send(request, hide=(token, secret))
        finally:
            transport.close()
        _judge(reply, (token, secret))


def signed(secret: str, now: float) -> dict[str, str]:
    """The two parameters that prove the secret. The URL-encoding is the client's."""
    stamp = str(math.floor(now * 1000))
    text = f"{stamp}\n{secret}".encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


def _payload(message: Message) -> Mapping[str, Any]:
    title = _plain(message.title)
    text = "\n\n".join(
        (
            f"#### {title}",
            *map(_plain, message.lines),
            f"[{_plain(message.link_label)}]({message.link})",
        )
    )
    return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}


def _plain(text: str) -> str:
    """Text that is no markup, mentions nobody and opens nothing."""
    return MARKUP.sub(" ", " ".join(text.split()))[:LONGEST]


def _judge(reply: Reply, hide: tuple[str, ...]) -> None:
    """Nothing if the message was taken; else raise what it means."""
    body = reply.body if isinstance(reply.body, dict) else {}
    code = str(body.get("errcode", ""))
    if code == "0":
        return
    text = said.clean(str(body.get("errmsg", "")), hide)[:200]
    if reply.status >= 500 or code == "-1":
        raise Unreachable(
            _("DingTalk is busy."), code=code or f"http-{reply.status}", reason="busy"
        )
    raise _error(code, text)


def _error(code: str, text: str) -> ConnectorError:
    """https://open.dingtalk.com/document/robots/robot-error-codes and what was seen."""
    if code == "310000":
        return CredentialsRejected(
            _("The robot's security settings refuse the message: %(said)s.")
            % {"said": text},
            code=code,
            remedy=_(
                "Enter the signing secret once more, and leave keywords and addresses "
                "in the robot's security settings empty. Check this server's clock."
            ),
        )
    if code in ("300001", "300005", "400101", "40014"):
        return CredentialsRejected(
            _("There is no robot with this address."),
            code=code,
            remedy=_("Enter the Webhook of the robot again; it may have been removed."),
        )
    if code in ("130101", "130102", "410100"):
        return Throttled(
            _("The robot has sent more than 20 messages in a minute."),
            code=code,
            remedy=_("It is tried again in ten minutes."),
            retry_after=PAUSE,
        )
    if code == "90030":
        return Throttled(
            _("The company's robot calls of this month are used up."),
            code=code,
            remedy=_("Buy more calls from DingTalk, or wait for the next month."),
            retry_after=6 * PAUSE,
            quota=True,
        )
    words = _("DingTalk answered %(code)s: %(said)s.") % {
        "code": code or "?",
        "said": text,
    }
    return Unexpected(words, code=code)
