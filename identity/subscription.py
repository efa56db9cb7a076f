"""How far an IdP's event subscription is: its keys, its address, its first events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from identity.models import IdentityProvider, PushedCall
from identity.signals import events_seen


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is known; a time is None for what has not been yet.

    `keys_at`: since when the present keys are here. `verified_at`: when the vendor
    last tried the address with the keys of then and was answered. `event_at`: when its
    last event came, None if that may have been opened with keys that were replaced.
    `former_until`: while those are valid beside the present ones. `first`: the first of
    each of `wanted`. `refused`: a refused call after which nothing came that could be
    opened.
    """

    wanted: tuple[str, ...]
    keys_at: datetime | None
    verified_at: datetime | None
    event_at: datetime | None
    former_until: datetime | None
    first: Mapping[str, datetime]
    refused: PushedCall | None
    streams: bool = False
    """Whether events come over a connection that we hold: no keys, no address."""

    @property
    def reached(self) -> bool:
        """Whether the vendor reaches the address, and with the present keys."""
        return self.verified or self._is_present(self.event_at)

    @property
    def verified(self) -> bool:
        """Whether the vendor has tried the address since the present keys are here."""
        return self._is_present(self.verified_at)

    @property
    def seen(self) -> int:
        """How many of the wanted kinds of events have come."""
        return len(self.first)

    @property
    def complete(self) -> bool:
        """Whether everything has been seen to work."""
        return (self.streams or self.reached) and self.seen == len(self.wanted)

    def _is_present(self, at: datetime | None) -> bool:
        return bool(at and self.keys_at and at >= self.keys_at)


def subscription_of(idp: IdentityProvider) -> Subscription:
    """What is known of an IdP's; four queries."""
    wanted = tuple(idp.connector_class.event_labels)
    keys_at, until = _keys(idp)
    calls, seen = idp.pushed_calls.order_by("-at"), events_seen(idp, wanted)
    verified = calls.filter(outcome=PushedCall.Outcome.VERIFIED).first()
    refused = calls.exclude(outcome=PushedCall.Outcome.VERIFIED).first()
    verified_at = verified.at if verified else None
    fine = max((at for at in (verified_at, seen.last) if at), default=None)
    return Subscription(
        wanted,
        keys_at,
        verified_at,
        seen.last if seen.last and (until is None or seen.last > until) else None,
        until if until and until > timezone.now() else None,
        seen.first,
        refused if refused and (fine is None or refused.at > fine) else None,
        idp.streams,
    )


def is_complete(idp: IdentityProvider) -> bool:
    """Whether nothing is left to set up; cheap for an IdP without keys."""
    begun = idp.streams or _keys(idp)[0] is not None
    return begun and subscription_of(idp).complete


def _keys(idp: IdentityProvider) -> tuple[datetime | None, datetime | None]:
    """Since when all present keys are here, and how long former ones are valid, or were."""
    names = idp.connector_class.push_settings
    rows = idp.secrets.filter(name__in=names).order_by("pk")
    ends = list(rows.values_list("name", "created_at", "valid_until"))
    since = {name: at for name, at, until in ends if until is None}
    former = [until for _name, _at, until in ends if until]
    complete = names and since.keys() == set(names)
    return (max(since.values()) if complete else None), max(former, default=None)
