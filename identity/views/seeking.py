"""Search in the department picker: in the stored directory, or in the vendor's own."""

from collections.abc import Callable
from dataclasses import dataclass

from identity.connectors.base import Connector
from identity.connectors.errors import ConnectorError
from identity.live import SECONDS_A_PART, SECONDS_A_TURN, keep, walk_of
from identity.models import IdentityProvider
from identity.signals import Place, StoredDirectory

MOST = 30
"""Departments in one answer."""
LONGEST = 100
UNASKED = 600
"""Departments up to which a live search goes on by itself."""
LIVE = "live"


@dataclass(frozen=True, slots=True)
class Found:
    """An answer. `places` may be one more than MOST: then there are others.

    `read`: how many departments of the vendor's were looked at; None for the stored
    directory. `waiting`: how many of them have sub-departments still to be read.
    """

    text: str
    places: tuple[Place, ...]
    read: int | None = None
    waiting: int = 0
    trouble: str = ""

    @property
    def shown(self) -> tuple[Place, ...]:
        """Without the one that says that there are more."""
        return self.places[:MOST]

    @property
    def more(self) -> bool:
        """Whether some are not shown."""
        return len(self.places) > MOST

    @property
    def goes_on(self) -> bool:
        """Whether the page asks again by itself."""
        return bool(self.waiting) and not self.trouble and (self.read or 0) < UNASKED


def wanted(text: str) -> str:
    """What was typed, as it can be sought."""
    return text.replace("\x00", "").strip()[:LONGEST]


def seek(
    idp: IdentityProvider,
    stored: StoredDirectory | None,
    connector: Callable[[], Connector],
    text: str,
    way: str = "",
    *,
    walks: bool = True,
    parts: bool = False,
) -> Found:
    """Departments whose names hold `text`, which is as `wanted` gives it.

    The vendor is asked if `way` is LIVE, or if no synchronization has stored the whole
    structure; for a turn at most, and not at all unless `walks`. `parts`: the page asks
    on by itself, so each turn may be short.
    """
    if stored and stored.whole and way != LIVE:
        return Found(text, tuple(stored.search(text, MOST + 1)))
    walk, trouble = walk_of(idp), ""
    if walks and not walk.complete:
        short = parts and len(walk.seen) < UNASKED
        try:
            walk.go_on(connector(), SECONDS_A_PART if short else SECONDS_A_TURN)
        except ConnectorError as error:
            trouble = error.words
        keep(idp, walk)
    places = walk.search(text, MOST + 1)
    return Found(text, places, len(walk.seen), len(walk.waiting), trouble)
