"""The two values of a group robot, as its page in DingTalk shows them."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.inputs import SecretField, StrictForm

PATH = "/robot/send"
TOKEN = re.compile(r"[0-9a-zA-Z_-]{16,128}")


def token_of(address: str) -> str:
    """The robot's key in its address; "" if this is no address of a robot.

    The host is ours to say (T-35): nothing is ever sent to the one that was typed.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    ours = urlsplit(f"{settings.DINGTALK_OAPI_URL}{PATH}")
    if (parts.scheme, parts.netloc, parts.path) != (
        ours.scheme,
        ours.netloc,
        ours.path,
    ):
        return ""
    found = [v for name, v in parse_qsl(parts.query) if name == "access_token"]
    right = len(found) == 1 and TOKEN.fullmatch(found[0]) and not parts.fragment
    return found[0] if right else ""


class AddressField(SecretField):
    """The webhook's address: of DingTalk's host, and with the robot's key."""

    def clean(self, value: Any) -> str:
        """The address, "" if none was typed."""
        address = super().clean(value)
        if address and not token_of(address):
            begin = f"{settings.DINGTALK_OAPI_URL}{PATH}?access_token="
            raise ValidationError(
                _(
                    "This is not the address of a group robot: it begins with "
                    "%(begin)s. Copy the Webhook of the robot once more."
                ),
                code="address",
                params={"begin": begin},
            )
        return address


class RobotForm(StrictForm):
    """Address and signing secret; both are kept sealed and never shown again."""

    address = AddressField(
        label=gettext_lazy("Webhook of the robot"),
        pattern=r"\S{1,512}",
        rule=gettext_lazy("An address has at most 512 characters. Copy it once more."),
        help_text=gettext_lazy(
            "DingTalk > group settings > Robots > Custom: copy the Webhook. Whoever "
            "has it can write into the group."
        ),
    )
    secret = SecretField(
        label=gettext_lazy("Signing secret of the robot"),
        pattern=r"SEC[0-9a-zA-Z]{16,125}",
        rule=gettext_lazy(
            "A signing secret begins with SEC. Choose the security setting Additional "
            "Signature for the robot, and copy what stands there."
        ),
        help_text=gettext_lazy(
            "Security settings of the robot > Additional Signature (加签)."
        ),
    )
