"""Runs: queued, claimed, carried out, ended with a state that is true.

`enqueue` and `perform` are all that views, tasks and commands need.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from identity.connectors.base import CrawlStopped
from identity.connectors.errors import ConnectorError, Throttled
from identity.fields import CannotOpen
from identity.mapping import MappingError
from identity.models import IdentityProvider, User
from sync import backoff
from sync.coverage import scope_of
from sync.directory import Writer
from sync.guard import Held
from sync.judging import agreed_by
from sync.lease import LEASE, Lease, LeaseLost, claim, close_dead
from sync.models import SyncRun
from sync.passage import OtherCompany, Pass
from sync.plan import Entity, Kind, Plan
from sync.staging import Stage
from sync.unannounced import note
from sync.undoing import take_back

log = logging.getLogger(__name__)
State, Breadth = SyncRun.State, SyncRun.Breadth
Report = Callable[[SyncRun], None]

COUNTED = (
    *("created", "updated", "returned", "replaced", "left", "out_of_scope"),
    *("departments_created", "departments_updated", "departments_removed"),
    *("memberships_added", "memberships_changed", "memberships_removed"),
)
"""What a run counts; all 0 when nothing changed."""


class AlreadyRunning(Exception):
    """Another run of this IdP waits or runs; it is `run`."""

    def __init__(self, run: SyncRun) -> None:
        super().__init__(f"run {run.pk} of this IdP is already running")
        self.run = run


def enqueue(
    idp: IdentityProvider,
    *,
    trigger: str,
    by: User | None = None,
    people: bool = True,
    attempts: int = 0,
    although_closed: bool | None = None,
    purpose: str = SyncRun.Purpose.SYNC,
    approves: SyncRun | None = None,
    undoes: SyncRun | None = None,
) -> SyncRun:
    """A new queued run; raises AlreadyRunning if one of its breadth waits or runs.

    Dead runs are closed first, and a held plan is superseded: the new run reads anew.
    `although_closed` None: as the caller knows the IdP, which may be old news by now.
    `approves` is the held run whose approved plan this one carries out, `undoes` the
    one that it takes back: that goes beside a full run, as events do.
    """
    breadth = Breadth.UNDO if undoes else Breadth.FULL
    if although_closed is None:
        although_closed = idp.status == IdentityProvider.Status.CLOSED
    with transaction.atomic():
        close_dead(idp)
        try:
            with transaction.atomic():
                run = SyncRun.objects.create(
                    idp=idp,
                    trigger=trigger,
                    by=by,
                    people=people,
                    attempts=attempts,
                    although_closed=although_closed,
                    purpose=purpose,
                    approves=approves,
                    undoes=undoes,
                    breadth=breadth,
                )
        except IntegrityError:
            alike = SyncRun.objects.filter(idp=idp, breadth=breadth)
            open_run = alike.filter(state__in=SyncRun.OPEN).first()
            if open_run is None:
                raise
            raise AlreadyRunning(open_run) from None
        SyncRun.objects.filter(pk=run.pk).update(lease_until=Now() + LEASE)
        held = SyncRun.objects.filter(idp=idp, breadth=breadth, state=State.HELD)
        if approves is not None:  # whoever approves it ends it, or takes all this back
            held = held.exclude(pk=approves.pk)
        held.update(state=State.SUPERSEDED)
    return run


def enqueue_again(run: SyncRun, *, attempts: int = 0) -> SyncRun:
    """What a run was to do, in a new queued one; raises AlreadyRunning."""
    return enqueue(
        run.idp,
        trigger=run.trigger,
        by=run.by,
        people=run.people,
        attempts=attempts,
        although_closed=run.although_closed,
        purpose=run.purpose,
        approves=run.approves,
        undoes=run.undoes,
    )


def request_cancel(run: SyncRun) -> None:
    """Ask a run to stop; a queued one is over at once, a running one within seconds."""
    SyncRun.objects.filter(pk=run.pk, state__in=SyncRun.OPEN).update(
        cancel_requested=True
    )
    SyncRun.objects.filter(pk=run.pk, state=State.QUEUED).update(
        state=State.CANCELLED, finished_at=Now()
    )


def perform(
    run: SyncRun,
    *,
    stop: Callable[[], bool] = lambda: False,
    report: Report = lambda run: None,
) -> SyncRun:
    """Claim a queued run and carry it out; returns it with its outcome.

    Does nothing if it is not queued any more. `stop` is asked between steps: when it
    says True the run goes back into the queue. `report` hears of progress.
    """
    if not claim(run):
        return run
    with Lease(run, stop) as lease:
        watch = _Reporting(lease, report)
        lease.finish(**_outcome(lease, watch))
    note(run)
    if run.state not in (State.CANCELLED, State.QUEUED) and lease.outdated():
        _read_anew(run)
    backoff.count(run)
    log.info("run %s of IdP %s: %s %s", run.pk, run.idp_id, run.state, run.counts)
    return run


def _read_anew(run: SyncRun) -> None:
    """Queue a run with the new settings; the next tick rings for it."""
    with contextlib.suppress(AlreadyRunning):
        enqueue_again(run)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do now, with nothing written."""

    plan: Plan
    held: tuple[Held, ...]
    complete: bool
    calls: int

    def counts(self) -> dict[str, int]:
        """The plan's counts under the names of a run's counts."""
        kinds = {Kind.CREATE: "created", Kind.UPDATE: "updated", Kind.REMOVE: "removed"}
        joined = {Kind.CREATE: "added", Kind.UPDATE: "changed", Kind.REMOVE: "removed"}
        found = Counter[str]()
        for (entity, kind), count in self.plan.counts.items():
            if entity is Entity.DEPARTMENT:
                found[f"departments_{kinds[kind]}"] += count
            elif entity is Entity.MEMBERSHIP:
                found[f"memberships_{joined[kind]}"] += count
            else:
                name = {Kind.REMOVE: "left", Kind.REPLACE: "replaced"}.get(kind)
                found[name or kinds[kind]] += count
        return {name: found[name] for name in COUNTED}


def preview(idp: IdentityProvider) -> Preview:
    """Read and compare, and write nothing (`--dry-run`). Raises ConnectorError."""
    with Stage(idp.pk) as stage:
        work = Pass(idp, scope_of(idp), stage, _Onlooker())
        work.fetch()
        try:
            work.compare()
            held = work.held_because()
        except OtherCompany:
            held = (Held("company", 0, 0),)
        return Preview(work.plan, held, work.reading.complete, work.reading.calls)


class _Onlooker:
    """Looks on without a run: stops nothing, writes nothing."""

    def stopped(self) -> bool:
        return False

    def check(self) -> None:
        pass

    def progress(self, **numbers: Any) -> None:
        pass


class _Reporting:
    """A lease that also tells a terminal."""

    def __init__(self, lease: Lease, report: Report) -> None:
        self._lease = lease
        self._report = report
        self.stopped = lease.stopped
        self.check = lease.check

    def progress(self, **numbers: Any) -> None:
        self._lease.progress(**numbers)
        self._report(self._lease.run)


def _outcome(lease: Lease, watch: _Reporting) -> dict[str, Any]:
    """Carry the run out; whatever happens becomes a state, a cause and true counts."""
    counts = Counter[str](lease.run.counts)  # what it wrote before it was stopped
    try:
        if lease.closed:  # while it waited
            raise LeaseLost("the IdP was closed")
        with Stage(lease.run.idp_id) as stage:
            outcome = _carry_out(lease, watch, stage, counts)
    except OtherCompany:
        outcome = _other_company()
    except CrawlStopped:
        outcome = _stopped(lease)
    except LeaseLost as lost:
        outcome = _ended(State.SUPERSEDED, "superseded", str(lost))
    except ConnectorError as error:
        outcome = _ended(State.FAILED, code_of(error), error.message, error.remedy)
    except CannotOpen as error:
        outcome = _ended(
            State.FAILED,
            "secret",
            f"A secret of this IdP cannot be opened: {error}.",
            "Put the key that it was sealed with back into ENCRYPTION_KEYS, or enter "
            "the secret again.",
        )
    except MappingError as error:
        cause = f"The field mapping is not valid: {error}."
        outcome = _ended(State.FAILED, "mapping", cause, "Correct the field mapping.")
    except Exception:
        log.exception("run %s failed", lease.run.pk)
        outcome = _ended(
            State.FAILED,
            "internal",
            "The run met an error of sasebridge itself. What it had written by then is "
            "listed; nobody lost access by it who was not confirmed to have left.",
            "The log has the details. The next run goes on from here.",
        )
    return outcome | {"counts": {name: counts[name] for name in COUNTED}}


def _carry_out(
    lease: Lease, watch: _Reporting, stage: Stage, counts: Counter[str]
) -> dict[str, Any]:
    run = lease.run
    if run.breadth == Breadth.UNDO:
        return take_back(lease, watch, stage, counts)
    preview = run.purpose == SyncRun.Purpose.PREVIEW
    scope = scope_of(run.idp, people=run.people)
    work = Pass(run.idp, scope, stage, watch, agreed_by(run))
    work.fetch()
    work.compare()
    writer = Writer(run.idp, lease, stage, work.rules, counts)
    held = work.held_because()
    if held or preview:
        work.reconsider()
        held = work.held_because()
    if preview and work.plan.size:
        held = (Held("preview", work.plan.size, 0), *held)
    if held:
        writer.hold(work.changes(), work.asking.verdicts)
    elif not preview:
        work.confirm()
        work.apply(writer)
    read = State.PARTIAL if work.reading.faults else State.SUCCESS
    return {
        "state": State.HELD if held else read,
        "stage": SyncRun.Stage.DONE,
        "faults": work.faults(),
        "held_because": [asdict(reason) for reason in held],
        "digest": work.plan.digest,
        "unknown_fields": sorted(work.rules.unknown),
        "calls": work.reading.calls,
    }


def _other_company() -> dict[str, Any]:
    """Held, with nothing in its plan: of another company nothing is kept."""
    outcome = _ended(
        State.HELD,
        "company",
        "The credentials open another company than the one that this directory is of. "
        "Nothing of it was kept.",
        "Enter the credentials of the right company, or make a new IdP for the other.",
    )
    return outcome | {"held_because": [asdict(Held("company", 0, 0))], "digest": ""}


def code_of(error: ConnectorError) -> str:
    """What an operator's script may look for: a reaction first, else the vendor's code."""
    if isinstance(error, Throttled):
        return "quota" if error.quota else "rate_limited"
    return (error.code or type(error).__name__)[:64]


def _stopped(lease: Lease) -> dict[str, Any]:
    if lease.cancelled:
        return {"state": State.CANCELLED, "stage": SyncRun.Stage.DONE}
    if lease.closed:
        return _ended(State.SUPERSEDED, "superseded", "the IdP was closed")
    if lease.lost:
        return _ended(
            State.SUPERSEDED, "superseded", "Another worker took it over.", ""
        )
    if lease.overdue:
        return _ended(
            State.FAILED,
            "too_long",
            "The run took longer than any honest run does, and was ended. What it had "
            "written by then is listed; nobody lost access because of it.",
            "Run it again. If it stays so, the vendor or the way to it is very slow: see "
            "the connectivity test.",
        )
    # This process ends: whoever is there next starts the run anew.
    return {"state": State.QUEUED, "stage": ""}


def _ended(state: str, code: str, cause: str, remedy: str = "") -> dict[str, Any]:
    return {
        "state": state,
        "stage": SyncRun.Stage.DONE,
        "error_code": code,
        "error_cause": cause,
        "error_remedy": remedy,
    }
