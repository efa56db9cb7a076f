"""What becomes of events once they were read again, or could not be.

An event is over when everything that it names is known to be as the vendor has it.
Until then it waits: for another look, for the next try, or for an administrator.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from identity.connectors.records import EventKind, Fault
from identity.models import IdentityProvider
from sync import cuts
from sync.models import InboxEvent

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


_ANEW: Mapping[str, Any] = {
    "state": State.PENDING,
    "run_id": None,
    "attempts": 0,
    "handled_at": None,
    "due_at": Now(),
}
_HELD: Mapping[str, Any] = {"state": State.HELD, "run_id": None, "wait": timedelta(0)}


@dataclass(frozen=True)
class Result:
    """What one pass found out, by userid and department id."""

    idp: IdentityProvider
    began: datetime
    gone: frozenset[str] = frozenset()
    absent_departments: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    """Not of the chosen departments, or not of what the app may read."""
    held: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    """Of those who are gone, who has a row: they were here."""
    known_departments: frozenset[str] = frozenset()
    """Of the departments that are not there, those that the directory had."""
    full_run: int | None = None
    """A full run that is under way, and began to read before this pass."""
    looks: Mapping[str, datetime] = field(default_factory=dict)
    """When a read of people whose access is cut could give it back."""
    faults: Mapping[str, Fault] = field(default_factory=dict)

    def missing(self, event: InboxEvent) -> set[str]:
        """What an event names that is not there."""
        return {
            *self.gone.intersection(event.userids),
            *self.absent_departments.intersection(event.departments),
        }

    def all_gone(self, event: InboxEvent) -> bool:
        """Whether nothing that an event names is there."""
        return self.missing(event).issuperset({*event.userids, *event.departments})

    def unknown(self, event: InboxEvent) -> bool:
        """Whether something that an event names is not there, and has no row that
        says so: a full run which saw it before could bring it."""
        named = self.missing(event)
        return bool(named - self.known - self.known_departments)


def settle(events: Iterable[InboxEvent], result: Result) -> None:
    """Write what a pass means for its events, in the caller's transaction."""
    groups: dict[tuple[tuple[str, Any], ...], list[InboxEvent]] = defaultdict(list)
    for event in events:
        verdict = _verdict(event, result)
        groups[tuple(sorted(verdict.items()))].append(event)
    for values, group in groups.items():
        _write(group, dict(values))


def fail(events: Iterable[InboxEvent], code: str, cause: str, *, mortal: bool) -> None:
    """Try these again later. `mortal`: the fault may be theirs, so the tries end."""
    groups: dict[int, list[InboxEvent]] = defaultdict(list)
    for event in events:
        groups[event.attempts].append(event)
    for attempts, group in groups.items():
        _write(group, _later(attempts, code, cause, mortal=mortal))


def isolate(events: Sequence[InboxEvent]) -> None:
    """One of several met an error of ours: each is tried by itself from now on."""
    _write(events, {"alone": True, "run_id": None, "wait": timedelta(0)})


def release(events: Iterable[InboxEvent], wait: timedelta = timedelta(0)) -> None:
    """Put events back that nobody could work on; it is not their fault."""
    _write(events, {"run_id": None, "wait": wait})


def look_again(events: Iterable[InboxEvent], idp: IdentityProvider) -> None:
    """Put events back until a read could give access back to people they name."""
    rows = list(events)
    looks = cuts.next_looks(idp, {u for event in rows for u in event.userids})
    groups: dict[datetime | None, list[InboxEvent]] = defaultdict(list)
    for event in rows:
        times = [looks[userid] for userid in event.userids if userid in looks]
        groups[min(times, default=None)].append(event)
    for at, group in groups.items():
        _write(group, {**_ANEW, **({"due_at": at} if at else {})})


def wake(events: Iterable[InboxEvent]) -> None:
    """Work on these now, whatever they waited for."""
    _write(events, dict(_ANEW))


def hold(events: Iterable[InboxEvent]) -> None:
    """Leave these to an administrator."""
    _write(events, dict(_HELD))


def revive(idp: IdentityProvider) -> None:
    """The vendor answers again: what only waited for that need not wait longer."""
    waiting = InboxEvent.objects.filter(idp=idp, state=State.PENDING, due_at__gt=Now())
    waiting.filter(error_code=UNREACHABLE).update(due_at=Now())


def cover(events: Iterable[InboxEvent], run_id: int) -> None:
    """A full run has read since they came: all that they could ask for is done."""
    _write(events, _over(Outcome.COVERED) | {"run_id": run_id})


def _verdict(event: InboxEvent, result: Result) -> dict[str, Any]:
    named = {*event.userids, *event.departments}
    trouble = next((result.faults[key] for key in named & result.faults.keys()), None)
    if trouble:
        return _later(event.attempts, trouble.kind, trouble.message, mortal=True)
    if result.held.intersection(event.userids):
        return dict(_HELD)
    if look := _next_look(event, result):
        return look | {"run_id": None}
    if result.full_run and result.unknown(event):
        return {"run_id": result.full_run}
    return _over(_outcome(event, result))


def _next_look(event: InboxEvent, result: Result) -> dict[str, Any]:
    """When to read once more although nothing failed; nothing if there is no need."""
    found = set(event.userids) - result.gone - result.outside
    times = [result.looks[userid] for userid in found if userid in result.looks]
    if times:
        # A look is never due at once: what this pass could not say, the next could not.
        return {"due_at": max(min(times), result.began + cuts.SETTLED)}
    told = event.kind in APPEARING and event.way != InboxEvent.Way.CONSOLE
    if told and result.missing(event):
        waits = (w for w in LOOKS if event.received_at + w > result.began)
        return {"look": wait} if (wait := next(waits, None)) else {}
    return {}


def _outcome(event: InboxEvent, result: Result) -> str:
    people = set(event.userids)
    if people & result.lifted:
        return Outcome.RESTORED
    if result.outside.issuperset({*people, *event.departments}):
        return Outcome.OUTSIDE
    if people and people <= result.gone:
        here = not result.known.isdisjoint(people)
        return Outcome.LEFT if here else Outcome.NOT_THERE
    gone = event.departments and result.all_gone(event)
    return Outcome.NOT_THERE if gone and event.kind in APPEARING else Outcome.READ


def _over(outcome: str) -> dict[str, Any]:
    return {
        "state": State.APPLIED,
        "outcome": outcome,
        "error_code": "",
        "error_cause": "",
    }


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


def _write(events: Iterable[InboxEvent], values: dict[str, Any]) -> None:
    """Write events that are still as they were read: whatever another worker, or an
    administrator, did with one since then stands.

    `wait` is until the next try from now, `look` from when the event came.
    """
    wait, look = values.pop("wait", None), values.pop("look", None)
    if wait is not None:
        values["due_at"] = Now() + wait
    if look is not None:
        values["due_at"] = F("received_at") + look
    if values.get("state") in (State.APPLIED, State.DEAD):
        values["handled_at"] = Now()
    groups: dict[tuple[int | None, str], list[int]] = defaultdict(list)
    for event in events:
        groups[event.run_id, event.state].append(event.pk)
    for (run_id, state), ids in groups.items():
        mine = InboxEvent.objects.filter(run_id=run_id, state=state)
        for start in range(0, len(ids), 500):
            mine.filter(pk__in=ids[start : start + 500]).update(**values)
