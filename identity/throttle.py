"""Limits for public addresses: so many times a minute and network address (T-42), and
for guesses at an account, wherever they come from (T-41)."""

import ipaddress
import math
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from identity.models import Tally

KEPT = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def network_of(request: HttpRequest) -> str:
    """Whom a limit takes for one: an address, of IPv6 the 64 bits before the part that
    everybody chooses freely (RFC 4291, 2.5.1). Whatever headers say of it (T-40)."""
    text = str(request.META.get("REMOTE_ADDR", ""))[:64]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text  # a socket without addresses
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if mapped := address.ipv4_mapped:
        return str(mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))


def count(request: HttpRequest, what: str) -> int:
    """Count one more try of this address in this minute; how many that are now."""
    key, minute = _minute(request, what)
    with transaction.atomic():
        row, made = Tally.objects.get_or_create(key=key, defaults={"minute": minute})
        Tally.objects.filter(pk=row.pk).update(count=F("count") + 1)
        row.refresh_from_db(fields=["count"])
        if made:
            Tally.objects.filter(minute__lt=minute - KEPT).delete()
    return row.count


def counted(request: HttpRequest, what: str) -> int:
    """How many tries of this address there were in this minute."""
    row = Tally.objects.filter(key=_minute(request, what)[0]).first()
    return row.count if row else 0


def _minute(request: HttpRequest, what: str) -> tuple[str, datetime]:
    minute = timezone.now().replace(second=0, microsecond=0)
    return f"{what}:{network_of(request)}:{minute:%Y%m%d%H%M}", minute


def wait(what: str, *, most: int) -> int:
    """Take one of the tries that there are; 0, or the seconds until there are new ones.

    Atomic, so that fifty at once are no more than fifty in a row. After `most` of them
    there are none until a minute after the last one that was let through: in no minute
    are there more, and who is refused does not make it longer.
    """
    with transaction.atomic():
        rows = Tally.objects.select_for_update()
        fresh = {"minute": timezone.now(), "count": 0}
        row, made = rows.get_or_create(key=what, defaults=fresh)
        now = timezone.now()
        left = row.minute + MINUTE - now
        if left <= timedelta(0):
            row.count = 0
        if row.count >= most:
            return math.ceil(left.total_seconds())
        row.count, row.minute = row.count + 1, now
        row.save(update_fields=["count", "minute"])
        if made:
            Tally.objects.filter(minute__lt=now - KEPT).delete()
    return 0


def forget(what: str) -> None:
    """Give back the try that was no guess: the others stay taken."""
    Tally.objects.filter(key=what, count__gt=0).update(count=F("count") - 1)
