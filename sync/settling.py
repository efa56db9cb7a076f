"""What becomes of events once they were read again, or could not be.

An event is over when everything that it names is known to be as the vendor has it.
Until then it waits: for another look, for the next try, or for an administrator.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now

from identity.connectors.records import EventKind, Fault
from identity.models import IdentityProvider
from sync import cuts
from sync.models import Employee, InboxEvent

State, Outcome = InboxEvent.State, InboxEvent.Outcome
LADDER = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)
"""Waits before the tries that follow the first; after the last of them an event that
fails for a reason of its own is dead."""
UNREACHABLE = "unreachable"
"""The code of events that only wait until the vendor answers."""
LOOKS = (timedelta(seconds=2), timedelta(seconds=10))
"""When to look again, after it came, for what the vendor does not show yet."""
APPEARING = (
    EventKind.JOINED,
    EventKind.CHANGED,
    EventKind.DEPARTMENT_CREATED,
    EventKind.DEPARTMENT_CHANGED,
)
"""Kinds whose objects ought to be there."""


@dataclass(frozen=True)
class Result:
    """What one pass found out, by userid and department id."""

    idp: IdentityProvider
    began: datetime
    gone: frozenset[str] = frozenset()
    absent_departments: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    faults: Mapping[str, Fault] = field(default_factory=dict)

    def all_gone(self, event: InboxEvent) -> bool:
        """Whether nothing that an event names is there."""
        return self.gone.issuperset(event.userids) and (
            self.absent_departments.issuperset(event.departments)
        )


def settle(events: Iterable[InboxEvent], result: Result) -> None:
    """Write what a pass means for its events, in the caller's transaction."""
    groups: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    for event in events:
        verdict = _verdict(event, result)
        groups[tuple(sorted(verdict.items()))].append(event.pk)
    for values, ids in groups.items():
        _write(ids, dict(values))


def fail(events: Iterable[InboxEvent], code: str, cause: str, *, mortal: bool) -> None:
    """Try these again later. `mortal`: the fault may be theirs, so the tries end."""
    groups: dict[int, list[int]] = defaultdict(list)
    for event in events:
        groups[event.attempts].append(event.pk)
    for attempts, ids in groups.items():
        _write(ids, _later(attempts, code, cause, mortal=mortal))


def isolate(events: Sequence[InboxEvent]) -> None:
    """One of several met an error of ours: each is tried by itself from now on."""
    ids = [event.pk for event in events]
    _write(ids, {"alone": True, "run_id": None, "wait": timedelta(0)})


def release(events: Iterable[InboxEvent], wait: timedelta = timedelta(0)) -> None:
    """Put events back that nobody could work on; it is not their fault."""
    _write([event.pk for event in events], {"run_id": None, "wait": wait})


def hold(events: Iterable[InboxEvent]) -> None:
    """Leave these to an administrator."""
    _write([event.pk for event in events], {"state": State.HELD, "run_id": None})


def revive(idp: IdentityProvider) -> None:
    """The vendor answers again: what only waited for that need not wait longer."""
    waiting = InboxEvent.objects.filter(idp=idp, state=State.PENDING, due_at__gt=Now())
    waiting.filter(error_code=UNREACHABLE).update(due_at=Now())


def cover(events: Iterable[InboxEvent], run_id: int) -> None:
    """A full run has read since they came: all that they could ask for is done."""
    ids = [event.pk for event in events]
    _write(ids, _over(Outcome.COVERED) | {"run_id": run_id})


def _verdict(event: InboxEvent, result: Result) -> dict[str, Any]:
    named = {*event.userids, *event.departments}
    trouble = next((result.faults[key] for key in named & result.faults.keys()), None)
    if trouble:
        return _later(event.attempts, trouble.kind, trouble.message, mortal=True)
    if result.held.intersection(event.userids):
        return {"state": State.HELD, "run_id": None}
    if look := _next_look(event, result):
        return {"due_at": look, "run_id": None}
    return _over(_outcome(event, result))


def _next_look(event: InboxEvent, result: Result) -> datetime | None:
    """When to read once more although nothing failed; None if there is no need."""
    found = set(event.userids) - result.gone - result.outside
    if found and (at := cuts.next_look(result.idp, found)):
        return at
    if event.kind in APPEARING and result.all_gone(event):
        looks = (event.received_at + wait for wait in LOOKS)
        return next((at for at in looks if at > result.began), None)
    return None


def _outcome(event: InboxEvent, result: Result) -> str:
    people = set(event.userids)
    if people & result.lifted:
        return Outcome.RESTORED
    if people and people <= result.outside:
        return Outcome.OUTSIDE
    if people and people <= result.gone:
        return Outcome.LEFT if _was_here(event) else Outcome.NOT_THERE
    gone = event.departments and result.all_gone(event)
    return Outcome.NOT_THERE if gone and event.kind in APPEARING else Outcome.READ


def _was_here(event: InboxEvent) -> bool:
    rows = Employee.objects.filter(idp_id=event.idp_id, userid__in=event.userids)
    return rows.exists()


def _over(outcome: str) -> dict[str, Any]:
    return {"state": State.APPLIED, "outcome": outcome, "error_code": ""}


def _later(attempts: int, code: str, cause: str, *, mortal: bool) -> dict[str, Any]:
    values = {
        "attempts": attempts + 1,
        "error_code": code[:64],
        "error_cause": cause,
        "run_id": None,
    }
    if mortal and attempts >= len(LADDER):
        return values | {"state": State.DEAD}
    return values | {"wait": LADDER[min(attempts, len(LADDER) - 1)]}


def _write(ids: Sequence[int], values: dict[str, Any]) -> None:
    """Write events that wait; `wait` is until the next try."""
    wait = values.pop("wait", None)
    if wait is not None:
        values["due_at"] = Now() + wait
    state = values.get("state")
    if state in (State.APPLIED, State.DEAD):
        values["handled_at"] = Now()
    for start in range(0, len(ids), 500):
        InboxEvent.objects.filter(pk__in=ids[start : start + 500]).update(**values)
