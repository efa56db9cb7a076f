"""Carries out one narrow run for claimed events: pass, guard, outcome, settlement."""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.utils import timezone

from identity.connectors.base import CrawlStopped
from identity.connectors.errors import (
    ConnectorError,
    Foreign,
    PermissionMissing,
    Throttled,
    Unexpected,
    Unreachable,
)
from identity.connectors.records import Company, EventKind, FaultKind
from identity.fields import CannotOpen
from identity.gate import current_read
from identity.mapping import MappingError
from identity.models import IdentityProvider
from sync import cuts, neighbours, runs, settling
from sync.coverage import limits_of
from sync.directory import Writer
from sync.lease import Lease, LeaseLost
from sync.models import Change, Department, Employee, SyncRun
from sync.narrow import NarrowPass
from sync.neighbours import Outdated, still_newest
from sync.seeking import TooWide
from sync.settling import Result
from sync.staging import Stage
from sync.worklist import Batch

log = logging.getLogger(__name__)
State = SyncRun.State
HOUR = timedelta(hours=1)
YOUNG = settling.LOOKS[-1]
"""How long a vendor's reads may lag its notice that somebody joined."""
READS = 3
"""Times that a pass is begun again because a full run read meanwhile."""
LOSSES = (Change.Kind.LEAVE, Change.Kind.OUT_OF_SCOPE, Change.Kind.REPLACE)

__all__ = ["TooWide", "carry_out"]


def carry_out(run: SyncRun, batch: Batch, stop: Callable[[], bool]) -> bool:
    """Carry a claimed narrow run out; whatever happens, its events are not lost.

    Whether there is a point in going on at once. Raises TooWide, with the run ended and
    nothing written, if a full run should do it.
    """
    counts = Counter[str]()
    wide, going = False, True
    with Lease(run, stop) as lease:
        try:
            outcome = _read_and_write(lease, batch, counts)
        except TooWide:
            outcome, wide = _ended(State.SUPERSEDED, "wide"), True
        except (CrawlStopped, LeaseLost, Outdated):
            # Nobody's fault: with the end of this run its events are due again.
            outcome = _ended(State.SUPERSEDED, "superseded")
        except (OperationalError, InterfaceError) as error:
            log.warning("run %s for events: %s", run.pk, type(error).__name__)
            connection.close_if_unusable_or_obsolete()
            outcome, going = _database(batch), False
        except Unexpected as error:
            outcome = _odd(batch, error)
        except (ConnectorError, CannotOpen, MappingError) as error:
            outcome = _put_off(batch, error)
        except Exception:
            log.exception("run %s for events failed", run.pk)
            outcome = _blame(batch)
        told = {name: counts[name] for name in runs.COUNTED}
        lease.finish(**outcome, counts=told)
    log.info("run %s for events of IdP %s: %s", run.pk, run.idp_id, run.state)
    if wide:
        raise TooWide
    return going


def _read_and_write(lease: Lease, batch: Batch, counts: Counter[str]) -> dict[str, Any]:
    for _ in range(READS):
        try:
            return _pass(lease, batch, counts)
        except Outdated:
            log.info("run %s reads again: a full run has read", lease.run.pk)
    raise Outdated


def _pass(lease: Lease, batch: Batch, counts: Counter[str]) -> dict[str, Any]:
    run = lease.run
    with Stage(run.idp_id) as stage:
        work = NarrowPass(run.idp, batch.scope, stage, lease)
        work.bounded, work.listed = batch.bounded, frozenset(batch.listed)
        work.fetch()
        _need_permissions(work)
        work.compare()
        held = _guard(work, batch)
        still = partial(still_newest, run.idp, work.first)
        work.apply(Writer(run.idp, lease, stage, work.rules, counts, still))
    with transaction.atomic():
        lease.fence()
        settling.settle(batch.events, _result(work, held))
        settling.revive(run.idp)
    faults = work.faults
    return {
        "state": State.PARTIAL if faults else State.SUCCESS,
        "stage": SyncRun.Stage.DONE,
        "faults": [asdict(fault) for fault in faults],
        "calls": work.reading.calls,
    }


def _result(work: NarrowPass, held: set[str]) -> Result:
    return Result(
        idp=work.idp,
        began=work.began,
        gone=frozenset(work.reading.gone),
        absent_departments=frozenset(work.absent_departments),
        outside=frozenset(work.outside | work.strangers),
        held=frozenset(held),
        lifted=frozenset(work.lifted),
        known=frozenset(work.territory.people(work.reading.gone)),
        known_departments=frozenset(work.territory.known),
        full_run=neighbours.older_full_run(work.idp, work.first),
        looks=cuts.next_looks(work.idp, work.reads),
        faults={fault.where: fault for fault in work.faults},
    )


def _need_permissions(work: NarrowPass) -> None:
    """Without a permission nothing can be said about anybody."""
    for fault in work.reading.faults:
        if fault.kind is FaultKind.PERMISSION:
            raise PermissionMissing(fault.message, remedy=fault.remedy)


# --- guard ---


def _guard(work: NarrowPass, batch: Batch) -> set[str]:
    """Keep whom an administrator should see first; who that is. Raises TooWide where
    departments are many: a full run then holds its plan.

    Leaves are counted in a rolling hour; access is cut all the same (T-06). What an
    administrator approved passes.
    """
    if _in_another_company(work):
        raise TooWide  # a full run is held at once, and says why
    limits = limits_of(work.idp)
    departments = Department.objects.filter(idp=work.idp).count()
    most = max(limits.departments_min, departments * limits.departments_percent // 100)
    passed = {d for event in batch.events if event.approved for d in event.departments}
    if len(work.removals - passed) > most:
        raise TooWide
    work.keep(_young(work, batch) & work.reading.gone.keys())
    passed = {u for event in batch.events if event.approved for u in event.userids}
    asked = work.losses - passed
    if not asked or _lost(work.idp) + len(asked) <= _people_limit(work.idp):
        return set()
    work.keep(asked)
    with transaction.atomic():
        gone = asked & (work.reading.gone.keys() | work.handed_on)
        cuts.cut_held(work.idp, gone, current_read())
    return asked


def _in_another_company(work: NarrowPass) -> bool:
    """Whether the vendor says so; asked if it is grave, and once an hour (T-47)."""
    grave = work.losses or work.come or work.removals
    if not grave or neighbours.company_is_known(work.idp):
        return False
    return work.whose_company() is Company.OTHER


def _young(work: NarrowPass, batch: Batch) -> set[str]:
    """People who are said to have joined just now: the reads may lag behind."""
    return {
        userid
        for event in batch.events
        if event.kind == EventKind.JOINED and work.began < event.received_at + YOUNG
        for userid in event.userids
    }


def _people_limit(idp: IdentityProvider) -> int:
    limits = limits_of(idp)
    active = Employee.objects.filter(idp=idp, status=Employee.Status.ACTIVE).count()
    return max(limits.people_min, active * limits.people_percent // 100)


def _lost(idp: IdentityProvider) -> int:
    """Who lost the active status through events within the last hour."""
    recent = SyncRun.objects.filter(
        idp=idp,
        breadth=SyncRun.Breadth.NARROW,
        started_at__gte=timezone.now() - HOUR,
    )
    lines = Change.objects.filter(
        run__in=recent, entity=Change.Entity.EMPLOYEE, kind__in=LOSSES, applied=True
    )
    return lines.count()


# --- when it fails ---


def _put_off(
    batch: Batch, error: ConnectorError | CannotOpen | MappingError
) -> dict[str, Any]:
    """The vendor, or our settings, are at fault: every event waits, and none dies."""
    code, cause, remedy = _words(error)
    settling.fail(batch.events, code, cause, mortal=False)
    return _ended(State.FAILED, code, cause, remedy)


def _odd(batch: Batch, error: Unexpected) -> dict[str, Any]:
    """An answer that is not the vendor's way. About one object it must not stop the
    others; of a portal between us it says nothing about any of them."""
    if isinstance(error, Foreign):
        return _put_off(batch, error)
    code, cause, remedy = _words(error)
    if len(batch.events) > 1:
        settling.isolate(batch.events)
    else:
        settling.fail(batch.events, code, cause, mortal=True)
    return _ended(State.FAILED, code, cause, remedy)


def _database(batch: Batch) -> dict[str, Any]:
    """The database was away or locked; or it cannot take what one of them brings."""
    cause = "The database could not take what was read."
    with contextlib.suppress(DatabaseError, InterfaceError):
        if any(event.attempts >= READS for event in batch.events):
            return _blame(batch)
        settling.fail(batch.events, "database", cause, mortal=False)
    return _ended(State.FAILED, "database", cause)


def _words(
    error: ConnectorError | CannotOpen | MappingError,
) -> tuple[str, str, str]:
    if isinstance(error, Unreachable | Throttled):
        return settling.UNREACHABLE, error.message, error.remedy
    if isinstance(error, ConnectorError):
        return error.code or type(error).__name__, error.message, error.remedy
    if isinstance(error, CannotOpen):
        return "secret", f"A secret of this IdP cannot be opened: {error}.", ""
    return "mapping", f"The field mapping is not valid: {error}.", ""


def _blame(batch: Batch) -> dict[str, Any]:
    """An error of ours: found out by trying each event by itself (F-71)."""
    cause = "Its handling met an error of sasebridge itself; the log has the details."
    if len(batch.events) > 1:
        settling.isolate(batch.events)
    else:
        settling.fail(batch.events, "internal", cause, mortal=True)
    return _ended(State.FAILED, "internal", cause)


def _ended(state: str, code: str, cause: str = "", remedy: str = "") -> dict[str, Any]:
    return {
        "state": state,
        "stage": SyncRun.Stage.DONE,
        "error_code": code[:64],
        "error_cause": cause,
        "error_remedy": remedy,
    }
