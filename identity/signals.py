"""Signals that identity sends and others receive, so that identity imports no one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast

from django.db.models import Model
from django.dispatch import Signal

idp_confirmed = Signal()
"""An administrator pressed Confirm, or a command did (`by` is None then). Sent in the
confirming transaction with `idp` (IdentityProvider), `by` (User or None) and `first`
(bool: was it a draft until now).
A receiver may return the address of the page that the administrator should see next."""

idp_enabled = Signal()
"""A closed IdP was enabled again, so that what is stored of it may be old, and was read
for other settings. Sent in the saving transaction with `idp` and `by`, None for a
command. A receiver may return an address, as for `idp_confirmed`."""

notices_written = Signal()
"""Applications are to be told that sessions ended: notices stand in the outbox, in the
sender's transaction. A receiver has somebody look once it is committed."""

impact_asked = Signal()
"""How many active employees does an IdP let log on? Sent with `idp` (IdentityProvider)
before it is closed. A receiver returns the number it knows."""

directory_asked = Signal()
"""A page wants to know what is stored of an IdP's company. Sent with `idp`.
Whoever keeps a directory answers with a `StoredDirectory`, or None before the first
synchronization."""


scope_weighed = Signal()
"""A page shows another choice of departments, which nobody has saved. Sent with `idp`,
`departments` (None: the whole company), `met` (a Met, what a read has just met in those
of them that are not stored, or None) and `most` (names). Whoever keeps a directory answers
with a `Loss`."""

events_asked = Signal()
"""A page wants to know which of a vendor's events have come. Sent with `idp` and `names`,
the vendor's words for them. Whoever keeps events answers with an `EventsSeen`."""

person_vouched = Signal()
"""A vendor vouches for somebody who logs on. Sent with `idp` and `identity` (Identity),
outside of any transaction. Who keeps a directory reads this person now if it does not
know them, which may take seconds; raises `identity.logon.Refused` if it cannot."""

person_doubted = Signal()
"""A vendor says of somebody who logs on that they are none of the company's people.
Sent with `idp` and `unionid`. Whoever knows them otherwise has them read again."""


@dataclass(frozen=True, slots=True)
class EventsSeen:
    """What a vendor has delivered by itself: when the first of each asked kind came, by
    the vendor's word for it, and when the last event of any kind did."""

    first: Mapping[str, datetime] = field(default_factory=dict)
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A department on the way to another."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A department with those above it, the top first; `people` None: not counted."""

    id: str
    name: str
    way: tuple[Step, ...] = ()
    people: int | None = None

    @property
    def path(self) -> str:
        """The way as text."""
        return " › ".join(step.name for step in self.way)


@dataclass(frozen=True, slots=True)
class Size:
    """What some departments come to with all below them, each person once.

    `missing`: those of them that no synchronization has stored.
    """

    departments: int
    people: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Met:
    """People and departments that a short read met; `complete`: it met all of them."""

    userids: frozenset[str]
    departments: frozenset[str]
    complete: bool


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who would lose access; `note` tells people of one name apart."""

    name: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Active people whom another choice would take out of scope, how many of them have
    an open session now, and the first of them; `held`: it is more than the guard lets
    pass. `joining`: of those whom a read has just met how many are not active yet.
    """

    people: int = 0
    online: int = 0
    first: tuple[Leaver, ...] = ()
    held: bool = False
    joining: int = 0

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.people - len(self.first)


class StoredDirectory(Protocol):
    """What synchronizations have stored of a company; people are the active ones."""

    @property
    def whole(self) -> bool:
        """Whether the whole structure was read, and not chosen departments alone."""

    def company(self) -> Size:
        """Everything that is stored."""

    def size(self, departments: Collection[str]) -> Size:
        """What these departments (the vendor's ids) come to together."""

    def places(self, departments: Collection[str]) -> Mapping[str, Place]:
        """Those of these departments that are stored."""

    def search(self, text: str, most: int) -> Sequence[Place]:
        """Departments by name, the largest first."""

    def filled(self, targets: Collection[str]) -> Mapping[str, int]:
        """How many people have a value of each of these directory fields."""


def stored_directory(idp: Model) -> StoredDirectory | None:
    """Ask: the first answer that is one."""
    answers = directory_asked.send(sender=type(idp), idp=idp)
    found = next((answer for _to, answer in answers if answer), None)
    return cast(StoredDirectory | None, found)


def events_seen(idp: Model, names: Sequence[str]) -> EventsSeen:
    """Ask: the first answer that is one, else that nothing has come."""
    answers = events_asked.send(sender=type(idp), idp=idp, names=names)
    found = next((answer for _to, answer in answers if answer), None)
    return cast(EventsSeen | None, found) or EventsSeen()


def loss_of(
    idp: Model, departments: Collection[str] | None, met: Met | None, most: int
) -> Loss:
    """Ask: the first answer that is one, else that nobody would go."""
    answers = scope_weighed.send(
        sender=type(idp), idp=idp, departments=departments, met=met, most=most
    )
    loss = next((answer for _to, answer in answers if answer), None)
    return cast(Loss | None, loss) or Loss()
