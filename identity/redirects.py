"""Which addresses an application may register (T-23), and which match when it asks.

A browser or a program of a person's device is sent there with what opens a session, so
an address is exact, and leads nowhere but to its owner (RFC 8252, RFC 9700 4.1).
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST, MOST = 2048, 50
"""Characters of an address, and addresses of a kind: each logon compares them."""
WRITTEN = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")
"""RFC 3986, without the number sign and without the asterisk of wildcards."""
UNFINISHED = re.compile(r"%(?![0-9A-Fa-f]{2})")
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
PRIVATE_USE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+")
"""A domain of one's own, the other way round (RFC 8252 7.1)."""
LOOPBACK = ("127.0.0.1", "::1")
ON_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?((?:[/?].*)?)")


class Kind(StrEnum):
    """What an address is for."""

    WEB = "web"
    """A web application is sent back to: https."""
    NATIVE = "native"
    """A program on a device is: https, its own scheme, or a port of this device."""
    LAUNCH = "launch"
    """Employees open it: http or https."""
    BACK_CHANNEL = "back_channel"
    """This server calls it: https."""
    WEBHOOK = "webhook"
    """This server sends changes there: https."""


def allowed(uri: str, registered: Iterable[str]) -> bool:
    """Whether this address is one of the registered ones, as a string; a program on a
    device chooses its port anew each time (RFC 8252 7.3, RFC 9700 2.1)."""
    if problem_of(uri, Kind.NATIVE):
        return False
    return any(uri == one or _is_loopback_of(uri, one) for one in registered)


def check(address: str, kind: Kind) -> None:
    """Raise ValidationError, in words, unless the address may be registered so."""
    if problem := problem_of(address, kind):
        raise ValidationError(problem, code="address")


def problem_of(address: str, kind: Kind) -> str:
    """What is wrong with it, the first thing; "" if nothing is."""
    return next(_wrong(address, kind), "")


def origin(uri: str) -> str:
    """What a content security policy says for it: scheme and host, or the scheme."""
    parts = urlsplit(uri)
    if parts.scheme in ("https", "http"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def _is_loopback_of(uri: str, registered: str) -> bool:
    """Whether they are the same but for the port, on the same loopback literal."""
    asked, known = ON_LOOPBACK.fullmatch(uri), ON_LOOPBACK.fullmatch(registered)
    return bool(asked and known and asked.groups() == known.groups())


def _wrong(address: str, kind: Kind) -> Iterator[str]:
    """What is wrong, the first thing first; nothing if nothing is."""
    if len(address) > LONGEST:
        yield _("An address has at most %(most)s characters. Shorten it.") % {
            "most": LONGEST
        }
    if "#" in address:
        yield _(
            "There is a # in it. What follows one is never sent to a server; remove it."
        )
    if "*" in address:
        yield _(
            "There is an asterisk in it. Wildcards are not allowed: they would let "
            "others receive the logon. Write each address in full, one a line."
        )
    if not WRITTEN.fullmatch(address):
        yield _(
            "An address holds ASCII letters, digits and some signs only, without "
            "spaces and backslashes. Write a name in another script in its form that "
            "begins with xn--."
        )
    if UNFINISHED.search(address):
        yield _("A percent sign is followed by two hexadecimal digits.")
    parts = _split(address)
    if parts is None or not parts.scheme:
        yield _(
            "This is not a whole address. Begin with https:// and the name of the host."
        )
        return
    yield from _wrong_parts(parts, address, kind)


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:  # no port, or no address between brackets
        return None


def _wrong_parts(parts: SplitResult, address: str, kind: Kind) -> Iterator[str]:
    if not address.startswith(f"{parts.scheme}:"):
        yield _(
            "Write %(scheme)s in small letters: addresses are compared exactly."
        ) % {"scheme": f"{parts.scheme}:"}
    if "@" in parts.netloc:
        yield _(
            "There is a name or password before the host. Remove it with the @: it "
            "misleads whoever reads the address."
        )
    segments = re.sub("%2e", ".", parts.path, flags=re.IGNORECASE).split("/")
    if {".", ".."} & {segment.partition(";")[0] for segment in segments}:
        yield _(
            "There is a . or .. between slashes. Browsers take it out, and then the "
            "address is another one. Write the path without it."
        )
    if parts.scheme in ("http", "https"):
        yield from _wrong_web(parts, kind)
    elif kind is not Kind.NATIVE or not PRIVATE_USE.fullmatch(parts.scheme):
        yield _scheme_refused(parts.scheme, kind)
    elif not address.partition(":")[2].strip("/"):
        yield _(
            "Something has to follow the scheme, for example com.example.app:/callback."
        )


def _wrong_web(parts: SplitResult, kind: Kind) -> Iterator[str]:
    host = parts.hostname or ""
    if not _is_host(host):
        yield _("The host is missing or none. Write it as in https://app.example.com/.")
    elif parts.scheme == "http" and not _may_be_plain(host, kind):
        yield _scheme_refused("http", kind)


def _may_be_plain(host: str, kind: Kind) -> bool:
    """Whether http may be used: it can be read and changed on its way."""
    if kind is Kind.LAUNCH:
        return True  # a page of the company's own network; nothing secret goes there
    if host not in LOOPBACK:
        return False
    if kind is Kind.NATIVE:
        return True  # it does not leave the device
    if kind in (Kind.BACK_CHANNEL, Kind.WEBHOOK):
        return host in settings.LOGOUT_PRIVATE_HOSTS
    return not settings.HTTPS  # trying it out on one machine


def _is_host(host: str) -> bool:
    if ":" in host:
        try:  # a zone means something on one machine only, and may hold any sign
            return "%" not in host and ip_address(host).version == 6
        except ValueError:
            return False
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(LABEL.fullmatch(label) for label in labels)


def _scheme_refused(scheme: str, kind: Kind) -> str:
    words = {
        Kind.WEB: _("Addresses of a web gateway begin with https://."),
        Kind.NATIVE: _(
            "Addresses of a native client begin with https://, with a scheme of its "
            "own such as com.example.app:/, or with http://127.0.0.1/ or http://[::1]/ "
            "(not localhost, which may be another machine)."
        ),
        Kind.LAUNCH: _(
            "An address that employees open begins with https:// or http://."
        ),
        Kind.BACK_CHANNEL: _(
            "The back-channel logout address begins with https://. On this machine "
            "itself http is possible if the setting LOGOUT_PRIVATE_HOSTS names it."
        ),
        Kind.WEBHOOK: _(
            "The address of a webhook begins with https://. On this machine itself "
            "http is possible if the setting LOGOUT_PRIVATE_HOSTS names it."
        ),
    }
    return (
        _("%(scheme)s is not allowed here.") % {"scheme": f"{scheme}:"}
        + " "
        + words[kind]
    )
