"""What would change: diff and plan. Pure; knows records and nothing else.

    diff(before, after)   yields changes; both sides are snapshots of the same scope
    summarize(changes)    a Plan: counts, digest, and who would lose something

Absence from `after` is a removal here. Whether an absence may count at all (was the
read complete, was the row read again since) is decided by who fills `before`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from identity.connectors.records import (
    DepartmentRecord,
    EmployeeRecord,
    MembershipRecord,
    Snapshot,
)

T = TypeVar("T")
Record = DepartmentRecord | EmployeeRecord | MembershipRecord


class Entity(StrEnum):
    """What a change is about."""

    DEPARTMENT = "department"
    EMPLOYEE = "employee"
    MEMBERSHIP = "membership"


class Kind(StrEnum):
    """What a change does. REPLACE: the same userid is another person (design 2.11)."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, with both sides of it."""

    kind: Kind
    entity: Entity
    key: str
    before: Record | None = None
    after: Record | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How employees are compared.

    `gates` names the gate of each target field; `unknown` are targets that this read
    could not see for anybody: they are kept, not blanked.
    """

    gates: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


PLAIN = Rules()


def diff(before: Snapshot, after: Snapshot, rules: Rules = PLAIN) -> Iterator[Change]:
    """The changes that make `before` into `after`, departments first.

    Streams are read once, side by side; ValueError if one is not ordered by key,
    because a stream out of order would look like people missing.
    """
    yield from diff_departments(before.departments, after.departments)
    yield from diff_employees(before.employees, after.employees, rules)
    yield from diff_memberships(before.memberships, after.memberships)


def diff_departments(
    before: Iterable[DepartmentRecord], after: Iterable[DepartmentRecord]
) -> Iterator[Change]:
    """Changes of departments, by id."""
    for old, new in _joined(before, after, lambda record: record.id):
        key = (new or old or _never()).id
        if old is None or new is None or _placed(old) != _placed(new):
            yield Change(_kind(old, new), Entity.DEPARTMENT, key, old, new)


def diff_employees(
    before: Iterable[EmployeeRecord], after: Iterable[EmployeeRecord], rules: Rules
) -> Iterator[Change]:
    """Changes of employees, by userid; unknown fields are kept."""
    for old, new in _joined(before, after, lambda record: record.userid):
        if old is None or new is None:
            key = (new or old or _never()).userid
            yield Change(_kind(old, new), Entity.EMPLOYEE, key, old, new)
        elif old.unionid and new.unionid and old.unionid != new.unionid:
            yield Change(Kind.REPLACE, Entity.EMPLOYEE, new.userid, old, new)
        else:
            kept = settle(old, new, rules)
            if (kept.values, kept.unionid) != (old.values, old.unionid):
                yield Change(Kind.UPDATE, Entity.EMPLOYEE, new.userid, old, kept)


def diff_memberships(
    before: Iterable[MembershipRecord], after: Iterable[MembershipRecord]
) -> Iterator[Change]:
    """Changes of memberships, by userid and department; unknown flags are kept."""
    for old, new in _joined(before, after, lambda r: (r.userid, r.department_id)):
        some = new or old or _never()
        key = f"{some.userid}/{some.department_id}"
        if old is None or new is None:
            yield Change(_kind(old, new), Entity.MEMBERSHIP, key, old, new)
            continue
        kept = replace(
            new,
            order=old.order if new.order is None else new.order,
            leader=old.leader if new.leader is None else new.leader,
        )
        if (kept.order, kept.leader) != (old.order, old.leader):
            yield Change(Kind.UPDATE, Entity.MEMBERSHIP, key, old, kept)


def settle(old: EmployeeRecord, new: EmployeeRecord, rules: Rules) -> EmployeeRecord:
    """`new` with the values of `old` where the read could not know better."""
    values = {}
    for target in old.values.keys() | new.values.keys():
        gate = rules.gates.get(target, "")
        seen = gate in new.known and target not in rules.unknown
        if value := (new if seen else old).values.get(target):
            values[target] = value
    return replace(new, values=values, unionid=new.unionid or old.unionid)


def fingerprint(record: EmployeeRecord, rules: Rules) -> str:
    """A content hash per gate group that the read knows, as text.

    Equal texts mean equal content, so a database can drop unchanged rows by itself;
    different texts only mean "look closer".
    """
    groups: dict[str, list[str]] = {
        gate: [] for gate in {"", *rules.gates.values()} if gate in record.known
    }
    groups[""].append(record.unionid)
    for target in sorted(record.values):
        group = groups.get(rules.gates.get(target, ""))
        if group is not None:
            group.append(f"{target}\x1f{record.values[target]}")
    return ";".join(f"{gate}={_short_hash(groups[gate])}" for gate in sorted(groups))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: counts by (entity, kind), a digest, and the losses."""

    counts: Mapping[tuple[Entity, Kind], int]
    digest: str
    absent: tuple[str, ...] = ()
    """userids of active employees who were not read."""
    replaced: tuple[str, ...] = ()
    """userids that now belong to another person."""
    departments_removed: tuple[str, ...] = ()
    holders: Mapping[str, str] = field(default_factory=dict)
    """The unionids of those who have the `replaced` userids now."""

    @property
    def size(self) -> int:
        """How many changes."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """How many people would lose the active status."""
        return len(self.absent) + len(self.replaced)

    @property
    def losses(self) -> int:
        """How many people and departments would be lost."""
        return self.ended + len(self.departments_removed)


def summarize(changes: Iterable[Change]) -> Plan:
    """Count, digest and collect the losses of a stream of changes."""
    counts: Counter[tuple[Entity, Kind]] = Counter()
    digest = hashlib.sha256()
    holders: dict[str, str] = {}
    losses: dict[tuple[Entity, Kind], list[str]] = {
        (Entity.EMPLOYEE, Kind.REMOVE): [],
        (Entity.EMPLOYEE, Kind.REPLACE): [],
        (Entity.DEPARTMENT, Kind.REMOVE): [],
    }
    for change in changes:
        what = (change.entity, change.kind)
        counts[what] += 1
        digest.update(f"{what}{change.key}{_content(change.after)}\0".encode())
        if what in losses:
            losses[what].append(change.key)
        if change.kind is Kind.REPLACE and isinstance(change.after, EmployeeRecord):
            holders[change.key] = change.after.unionid
    absent, replaced, departments = (tuple(keys) for keys in losses.values())
    return Plan(counts, digest.hexdigest(), absent, replaced, departments, holders)


def _joined(
    before: Iterable[T], after: Iterable[T], key: Callable[[T], Any]
) -> Iterator[tuple[T | None, T | None]]:
    """Merge-join two streams that are ordered by `key`."""
    left, right = _ordered(before, key), _ordered(after, key)
    old, new = next(left, None), next(right, None)
    while old is not None or new is not None:
        if new is None or (old is not None and key(old) < key(new)):
            yield old, None
            old = next(left, None)
        elif old is None or key(new) < key(old):
            yield None, new
            new = next(right, None)
        else:
            yield old, new
            old, new = next(left, None), next(right, None)


def _ordered(stream: Iterable[T], key: Callable[[T], Any]) -> Iterator[T]:
    last: Any = None
    for record in stream:
        if last is not None and not last < key(record):
            raise ValueError(f"{key(record)!r} came after {last!r}: not in order")
        last = key(record)
        yield record


def _kind(old: object, new: object) -> Kind:
    if old is None:
        return Kind.CREATE
    return Kind.REMOVE if new is None else Kind.UPDATE


def _placed(record: DepartmentRecord) -> tuple[str, str | None, int]:
    return record.name, record.parent_id, record.order


def _content(record: Record | None) -> str:
    """What the digest of a plan covers: everything but the read's number."""
    if record is None:
        return ""
    if isinstance(record, EmployeeRecord):
        return f"{record.unionid}{sorted(record.values.items())}"
    return repr(replace(record, read=0))


def _short_hash(parts: list[str]) -> str:
    joined = "\x1e".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


def _never() -> NoReturn:
    raise AssertionError("a joined pair has at least one side")
