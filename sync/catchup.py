"""Events that the vendor could not deliver, fetched from its list after an outage (F-75).

The vendor keeps such a list for some days, and forgets with each question what it gave
out at the one before. So a portion is kept before the next is asked for, and whoever
asks claims the IdP first: two at once would make it forget what neither has kept.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from identity.connection import connector_for
from identity.connectors.errors import (
    ConnectorError,
    Foreign,
    Unexpected,
    Unreachable,
)
from identity.connectors.records import Event
from identity.fields import CannotOpen
from identity.models import IdentityProvider
from sync import inbox, runs
from sync.health import is_set_up
from sync.models import CatchUp, InboxEvent, SyncRun

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=15)
"""One call: cheap enough to find out soon that pushes do not arrive."""
SOON = timedelta(minutes=5)
"""After a find or an error. A push that failed is on the list 3 to 5 minutes later, so
that what failed last is not there yet when an outage has just ended."""
LONGEST = 120.0
"""Seconds that one look goes on asking: well below `SOON`, so that no two meet."""
NEVER_SENT = ("dns", "refused", "tls", "proxy", "busy")
"""Reasons for no answer with which nothing was handed out."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the list gave: how many new events, and a full run if one was
    queued for them."""

    found: int = 0
    run: SyncRun | None = None


def due() -> list[UUID]:
    """IdPs whose list is to be looked at now."""
    rows = _asked().filter(
        Q(catch_up__due_at=None) | Q(catch_up__due_at__lte=timezone.now())
    )
    return [idp.pk for idp in rows if is_set_up(idp)]


def hurry() -> None:
    """This installation was down perhaps: look at once where it was not done just now."""
    now = timezone.now()
    CatchUp.objects.filter(at__lt=now - SOON, due_at__gt=now).update(due_at=now)


def look(idp_id: UUID | str, stop: Callable[[], bool] = lambda: False) -> Look:
    """Keep what an IdP's list holds; nothing if it is not due or another does it.

    Raises nothing of the vendor's: an error is stored, and the next look tries again.
    `stop` is asked between two portions.
    """
    idp = _asked().filter(pk=idp_id).first()
    row = _claim(idp) if idp is not None and is_set_up(idp) else None
    if row is None:
        return Look()
    found, error = 0, None
    try:
        for portion in _portions(row.idp, stop):
            found += inbox.receive(row.idp, portion, InboxEvent.Way.FAILED)
    except Exception as raised:
        error = raised
    pays = bool(found) or (row.owed and error is None)
    run, too_late = _full_run(row.idp) if pays else (None, False)
    _note(row, found, error, owed=row.owed and (not pays or too_late))
    log.info("catch-up of IdP %s: %s new events", row.idp_id, found)
    return Look(found, run)


def owe(idp_id: UUID) -> None:
    """Events of an IdP may be lost, and on no list: a full run is to tell what was in
    them. The next tick finds it."""
    CatchUp.objects.update_or_create(
        idp_id=idp_id, defaults={"owed": True, "due_at": timezone.now()}
    )


def _asked() -> QuerySet[IdentityProvider]:
    """IdPs whose vendor pushes, as far as a query can tell: it did at least once, or
    its push connection has stood."""
    sent = InboxEvent.objects.exclude(way__in=InboxEvent.OWN)
    came = sent.filter(idp=OuterRef("pk"))
    stood = Q(stream_state__connected_at__isnull=False)
    return IdentityProvider.objects.filter(
        Exists(came) | stood,
        confirmed_at__isnull=False,
        status=IdentityProvider.Status.ENABLED,
    )


def _claim(idp: IdentityProvider) -> CatchUp | None:
    """Move the due on; the row as it was, for the one worker that did it.

    A full run is owed from here on until the list is known to have come whole: with a
    worker that dies a portion may be gone, here and there.
    """
    row, _new = CatchUp.objects.get_or_create(idp=idp)
    now = timezone.now()
    if row.due_at is not None and row.due_at > now:
        return None
    mine = CatchUp.objects.filter(pk=row.pk, due_at=row.due_at)
    return row if mine.update(due_at=now + EVERY, at=now, owed=True) else None


def _portions(
    idp: IdentityProvider, stop: Callable[[], bool]
) -> Iterator[tuple[Event, ...]]:
    """The list's portions; the next is asked for when the caller comes back."""
    until = time.monotonic() + LONGEST
    for portion in connector_for(idp).failed_events():
        yield portion
        if stop() or time.monotonic() >= until:
            return


def _full_run(idp: IdentityProvider) -> tuple[SyncRun | None, bool]:
    """Queue a full run, or let one that waits do its work. Whether neither is possible:
    one that reads already may be past what was lost."""
    try:
        return runs.enqueue(idp, trigger=SyncRun.Trigger.EVENT), False
    except runs.AlreadyRunning as already:
        return None, already.run.state != SyncRun.State.QUEUED


def _note(row: CatchUp, found: int, error: Exception | None, *, owed: bool) -> None:
    """Store what a look gave, and when the next is due."""
    code, cause = _told(row, error)
    soon = bool(found or error or owed)
    CatchUp.objects.filter(pk=row.pk).update(
        found=found,
        error_code=code,
        error_cause=cause,
        owed=owed or _may_have_lost(error),
        due_at=timezone.now() + SOON if soon else F("due_at"),
    )


def _told(row: CatchUp, error: Exception | None) -> tuple[str, str]:
    """Code and cause of an error as a page shows them."""
    if error is None:
        return "", ""
    if isinstance(error, ConnectorError):
        log.info("catch-up of IdP %s: %s", row.idp_id, error.code)
        return runs.code_of(error), error.words
    if isinstance(error, CannotOpen):
        return "secret", f"A secret of this IdP cannot be opened: {error}."
    log.error("catch-up of IdP %s failed", row.idp_id, exc_info=error)
    return "internal", (
        "Asking for missed events met an error of sasebridge itself. The log has the "
        "details. It is tried again."
    )


def _may_have_lost(error: Exception | None) -> bool:
    """Whether the vendor may have handed out a portion that is not kept here: the next
    question makes it forget that one, so that only a full run can tell what was in it."""
    if isinstance(error, Unreachable):
        return error.reason not in NEVER_SENT
    refused = isinstance(error, ConnectorError) and not isinstance(error, Unexpected)
    return error is not None and not (
        refused or isinstance(error, Foreign | CannotOpen)
    )
