"""Addresses that an application may be sent back to: which are taken, which match.

https, a private-use scheme (RFC 8252, 7.1) or http on a loopback literal (7.3); matched
as a string, but for the port of a loopback literal (RFC 9700, 2.1).
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST, MOST = 2048, 50
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?((?:[/?].*)?)")
_SPELLING = re.compile(r"[!$&'()+,\-./0-9:;=?@A-Z\[\]_a-z~%]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")


def allowed(uri: str, registered: Iterable[str]) -> bool:
    """Whether this address is one of the registered ones."""
    if problem_of(uri) is not None:
        return False
    return any(uri == one or _is_loopback_of(uri, one) for one in registered)


def _is_loopback_of(uri: str, registered: str) -> bool:
    """Whether they are the same but for the port, on the same loopback literal."""
    asked, known = LOOPBACK.fullmatch(uri), LOOPBACK.fullmatch(registered)
    if asked is None or known is None:
        return False
    return asked[1] == known[1] and asked[3] == known[3]


def check(text: str) -> None:
    """Raise ValidationError for registered addresses, one a line, that are not taken."""
    uris = text.split()
    if len(uris) > MOST:
        raise ValidationError(
            _("At most %(most)s addresses."), params={"most": MOST}, code="too_many"
        )
    problems = [(uri, problem_of(uri)) for uri in uris]
    found = [
        ValidationError(problem, code="redirect", params={"uri": uri[:100]})
        for uri, problem in problems
        if problem is not None
    ]
    if found:
        raise ValidationError(found)


def problem_of(uri: str) -> "StrOrPromise | None":
    """Why this address is not taken, None if it is (T-23)."""
    if len(uri) > LONGEST:
        return _("The address is longer than 2,048 characters.")
    if not _SPELLING.fullmatch(uri):
        return _("%(uri)s: only plain ASCII characters, no spaces, “*”, “#” or “\\”.")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return _("%(uri)s is not an address.")
    if "@" in parts.netloc or port == 0:
        return _("%(uri)s: no user name, and a port between 1 and 65535.")
    if any(each in (".", "..") for each in unquote(parts.path).split("/")):
        return _("%(uri)s: no “..” in the path.")
    return _problem_of_scheme(uri, parts)


def _problem_of_scheme(uri: str, parts: SplitResult) -> "StrOrPromise | None":
    scheme = parts.scheme.casefold()
    if scheme == "https":
        return None if _has_host(parts) else _("%(uri)s names no host.")
    if scheme == "http":
        if LOOPBACK.fullmatch(uri):
            return None
        return _("%(uri)s: http only for http://127.0.0.1 and http://[::1].")
    if _PRIVATE_USE.fullmatch(scheme):
        return None
    return _(
        "%(uri)s: use https, a scheme such as com.example.app, or http://127.0.0.1."
    )


def _has_host(parts: SplitResult) -> bool:
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    return bool(_HOST.fullmatch(host.casefold()))


def origin(uri: str) -> str:
    """What a content security policy says for it: scheme and host, or the scheme."""
    parts = urlsplit(uri)
    if parts.scheme.casefold() in ("https", "http"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
