"""What DingTalk says in an answer that is no success: code, text, permissions. Pure.

Source: server-api-error-codes-1. Legacy answers carry `errcode`, or 88 with the real
code in `sub_code` or only in the text; v1.0 answers carry `code` and an HTTP status.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

LONGEST_TEXT = 200
BAN = "1111"
"""The status in the answer to a banned address, on both hosts; minutes in `wait`."""

_SUB_CODE = re.compile(r"subcode=([\w.\-]+)")
_SCOPES = (
    re.compile(r"requiredScopes=\[([^\]]*)\]"),
    re.compile(r"权限[：:]\s*\[([^\]]*)\]"),
)
_TOKEN_IN_TEXT = re.compile(r"(access_?token=)[^&\s\"'<>]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Said:
    """What DingTalk said: its code, its cleaned text, the permissions it named."""

    code: str
    text: str
    status: int
    raw: str = ""
    scopes: tuple[str, ...] = ()
    app_key: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.text}" if self.text else self.code


def heard(
    status: int, body: object, legacy: bool, app_key: str, hide: tuple[str, ...]
) -> Said | None:
    """What a JSON answer says went wrong; None if nothing did.

    `legacy` answers must carry an errcode. `hide` are secrets that must not be shown.
    """
    if not isinstance(body, Mapping):
        return Said("shape", clean(_("the answer is no object")), status)
    banned = str(body.get("status")) == BAN
    if banned or "errcode" in body or (legacy and "code" not in body):
        code, text = _legacy(body)
    elif status >= 400 or legacy:
        code, text = str(body.get("code") or status), str(body.get("message", ""))
    else:
        return None
    if code == "0":
        return None
    raw = f"{text} {body.get('errmsg', '')}"
    shown = clean(text, hide)
    return Said(clean(code, hide), shown, status, raw, _scopes(body, raw), app_key)


def _legacy(body: Mapping[str, Any]) -> tuple[str, str]:
    """Code and text of a legacy answer: "0" for success, the code inside of an 88."""
    if str(body.get("status")) == BAN:
        return BAN, str(body.get("wait", ""))
    code = str(body.get("errcode", "")).strip()
    text = str(body.get("sub_msg") or body.get("errmsg") or "")
    if isinstance(body.get("errcode"), bool) or not re.fullmatch(r"-?\d{1,9}", code):
        return "shape", _("there is no errcode")
    if int(code) == 88:
        inner = str(body.get("sub_code") or "").strip()
        if not inner and (found := _SUB_CODE.search(str(body.get("errmsg", "")))):
            inner = found[1]
        return inner or "88", text
    return str(int(code)), text


def _scopes(body: Mapping[str, Any], text: str) -> tuple[str, ...]:
    detail = body.get("accessdenieddetail")
    if isinstance(detail, Mapping) and isinstance(detail.get("requiredScopes"), list):
        return tuple(clean(scope) for scope in detail["requiredScopes"])
    for pattern in _SCOPES:
        if found := pattern.search(text):
            return tuple(filter(None, map(clean, found[1].split(","))))
    return ()


def clean(text: object, hide: Iterable[str] = ()) -> str:
    """A vendor's text made fit to show: one line, no secret, at most 200 characters."""
    shown = _TOKEN_IN_TEXT.sub(r"\1***", str(text))
    for secret in hide:
        if secret:
            shown = shown.replace(secret, "***")
    shown = _CONTROL.sub(" ", shown).strip()
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"
