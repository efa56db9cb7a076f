"""What DingTalk's error codes mean: an answer in, an error of our own tree out. Pure.

Sources: server-api-error-codes-1, how-to-process-api-throttling-on-the-dingtalk-server,
call-frequency-limit, permission-deny, retry.

The HTTP status alone decides nothing: 403 is a missing permission, a foreign address
and a limit alike. So the order is limit, address, permission, token, the rest; and a
code that stands in no table is `Unexpected`, never an empty answer (R7).
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import quote

from django.utils.translation import gettext as _

from identity.connectors.dingtalk.said import BAN, Said, clean, heard
from identity.connectors.dingtalk.shapes import CHINA
from identity.connectors.errors import (
    AddressRejected,
    ConnectorError,
    CredentialsRejected,
    Foreign,
    Gone,
    OutOfScope,
    PermissionMissing,
    Throttled,
    Unexpected,
    Unreachable,
)

CONSOLE = "https://open-dev.dingtalk.com/"
BAN_SECONDS = 300.0
"""How long DingTalk bans an address that called too often."""
LONGEST_WINDOW = 120.0

QUOTA = {"90020"}
LIMITS = {"90002", "90018", "90019"} | QUOTA
ADDRESS = {"60020"}
PERMISSION = {"60011", "43007"}
TOKEN = {"40014", "42001", "InvalidAuthentication"}
CREDENTIALS = {
    "40001",
    "40089",
    "40096",
    "invalidClientIdOrSecret",
    "invalid.client",
    "unauthorized.client",
    "authFailed",  # the stream gateway's word
}
STOPPED = {"50003", "50005", "70001"}
GONE = {"60121", "33012", "60003", "invalidParameter.user.notFound"}
CODES = {"invalidParameter.authCode.notFound", "40078", "40079", "41026"}
"""About codes of the logon page, and about those of DingTalk's client."""
OUT_OF_SCOPE = {"50002", "50004"}
BUSY = {"-1", "15", "500", "504", "system.busy", "systemBusy", "88"}
"""88 stands here for a wrapper without a code: DingTalk's own back end timed out."""

_APPLY = re.compile(
    r"https://open-dev\.dingtalk\.com/appscope/apply\?content=[\w%.\-]+"
)
_ADDRESS = re.compile(r"request ip\s*=\s*([0-9A-Fa-f.:]+)", re.IGNORECASE)
_WINDOW = re.compile(
    r"从\s*([\d-]+ [\d:]+)\s*到.*?限制将在\s*([\d-]+ [\d:]+)\s*结束", re.DOTALL
)
_BAN_PAGE = re.compile(r"punish|x5secdata|_____tmd_____")


class TokenInvalid(CredentialsRejected):
    """DingTalk does not know this access token; the client asks for one anew, once."""


class CodeUnknown(Gone):
    """DingTalk does not know this logon code: used, expired, or of another kind."""


def judge(
    status: int,
    body: object,
    *,
    legacy: bool,
    app_key: str = "",
    hide: Iterable[str] = (),
) -> ConnectorError | None:
    """The error that a JSON answer means, or None if it is a success.

    `legacy` answers must carry an errcode. `app_key` completes links to grant a
    permission; `hide` are secrets that must not appear in a text.
    """
    said = heard(status, body, legacy, app_key, tuple(hide))
    if said is None:
        return None
    for rule in _RULES:
        if error := rule(said):
            return error
    return Unexpected(
        _("DingTalk answered with a code that this version does not know (%(said)s).")
        % {"said": said},
        code=said.code,
        remedy=_("Nothing was changed. Look the code up in DingTalk's documentation."),
    )


def not_json(status: int, text: str, *, hide: Iterable[str] = ()) -> ConnectorError:
    """The error that an answer means which is not JSON."""
    if status >= 500:
        return _busy_error(str(status), _("HTTP status %(s)s") % {"s": status})
    if status == 407:
        return Unreachable(
            _("A proxy between this server and DingTalk asks for a logon."),
            code="407",
            reason="proxy",
            remedy=_("Let this server reach DingTalk without a proxy."),
        )
    if _BAN_PAGE.search(text):
        return _ban(str(status), BAN_SECONDS)
    if status == 429:
        return _too_fast(Said("429", "", status))
    if text.lstrip()[:1] in ("{", "["):
        return Unreachable(
            _("DingTalk's answer was cut off on the way."),
            code="truncated",
            remedy=_("It is tried again by itself."),
        )
    return Foreign(
        _(
            "Something else than DingTalk answered: not JSON, HTTP status %(status)s,"
            " “%(sample)s”."
        )
        % {"status": status, "sample": clean(text, hide)},
        code="not-json",
        remedy=_(
            "Look for a gateway, a portal or a proxy between this server and DingTalk."
        ),
    )


def apply_link(app_key: str, scope: str) -> str:
    """The page of DingTalk's console where this permission is granted."""
    if not (app_key and scope):
        return CONSOLE
    return f"{CONSOLE}appscope/apply?content={quote(app_key)}%23{quote(scope)}"


def retry_after(text: str, now: datetime | None = None) -> float:
    """Seconds until the window ends that a limit's text names (China time), else 1.

    If our clock is not DingTalk's, the length of the window is waited instead.
    """
    window = _WINDOW.search(text)
    if not window:
        return 1.0
    try:
        begin, end = (
            datetime.strptime(moment, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
            for moment in window.groups()
        )
    except ValueError:
        return 1.0
    seconds = (end - (now or datetime.now(CHINA))).total_seconds()
    if not 0 < seconds <= LONGEST_WINDOW:
        seconds = (end - begin).total_seconds()
    return min(max(seconds, 1.0), LONGEST_WINDOW)


# --- the rules, in their order ---


def _limit(said: Said) -> ConnectorError | None:
    if said.code == BAN:
        minutes = float(said.text) if said.text.isdecimal() else BAN_SECONDS / 60
        return _ban(said.code, minutes * 60)
    if said.code in QUOTA or "ApiCountLimit" in said.code:
        return Throttled(
            _("This month's quota of DingTalk calls is used up (%(said)s).")
            % {"said": said},
            code=said.code,
            remedy=_("Buy calls in DingTalk's console, or wait for the next month."),
            retry_after=3600.0,
            quota=True,
        )
    if said.code in LIMITS or "QpsLimit" in said.code or "QpmLimit" in said.code:
        return _too_fast(said)
    return _too_fast(said) if said.status == 429 else None


def _too_fast(said: Said) -> Throttled:
    return Throttled(
        _("DingTalk refuses calls because there were too many at once (%(said)s).")
        % {"said": said},
        code=said.code,
        remedy=_("It is tried again by itself. Other programs may use the same app."),
        retry_after=retry_after(said.raw),
    )


def _ban(code: str, seconds: float) -> Throttled:
    return Throttled(
        _("DingTalk bans this server's address for some minutes: too many calls."),
        code=code,
        remedy=_("Wait. Look for another program behind the same address."),
        retry_after=seconds,
    )


def _address(said: Said) -> ConnectorError | None:
    if said.code not in ADDRESS and "IpNotInWhiteList" not in said.code:
        return None
    found = _ADDRESS.search(said.raw)
    address = found[1].rstrip(".:") if found else ""
    return AddressRejected(
        _("This server's egress IP %(address)s is not on DingTalk's list (%(said)s).")
        % {"address": address or _("(not named)"), "said": said},
        code=said.code,
        remedy=_(
            "In DingTalk, open Development Configuration > Security Settings and add"
            " the address to Server Egress IP."
        ),
        address=address,
    )


def _permission(said: Said) -> ConnectorError | None:
    if (
        said.code not in PERMISSION
        and "AccessTokenPermissionDenied" not in said.code
        and not (said.scopes and said.status == 403)
    ):
        return None
    named = ", ".join(said.scopes) or _("(not named)")
    found = _APPLY.search(said.raw)
    first = said.scopes[0] if said.scopes else ""
    return PermissionMissing(
        _("The app has not been granted the permission %(named)s (%(said)s).")
        % {"named": named, "said": said},
        code=said.code,
        remedy=_("Grant it in DingTalk under Permission Management; then try again."),
        scopes=said.scopes,
        link=found[0] if found else apply_link(said.app_key, first),
    )


def _token(said: Said) -> ConnectorError | None:
    if said.code not in TOKEN and not (
        said.status == 401 and said.code not in CREDENTIALS
    ):
        return None
    return TokenInvalid(
        _("DingTalk does not accept the access token that it gave (%(said)s).")
        % {"said": said},
        code=said.code,
        remedy=_("Check AppKey and AppSecret, and run the Connectivity Test."),
    )


def _credentials(said: Said) -> ConnectorError | None:
    if said.code in STOPPED:
        return CredentialsRejected(
            _("DingTalk says that the app or the company is stopped (%(said)s).")
            % {"said": said},
            code=said.code,
            remedy=_("Start the app again in DingTalk's console."),
        )
    if said.code not in CREDENTIALS:
        return None
    return CredentialsRejected(
        _("DingTalk does not accept AppKey and AppSecret (%(said)s).") % {"said": said},
        code=said.code,
        remedy=_(
            "Copy both again from Credentials And Basic Information of the application."
        ),
    )


def _absent(said: Said) -> ConnectorError | None:
    if said.code in CODES:
        return CodeUnknown(
            _("DingTalk does not know this logon code (%(said)s).") % {"said": said},
            code=said.code,
            remedy=_("Begin the logon again."),
        )
    if said.code in GONE:
        return Gone(
            _("DingTalk does not know this one (%(said)s).") % {"said": said},
            code=said.code,
        )
    if said.code in OUT_OF_SCOPE:
        return OutOfScope(
            _("It lies outside the range that the app may read (%(said)s).")
            % {"said": said},
            code=said.code,
            remedy=_("Set the permission scope to All Employees."),
        )
    return None


def _busy(said: Said) -> ConnectorError | None:
    timed_out = said.code.startswith("isp.") and "timeout" in said.code
    if said.code in BUSY or said.status >= 500 or timed_out:
        return _busy_error(said.code, str(said))
    return None


def _busy_error(code: str, said: str) -> Unreachable:
    return Unreachable(
        _("DingTalk is busy or out of order (%(said)s).") % {"said": said},
        code=code,
        remedy=_("It is tried again by itself."),
        reason="busy",
    )


_RULES: tuple[Callable[[Said], ConnectorError | None], ...] = (
    _limit,
    _address,
    _permission,
    _token,
    _credentials,
    _absent,
    _busy,
)
