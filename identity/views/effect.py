"""What the settings on the page would come to: people in and out, and calls."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from identity.models import IdentityProvider
from identity.signals import Size, StoredDirectory

EXAMPLE = 10_000
"""People of the worked example, where nobody knows how many there are."""


@dataclass(frozen=True, slots=True)
class Effect:
    """`size` is None where no synchronization has stored what is chosen.

    `people` is who costs calls, and `basis` says how that is known: stored, vendor, most (not more than the vendor's
    count) or example. `rate` is in calls a second, 0 for no limit.
    """

    scope: str
    size: Size | None
    people: int
    basis: str
    rate: float

    @property
    def minutes(self) -> int:
        """What one call for each of them takes, rounded up; 0 if nothing slows it."""
        return math.ceil(self.people / self.rate / 60) if self.rate else 0

    @property
    def seconds(self) -> int:
        """The same in seconds."""
        return math.ceil(self.people / self.rate) if self.rate else 0


def effect_of(
    scope: str,
    chosen: Collection[str],
    stored: StoredDirectory | None,
    headcount: int | None,
    rate: float,
) -> Effect:
    """`headcount`: how many people the vendor counts in the company, if it was asked."""
    partial = scope == IdentityProvider.ScopeChoice.PARTIAL
    size = None
    if stored:
        if partial:
            size = stored.size(chosen)
        elif stored.whole:
            size = stored.company()
    people, basis = _people(size, headcount, partial=partial)
    return Effect(scope, size, people, basis, rate)


def _people(
    size: Size | None, headcount: int | None, *, partial: bool
) -> tuple[int, str]:
    if size and not size.missing:
        return size.people, "stored"
    if headcount is not None:
        return headcount, "most" if partial else "vendor"
    return EXAMPLE, "example"
