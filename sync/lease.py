"""Who may work on a run: claim, heartbeat, fence. Nothing here locks outside the rows.

A run is claimed by a conditional update and kept by its lease. Each applying
transaction asks `Lease.fence` first, so that a worker that was frozen and woke up after
its lease ended can write nothing (promise P7). Leases are judged by the database's clock.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import DataError, Error, close_old_connections, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from identity.connectors.base import CrawlStopped
from identity.models import IdentityProvider
from sync.coverage import configuration_of
from sync.models import SyncRun

LEASE = timedelta(seconds=60)
NARROW_LEASE = timedelta(seconds=10)
"""A narrow run's: no other events of its IdP are worked on until it is over, and to
do one again costs a few calls."""
PATIENCE = 20
"""Tries, a second apart, to write an outcome while the database is away."""
BEAT = 1.0
"""Seconds between heartbeats; a cancel is seen after this long at the latest."""

State = SyncRun.State
UNWRITABLE = {
    "state": State.FAILED,
    "error_code": "internal",
    "error_cause": "The database refused the account of what this run did.",
    "error_remedy": "Run again; if it stays, tell those who run this product.",
}


class LeaseLost(Exception):
    """Another worker took over, or the IdP was closed: write nothing more."""


def close_dead(idp: IdentityProvider) -> None:
    """Close runs whose worker died, and queued ones that nobody fetched in time."""
    stale = SyncRun.objects.filter(idp=idp, lease_until__lt=Now())
    stale.filter(state=State.RUNNING).update(
        state=State.ABANDONED,
        finished_at=Now(),
        error_code="worker_lost",
        error_cause="The worker that carried this run out stopped without a word.",
    )
    stale.filter(state=State.QUEUED).update(state=State.SUPERSEDED, finished_at=Now())


def lease_of(run: SyncRun) -> timedelta:
    """How long a run lasts without a sign of life."""
    return NARROW_LEASE if run.breadth == SyncRun.Breadth.NARROW else LEASE


def claim(run: SyncRun) -> bool:
    """Make a queued run ours; False if somebody else has it or it is over."""
    claimed = SyncRun.objects.filter(pk=run.pk, state=State.QUEUED).update(
        state=State.RUNNING,
        stage=SyncRun.Stage.FETCH,
        fence=F("fence") + 1,
        lease_until=Now() + lease_of(run),
        started_at=Now(),
        attempts=F("attempts") + 1,
    )
    _renew(run)
    return bool(claimed)


def _renew(run: SyncRun) -> None:
    """Read the row again; its IdP may have been deleted, and the run with it."""
    try:
        run.refresh_from_db()
    except SyncRun.DoesNotExist:
        run.state = State.SUPERSEDED


class Lease:
    """Our hold on a running run. A context: its heartbeat runs while it is open.

    `progress` takes numbers for the run row; the heartbeat writes them. `stopped` is
    what long work asks between steps.
    """

    def __init__(self, run: SyncRun, stop: Callable[[], bool] = lambda: False) -> None:
        self.run = run
        self._shutdown = stop
        self._progress: dict[str, Any] = {}
        self._configuration = configuration_of(run.idp)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, daemon=True)
        self._ends = time.monotonic() + settings.SYNC_LONGEST_RUN
        self.cancelled = False
        self.closed = self._closes(run.idp.status)
        self.lost = False

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=20)

    @property
    def overdue(self) -> bool:
        """Whether the run has lasted longer than any honest one does (R6)."""
        return time.monotonic() >= self._ends

    def stopped(self) -> bool:
        """Whether to stop working on the run."""
        ended = self.cancelled or self.closed or self.lost
        return ended or self.overdue or self._shutdown()

    def check(self) -> None:
        """Raise CrawlStopped if the work shall stop."""
        if self.stopped():
            raise CrawlStopped

    def progress(self, **numbers: Any) -> None:
        """Note progress; written with the next heartbeat."""
        self._progress = {**self._progress, **numbers}
        for name, value in numbers.items():
            setattr(self.run, name, value)
        if "first_read" in numbers:  # narrow passes that read before must know at once
            self.beat()

    def fence(self) -> None:
        """Inside a transaction: hold the run row, or raise LeaseLost.

        Also refuses when the IdP was closed or deleted, or its settings were changed,
        since the run began (F-27, R5). The rows of all open runs of the IdP are held, so
        that a full and a narrow run write one after the other, and what one of them
        looks at in its transaction stays as it is.
        """
        rows = (
            SyncRun.objects.select_for_update(of=("self",))
            .select_related("idp")
            .filter(idp=self.run.idp_id, state__in=SyncRun.OPEN)
            .order_by("pk")
        )
        mine = (self.run.pk, self.run.fence, State.RUNNING)
        row = next((r for r in rows if (r.pk, r.fence, r.state) == mine), None)
        if row is None:
            self.lost = True
            raise LeaseLost("another worker took this run over")
        if self._closes(row.idp.status):
            self.lost = self.closed = True
            raise LeaseLost("the IdP was closed")
        if configuration_of(row.idp) != self._configuration:
            self.lost = True
            raise LeaseLost(
                "the settings of the IdP were changed; a new run reads anew"
            )

    def finish(self, **outcome: Any) -> None:
        """Write the outcome and the last progress, if the run is still ours.

        A database that is away is waited for; after that the lease ends the run. An
        outcome that it cannot hold is no reason to read the company again for ever.
        """
        for _ in range(PATIENCE):
            try:
                return self._finish(**outcome)
            except (DataError, UnicodeError):
                return self._finish(**UNWRITABLE)
            except Error:
                connection.close()
                time.sleep(BEAT)
        return self._finish(**outcome)

    def _finish(self, **outcome: Any) -> None:
        values = {**self._progress, **outcome}
        if outcome["state"] != State.QUEUED:
            values["finished_at"] = Now()
        with transaction.atomic():
            mine = SyncRun.objects.filter(pk=self.run.pk, fence=self.run.fence)
            until = Now() + lease_of(self.run)
            if not mine.filter(state=State.RUNNING).update(**values, lease_until=until):
                self._lived(mine, outcome.get("counts", {}))
        _renew(self.run)

    @staticmethod
    def _lived(mine: QuerySet[SyncRun], counts: Mapping[str, int]) -> None:
        """A worker that was taken for dead was only held up, and says what it did."""
        mine.filter(state=State.ABANDONED).update(
            state=State.SUPERSEDED,
            stage=SyncRun.Stage.DONE,
            error_code="superseded",
            error_cause="Its worker stood still for longer than a lease lasts, and "
            "wrote nothing after that.",
            counts=counts,
        )

    def outdated(self) -> bool:
        """Whether the IdP has other settings now than when the run began, or is
        enabled again after its closing stopped the run."""
        with transaction.atomic():
            # Who enabled it just now may have found this run open, and begun none.
            rows = IdentityProvider.objects.select_for_update(no_key=True)
            idp = rows.filter(pk=self.run.idp_id).first()
        if idp is None:
            return False
        reopened = self.closed and not self._closes(idp.status)
        return reopened or configuration_of(idp) != self._configuration

    def beat(self) -> None:
        """Extend the lease, write the progress, hear about a cancel or a closing."""
        mine = SyncRun.objects.filter(
            pk=self.run.pk, fence=self.run.fence, state=State.RUNNING
        )
        until = Now() + lease_of(self.run)
        if not mine.update(lease_until=until, **self._progress):
            self.lost = True
        for cancelled, status in mine.values_list("cancel_requested", "idp__status"):
            # Once closed it stays so for this run: its work is being stopped already.
            self.cancelled, self.closed = cancelled, self.closed or self._closes(status)

    def _closes(self, status: str) -> bool:
        """Whether the IdP was open when the run was asked for, and is not any more."""
        closed = status == IdentityProvider.Status.CLOSED
        return closed and not self.run.although_closed

    def _beat_on(self) -> None:
        while not self._over.wait(BEAT):
            try:
                self.beat()
            except Error:
                # The database is away; the lease decides whether we lose the run.
                close_old_connections()
        connection.close()
