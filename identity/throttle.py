"""Limits for public addresses: so many times a minute and network address (T-42)."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from identity.models import Tally

KEPT = timedelta(hours=1)


def count(request: HttpRequest, what: str) -> int:
    """Count one more try of this address in this minute; how many that are now."""
    minute = timezone.now().replace(second=0, microsecond=0)
    address = str(request.META.get("REMOTE_ADDR", ""))[:64]
    key = f"{what}:{address}:{minute:%Y%m%d%H%M}"
    with transaction.atomic():
        row, made = Tally.objects.get_or_create(key=key, defaults={"minute": minute})
        Tally.objects.filter(pk=row.pk).update(count=F("count") + 1)
        row.refresh_from_db(fields=["count"])
        if made:
            Tally.objects.filter(minute__lt=minute - KEPT).delete()
    return row.count
