"""Events that wait for an administrator: more people are said to have left than the
guard lets pass, or the full run that was to read them is held itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db.models import QuerySet

from identity.connectors.records import EventKind
from identity.models import IdentityProvider
from sync.models import InboxEvent, SyncRun, full_runs
from sync.views.changes import Subject
from sync.views.event_words import NAMED, names_of

MOST = 2000
"""Events that are counted person by person."""
LIGHT = ("idp", "kind", "userids", "departments")
"""What is read of them."""


@dataclass(frozen=True, slots=True)
class Held:
    """What waits of one IdP: how many people are said to have left, the first of them,
    how many other events wait, and a `mark` of exactly these events.

    `run` is the newest full run, if that is held.
    """

    idp: IdentityProvider
    people: int
    names: tuple[Subject, ...]
    others: int
    mark: str
    run: SyncRun | None

    @property
    def vendor(self) -> str:
        """The vendor's name (templates would call the class)."""
        return str(self.idp.connector_class.label)

    @property
    def more(self) -> int:
        """How many people are not named here."""
        return self.people - len(self.names)


def held_by(idp: IdentityProvider) -> QuerySet[InboxEvent]:
    """Events of an IdP that wait for an administrator, the oldest first."""
    rows = InboxEvent.objects.filter(idp=idp, state=InboxEvent.State.HELD)
    return rows.order_by("pk")


def all_held(idps: Iterable[IdentityProvider], user: object) -> list[Held]:
    """What waits of each of these IdPs, as this reader may see it; at most three
    queries each."""
    return [held for idp in idps if (held := _held(idp, user))]


def mark_of(events: Iterable[InboxEvent]) -> str:
    """The same for the same events, and another for any others."""
    return sha256(repr([event.pk for event in events]).encode()).hexdigest()[:16]


def leavers(events: Sequence[InboxEvent]) -> list[str]:
    """Who is said to have left, each once."""
    left = (event for event in events if event.kind == EventKind.LEFT)
    return list(dict.fromkeys(one for event in left for one in event.userids))


def _held(idp: IdentityProvider, user: object) -> Held | None:
    rows = list(held_by(idp).only(*LIGHT)[:MOST])
    if not rows:
        return None
    left = [row for row in rows if row.kind == EventKind.LEFT]
    people = leavers(left)
    names = names_of(left[:NAMED], [idp], user)
    newest = full_runs().filter(idp=idp).order_by("-pk").first()
    return Held(
        idp,
        len(people),
        tuple(names.person(idp.pk, one) for one in people[:NAMED]),
        len(rows) - len(left),
        mark_of(rows),
        newest if newest and newest.state == SyncRun.State.HELD else None,
    )
