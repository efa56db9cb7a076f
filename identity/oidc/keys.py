"""The signing keys as people see them, and their rotation by hand."""

from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from identity import audit
from identity.models import SigningKey, User


class Standing(StrEnum):
    """What a published key does now."""

    COMING = "coming"
    SIGNING = "signing"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class Known:
    """A published key and what it does now."""

    key: SigningKey
    standing: Standing


def known() -> list[Known]:
    """Every published key, the newest first."""
    now, signing = timezone.now(), SigningKey.signing()
    return [
        Known(
            key,
            Standing.SIGNING
            if key.pk == signing.pk
            else Standing.COMING
            if key.signs_from > now
            else Standing.LEAVING,
        )
        for key in SigningKey.published()
    ]


@transaction.atomic
def rotate(
    *, by: User | None, request: HttpRequest | None = None, origin: str = ""
) -> tuple[SigningKey, bool]:
    """The key that signs next, and whether this call made it; audited if so."""
    before = set(SigningKey.objects.values_list("kid", flat=True))
    key = SigningKey.rotate()
    made = key.kid not in before
    if made:
        detail = {"kid": key.kid, "signs_from": key.signs_from.isoformat()}
        audit.record(
            "signing_key.rotate",
            by=by,
            target=key,
            detail=detail,
            request=request,
            origin=origin,
        )
    return key, made
