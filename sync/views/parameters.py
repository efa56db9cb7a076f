"""Parameters of addresses, parsed: whatever somebody types, it is a value or nothing."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone

from identity.models import IdentityProvider
from sync.org.people import PeopleCursor

LONGEST_TEXT = 100
LONGEST_CURSOR = 1200
YEARS = range(2000, 3000)
DIGITS = 18
"""A number of more digits is no key: it would not fit a column."""


def text(request: HttpRequest, name: str) -> str:
    """What somebody searches for: one line, without control characters, not endless."""
    words = " ".join(request.GET.get(name, "")[: LONGEST_TEXT * 10].split())
    return "".join(filter(str.isprintable, words))[:LONGEST_TEXT]


def number(request: HttpRequest, name: str) -> int | None:
    """A key; None if there is none, 404 if it cannot be one."""
    raw = request.GET.get(name, "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) <= DIGITS):
        raise Http404(f"no such {name}")
    return int(raw)


def numbers(request: HttpRequest, name: str, *, most: int) -> list[int]:
    """Keys, separated by commas; what can be none is left out."""
    raw = request.GET.get(name, "")[: most * (DIGITS + 1)].split(",")[:most]
    return [
        int(one)
        for one in raw
        if one.isascii() and one.isdigit() and len(one) <= DIGITS
    ]


def place(request: HttpRequest, name: str) -> int | None:
    """Where a page begins; anything odd is the beginning."""
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= DIGITS else None


def moment(request: HttpRequest, name: str) -> datetime | None:
    """A date and a time, in the zone of the reader if they name none; anything odd is
    none."""
    try:
        found = datetime.fromisoformat(request.GET.get(name, "")[:40])
        if found.year not in YEARS:
            return None
        return found if timezone.is_aware(found) else timezone.make_aware(found)
    except (ValueError, OverflowError):
        return None


def wants(request: HttpRequest, target: str) -> bool:
    """Whether htmx asks for this part of the page alone."""
    headers = request.headers
    restored = headers.get("HX-History-Restore-Request") == "true"
    return headers.get("HX-Target") == target and not restored


def choice(
    request: HttpRequest, name: str, choices: Sequence[str], default: str = ""
) -> str:
    """One of the choices; anything else is the default."""
    raw = request.GET.get(name, "")
    return raw if raw in choices else default


def idps() -> list[IdentityProvider]:
    """The IdPs that have a directory: all but drafts."""
    return list(IdentityProvider.objects.filter(confirmed_at__isnull=False))


def chosen_idp(
    request: HttpRequest, offered: Sequence[IdentityProvider]
) -> IdentityProvider | None:
    """The IdP that the address names; None if it names none, 404 if it is not offered."""
    return idp_named(request.GET.get("idp", ""), offered)


def idp_named(raw: str, offered: Sequence[IdentityProvider]) -> IdentityProvider | None:
    """The IdP with this id; None for no id, 404 if it is not offered."""
    if not raw:
        return None
    try:
        wanted = UUID(raw)
    except ValueError:
        raise Http404("no such IdP") from None
    for idp in offered:
        if idp.pk == wanted:
            return idp
    raise Http404("no such IdP")


def write_cursor(cursor: PeopleCursor) -> str:
    """A cursor as a word for an address."""
    packed = json.dumps(cursor, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(request: HttpRequest, name: str = "after") -> PeopleCursor | None:
    """The cursor of an address; anything odd is the beginning of the list."""
    raw = request.GET.get(name, "")
    if not raw or len(raw) > LONGEST_CURSOR:
        return None
    try:
        packed = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
        status, rank, label, pk = json.loads(packed)
    except (ValueError, TypeError, RecursionError):
        return None
    words = isinstance(status, str) and isinstance(label, str)
    if not (words and rank in (0, 1, 2) and _is_key(pk) and _storable(status + label)):
        return None
    return PeopleCursor(status, int(rank), label, pk)


def _is_key(value: object) -> bool:
    return isinstance(value, int) and abs(value) < 10**DIGITS


def _storable(words: str) -> bool:
    """Whether a database takes this text: no NUL, no half of a character."""
    return "\0" not in words and not any("\ud800" <= sign <= "\udfff" for sign in words)
