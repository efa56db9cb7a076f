"""Events that wait for an administrator: more people are said to have left than the
guard lets pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from identity.models import IdentityProvider
from sync.models import InboxEvent
from sync.views.changes import Subject
from sync.views.event_words import NAMED, names_of

MOST = 2000
"""Events that are counted person by person."""
LOOKED_UP = 50
"""Events whose people are looked up, for the first names."""


@dataclass(frozen=True, slots=True)
class Held:
    """What waits of one IdP: how many people it names, the first of them, and the
    newest of the events, up to which somebody decides."""

    idp: IdentityProvider
    people: int
    names: tuple[Subject, ...]
    upto: int

    @property
    def more(self) -> int:
        """How many people are not named here."""
        return self.people - len(self.names)


def held_by(idp: IdentityProvider) -> QuerySet[InboxEvent]:
    """Events of an IdP that wait for an administrator, the oldest first."""
    rows = InboxEvent.objects.filter(idp=idp, state=InboxEvent.State.HELD)
    return rows.order_by("pk")


def all_held(idps: Iterable[IdentityProvider], user: object) -> list[Held]:
    """What waits of each of these IdPs, as this reader may see it; at most four
    queries each."""
    return [held for idp in idps if (held := _held(idp, user))]


def people_of(events: Sequence[InboxEvent]) -> list[str]:
    """Whom events name, each once."""
    return list(dict.fromkeys(one for event in events for one in event.userids))


def _held(idp: IdentityProvider, user: object) -> Held | None:
    rows = list(held_by(idp).only("idp", "userids", "departments")[:MOST])
    if not rows:
        return None
    people = people_of(rows)
    names = names_of(rows[:LOOKED_UP], [idp], user)
    shown = tuple(names.person(idp.pk, one) for one in people[:NAMED])
    return Held(idp, len(people), shown, rows[-1].pk)
