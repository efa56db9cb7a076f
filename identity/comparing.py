"""What another field mapping would make of a few people, read just now: pure.

It settles values as a run does (`sync.plan.settle`): what a read cannot see is kept.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from identity.connectors.records import EmployeeRecord, SourceField
from identity.mapping import ATTRIBUTE, DETAIL, FIELDS, FieldMapping
from identity.sampling import NUMBERS, masked

MOST = 5
"""People who are shown."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A value of somebody, before and after; "" where there is none."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Someone:
    """A person of the sample with the values that change."""

    name: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class FieldSum:
    """For how many people of the sample a field changes, and for how many it would be
    empty then. `kept`: it cannot be read, so it stays. `stored` are the active people
    who have a value now and would all lose it; None unless the field is fed by nothing.
    """

    label: str
    changed: int
    emptied: int
    kept: bool
    stored: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`size`: how many people were read."""

    size: int
    sums: tuple[FieldSum, ...]
    people: tuple[Someone, ...]


def dropped(old: FieldMapping, new: FieldMapping) -> list[str]:
    """Targets that nothing feeds any more."""
    fed = {row.target for row in new.rows}
    return [row.target for row in old.rows if row.target not in fed]


def compare(
    people: Sequence[EmployeeRecord],
    old: FieldMapping,
    new: FieldMapping,
    sources: Sequence[SourceField],
    stored: Mapping[str, int],
) -> Comparison:
    """`stored` has for dropped targets how many people have a value now."""
    before = [dict(old.apply(person).values) for person in people]
    after = [dict(new.apply(person).values) for person in people]
    kept = _unread(people, before, after, new)
    for person, was, will in zip(people, before, after, strict=True):
        for target in was.keys() | will.keys():
            gate = new.gates.get(target, "")
            if target in kept or gate not in person.known:
                _keep(target, was, will)
    targets = list(dict.fromkeys(row.target for row in (*old.rows, *new.rows)))
    sums = (_sum(target, before, after, kept, stored.get(target)) for target in targets)
    hidden = _hidden(old, new, sources)
    shown = [
        Someone(will.get("name") or was.get("name", ""), turns)
        for was, will in zip(before, after, strict=True)
        if (turns := tuple(_turns(targets, was, will, hidden)))
    ]
    told = tuple(s for s in sums if s.changed or s.kept or s.stored)
    return Comparison(len(people), told, tuple(_varied(shown)))


def _unread(
    people: Sequence[EmployeeRecord],
    before: Sequence[Mapping[str, str]],
    after: Sequence[Mapping[str, str]],
    new: FieldMapping,
) -> frozenset[str]:
    """Targets behind a permission that come for nobody although there are values."""
    gated = [t for t, gate in new.gates.items() if gate not in ("", DETAIL)]
    return frozenset(
        target
        for target in gated
        if not any(target in values for values in after)
        and any(target in values for values in before)
    )


def _keep(target: str, was: Mapping[str, str], will: dict[str, str]) -> None:
    will.pop(target, None)
    if target in was:
        will[target] = was[target]


def _sum(
    target: str,
    before: Sequence[Mapping[str, str]],
    after: Sequence[Mapping[str, str]],
    kept: Collection[str],
    stored: int | None,
) -> FieldSum:
    pairs = [
        (was.get(target, ""), will.get(target, ""))
        for was, will in zip(before, after, strict=True)
    ]
    changed = [(was, will) for was, will in pairs if was != will]
    emptied = sum(not will for _was, will in changed)
    return FieldSum(_label(target), len(changed), emptied, target in kept, stored)


def _turns(
    targets: Sequence[str],
    was: Mapping[str, str],
    will: Mapping[str, str],
    hidden: Collection[str],
) -> Iterator[Turn]:
    for target in targets:
        one, other = was.get(target, ""), will.get(target, "")
        if one != other:
            if target in hidden:
                one, other = masked(one), masked(other)
            yield Turn(_label(target), one, other)


def _varied(people: Sequence[Someone]) -> list[Someone]:
    """Some of those whom it changes: first one of each way in which it does."""
    ways: dict[tuple[tuple[str, bool], ...], Someone] = {}
    for one in people:
        ways.setdefault(tuple((t.label, bool(t.after)) for t in one.turns), one)
    first = list(ways.values())
    others = [one for one in people if not any(one is other for other in first)]
    return [*first, *others][:MOST]


def _hidden(
    old: FieldMapping, new: FieldMapping, sources: Sequence[SourceField]
) -> set[str]:
    """Targets that hold numbers of people, by name or by what feeds them."""
    numbers = {s.key for s in sources if s.default_target in NUMBERS}
    fed = {
        row.target
        for row in (*old.rows, *new.rows)
        if numbers.intersection(row.sources)
    }
    return fed | NUMBERS


def _label(target: str) -> str:
    known = FIELDS.get(target)
    return str(known.label) if known else target.removeprefix(ATTRIBUTE)
