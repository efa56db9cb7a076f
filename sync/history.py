"""Changes as rows of the history: what was, what is, who and what it was about."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from identity.connectors.records import (
    DepartmentRecord,
    EmployeeRecord,
    MembershipRecord,
)
from sync.loading import load
from sync.plan import Record

COLUMNS = (
    *("run_id", "entity", "kind", "key", "place", "label"),
    *("before", "after", "applied"),
)
PLANNED = (*COLUMNS, "verdict", "approved")
Line = tuple[str, str, str, str, Mapping[str, Any] | None, Mapping[str, Any] | None]
"""entity, kind, key, label, before, after."""
Planned = tuple[Line, str, bool]
"""A line that is only planned, what the vendor said of it, whether it was agreed to."""


def line(
    entity: str,
    kind: str,
    key: str,
    before: Record | None,
    after: Record | None,
    *,
    whole: bool = False,
    was: str = "",
) -> Line:
    """One change for the history; of an update only what differs is kept. `whole`: of a
    create too, which is only planned: there is no row yet that would show it. `was` is
    the status of a person before it, where that was not active."""
    old, new = _content(before), _content(after)
    if before and after:
        keys = [k for k in old.keys() | new.keys() if old.get(k) != new.get(k)]
        old = {k: old.get(k) for k in sorted(keys)}
        new = {k: new.get(k) for k in sorted(keys)}
    if was:
        old["status"] = was
        new["status"] = "active"
    label = _label(after) or _label(before)
    return (
        entity,
        kind,
        key,
        label[:200],
        old if before else None,
        # A create keeps no copy: the row itself is the "after".
        new if after and (before or whole) else None,
    )


def write(run_id: int, lines: Iterable[Line]) -> None:
    """Add lines to the history of a run."""
    load(
        "sync_change",
        COLUMNS,
        ((*_values(run_id, line), True) for line in lines),
    )


def plan(run_id: int, lines: Iterable[Planned]) -> None:
    """Keep what a run would do: each line with what the vendor said of it, and whether
    it was agreed to before."""
    load(
        "sync_change",
        PLANNED,
        (
            (*_values(run_id, line), False, verdict, approved)
            for line, verdict, approved in lines
        ),
    )


def _values(run_id: int, line: Line) -> tuple[object, ...]:
    entity, kind, key, label, before, after = line
    place = place_of(entity, key)
    return (run_id, entity, kind, key, place, label, _text(before), _text(after))


def place_of(entity: str, key: str) -> str:
    """The id of the department that a change names; "" if it names none."""
    return "" if entity == "employee" else key.rpartition("/")[2]


def _text(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False)


def _label(record: Record | None) -> str:
    if isinstance(record, EmployeeRecord):
        return record.values.get("name", "")
    return record.name if isinstance(record, DepartmentRecord) else ""


def _content(record: Record | None) -> dict[str, Any]:
    if isinstance(record, EmployeeRecord):
        return {"unionid": record.unionid, **record.values}
    if isinstance(record, DepartmentRecord):
        return {
            "name": record.name,
            "parent_id": record.parent_id,
            "order": record.order,
        }
    if isinstance(record, MembershipRecord):
        return {"order": record.order, "leader": record.leader}
    return {}
