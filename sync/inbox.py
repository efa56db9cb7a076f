"""Notices kept once, before the vendor hears that they were taken (promise P1)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from identity.connectors.records import Event, EventKind
from identity.gate import current_read
from identity.models import IdentityProvider
from sync import cuts
from sync.models import InboxEvent

State, Outcome = InboxEvent.State, InboxEvent.Outcome
FRESH = timedelta(minutes=5)
"""A notice made longer ago, or so far in the future, is only a hint (T-03)."""


@contextmanager
def lasting() -> Iterator[None]:
    """A transaction that outlives the machine too, once it is committed.

    What stands in SQLite's file otherwise is safe from a process that dies, but the
    last of it not from a power cut: anything else is read again, a notice is not.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")
    with transaction.atomic(savepoint=False):
        yield


def receive(idp: IdentityProvider, events: Iterable[Event], way: str) -> int:
    """Keep notices, and cut the access of those who are said to have left: one
    transaction. How many were new; a copy of a known one has no effect.

    The caller answers the vendor after this, and rings.
    """
    with lasting():
        return sum(_keep(idp, event, way) for event in events)


def _keep(idp: IdentityProvider, event: Event, way: str) -> bool:
    row = _row(idp, event, way)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        known = InboxEvent.objects.filter(idp=idp, key=event.key)
        if not known.update(copies=F("copies") + 1):
            raise  # not a copy: the IdP itself is gone
        return False
    if event.kind is EventKind.LEFT and not row.late:
        cuts.cut(row)
    if event.kind is EventKind.JOINED:
        cuts.rejoin(row)
    return True


def _row(idp: IdentityProvider, event: Event, way: str) -> InboxEvent:
    now = timezone.now()
    state, outcome = _first_state(idp, event)
    row = InboxEvent(
        idp=idp,
        key=event.key,
        kind=event.kind,
        name=event.name,
        userids=list(event.userids),
        departments=list(event.departments),
        way=way,
        late=_is_late(event, now),
        number=current_read(),
        received_at=now,
        born_at=_moment(event.born_at),
        state=state,
        outcome=outcome,
        due_at=Now(),
        handled_at=now if state == State.IGNORED else None,
    )
    row.seal(event)
    return row


def _first_state(idp: IdentityProvider, event: Event) -> tuple[str, str]:
    if event.kind is EventKind.VERIFY:
        return State.IGNORED, Outcome.VERIFY
    if event.kind is EventKind.OTHER:
        return State.IGNORED, Outcome.UNKNOWN
    if not (event.userids or event.departments):
        return State.IGNORED, Outcome.EMPTY
    if idp.is_draft or idp.status == IdentityProvider.Status.CLOSED:
        return State.PARKED, ""
    return State.PENDING, ""


def _is_late(event: Event, now: datetime) -> bool:
    if event.sent_at is None:
        return False
    sent = _moment(event.sent_at)
    return sent is None or abs(now - sent) > FRESH


def _moment(milliseconds: int | None) -> datetime | None:
    """A time of the vendor's; None for what no calendar holds."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
