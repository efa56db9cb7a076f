"""How the events of an IdP do: what came last, what waits, whether they went silent.

Everything is read through an index and within a bounded window, so that it costs the
same after a year; a page may ask for it at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from django.db.models import Count
from django.utils import timezone

from identity.connectors.records import EventKind
from identity.models import IdentityProvider
from sync.models import AccessCut, CatchUp, InboxEvent, SyncRun, full_runs

State = InboxEvent.State

WINDOW = 500
"""Events that are looked at, the newest of an IdP."""
GAPS = 50
"""Of these so many say how often events come."""
FEW = 5
"""With fewer gaps nobody can tell what is usual."""
SILENT = timedelta(days=3)
"""Shorter than this is a weekend."""
TIMES = 10
"""Silence is so many times the usual gap."""
MOMENTS = ("received_at", "handled_at", "state", "outcome", "kind", "way", "approved")
UNSETTLED = (State.PENDING, State.HELD, State.PARKED, State.DEAD)


@dataclass(frozen=True, slots=True)
class Delays:
    """From received to handled, in seconds, of `count` events."""

    count: int
    median: float
    slow: float
    """Nineteen of twenty took no longer."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing came since; `usual` is the gap between two events, as it was."""

    since: datetime
    usual: timedelta


@dataclass(frozen=True, slots=True)
class Health:
    """What a page says about the events of an IdP.

    `set_up`: they can come. `unannounced` are changes that the
    last full run found and no event had announced; `run` is that run.
    """

    set_up: bool
    last_at: datetime | None
    delays: Delays | None
    counts: dict[str, int]
    cut: int
    catch_up: CatchUp | None
    silence: Silence | None
    unannounced: int
    run: SyncRun | None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self.counts.get(State.PENDING, 0)

    @property
    def held(self) -> int:
        """How many wait for an administrator."""
        return self.counts.get(State.HELD, 0)

    @property
    def parked(self) -> int:
        """How many came while the IdP was closed."""
        return self.counts.get(State.PARKED, 0)

    @property
    def dead(self) -> int:
        """How many were given up."""
        return self.counts.get(State.DEAD, 0)


def health(idp: IdentityProvider) -> Health:
    """Look at one IdP; six queries."""
    came = _came(idp)
    run = full_runs().filter(idp=idp, unannounced__isnull=False).order_by("-pk").first()
    set_up = is_set_up(idp)
    return Health(
        set_up=set_up,
        last_at=came[0].received_at if came else None,
        delays=delays(came),
        counts=unsettled(idp),
        cut=AccessCut.objects.filter(employee__idp=idp).count(),
        catch_up=CatchUp.objects.filter(idp=idp).first(),
        silence=_silence(came) if set_up and _listens(idp) else None,
        unannounced=_unannounced(run),
        run=run,
    )


def silence(idp: IdentityProvider) -> Silence | None:
    """Whether the events of an IdP have stopped coming; at most two queries."""
    return _silence(_came(idp)) if is_set_up(idp) and _listens(idp) else None


def is_set_up(idp: IdentityProvider) -> bool:
    """Whether its events can come: over a connection that we open, or with every key
    that opens them stored; at most one query."""
    if idp.streams:
        return True
    wanted = set(idp.connector_class.push_settings)
    present = idp.secrets.filter(name__in=wanted, valid_until=None)
    return bool(wanted) and wanted <= set(present.values_list("name", flat=True))


def unsettled(idp: IdentityProvider) -> dict[str, int]:
    """How many events of an IdP are not over, by state; one query."""
    rows = InboxEvent.objects.filter(idp=idp, state__in=UNSETTLED).order_by()
    return dict(rows.values_list("state").annotate(Count("pk")))


def delays(events: Sequence[InboxEvent]) -> Delays | None:
    """Of those that were applied today, by themselves: not by a full run, and not once
    an administrator had decided. None if none was."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    took = sorted(
        (event.handled_at - event.received_at).total_seconds()
        for event in events
        if event.state == State.APPLIED
        and event.outcome != InboxEvent.Outcome.COVERED
        and not event.approved
        and event.handled_at is not None
        and event.handled_at >= today
    )
    if not took:
        return None
    return Delays(len(took), median(took), took[(len(took) * 19 - 1) // 20])


def _came(idp: IdentityProvider) -> list[InboxEvent]:
    """The newest events of an IdP that its vendor sent; a call that only verifies the
    address is none."""
    rows = InboxEvent.objects.filter(idp=idp).exclude(way__in=InboxEvent.OWN)
    rows = rows.order_by("-pk")
    rows = rows.only(*MOMENTS)
    return [event for event in rows[:WINDOW] if event.kind != EventKind.VERIFY]


def _listens(idp: IdentityProvider) -> bool:
    return not idp.is_draft and idp.status == IdentityProvider.Status.ENABLED


def _silence(events: Sequence[InboxEvent]) -> Silence | None:
    """What had to be fetched from the list of failed pushes breaks no silence."""
    times = [e.received_at for e in events if e.way != InboxEvent.Way.FAILED]
    times = times[: GAPS + 1]
    gaps = [(late - early).total_seconds() for late, early in pairwise(times)]
    if len(gaps) < FEW:
        return None
    usual = timedelta(seconds=median(gaps))
    quiet = timezone.now() - times[0]
    if quiet <= SILENT or quiet <= usual * TIMES:
        return None
    return Silence(times[0], usual)


def _unannounced(run: SyncRun | None) -> int:
    """How many changes a run found that no event had announced; none counts where other
    settings explain them."""
    report = run.unannounced if run else None
    if not report or report.get("resettled"):
        return 0
    return int(report.get("employees", 0)) + int(report.get("departments", 0))
