"""What would take a run's changes back: from its history, newest first. Pure.

A history keeps of an update both sides of what differed, of a removal the side before,
and of a create neither: so the state before a run is what its changes say, walked back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Values = Mapping[str, Any]
Key = tuple[str, str]
"""entity and key of a change."""


class Before(StrEnum):
    """What was there before a run."""

    NOTHING = "nothing"
    SOMETHING = "something"
    OTHER_VALUES = "other_values"
    SOMEBODY_ELSE = "somebody_else"


@dataclass(frozen=True, slots=True)
class Past:
    """One change of a run, as its history keeps it. `kind` is `sync.models.Change.Kind`."""

    entity: str
    key: str
    kind: str
    label: str = ""
    before: Values | None = None
    after: Values | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """How something was before a run.

    `values` are those of before: all of them (SOMETHING), or those that the run changed
    (OTHER_VALUES); `made` is what the run made of them.
    """

    state: Before
    label: str = ""
    values: Values = field(default_factory=dict)
    made: Values = field(default_factory=dict)


BEGINS = frozenset({"create", "return"})
ENDS = frozenset({"leave", "out_of_scope", "remove"})


def wishes(changes: Iterable[Past]) -> dict[Key, Wish]:
    """How everything was that these changes touched; they come newest first."""
    found: dict[Key, Wish] = {}
    for change in changes:
        key = (change.entity, change.key)
        found[key] = _walked_back(found.get(key), change)
    return found


def _walked_back(later: Wish | None, change: Past) -> Wish:
    """What was before this change, given what was before the next one of its key."""
    if change.kind == "replace" or (later and later.state is Before.SOMEBODY_ELSE):
        return Wish(Before.SOMEBODY_ELSE, change.label)
    if change.kind in BEGINS:
        return Wish(Before.NOTHING, change.label)
    before, after = change.before or {}, change.after or {}
    if change.kind in ENDS:
        return Wish(Before.SOMETHING, change.label, before)
    if later is None or later.state is Before.NOTHING:
        return Wish(Before.OTHER_VALUES, change.label, before, after)
    made = later.made if later.state is Before.OTHER_VALUES else {}
    return Wish(
        later.state, change.label, {**later.values, **before}, {**after, **made}
    )


def reverted(now: Values, wish: Wish) -> dict[str, Any]:
    """`now` with the values of before wherever it still has what the run made of them.

    What was changed again since stays: that is newer than the run.
    """
    values = dict(now)
    for name, value in wish.values.items():
        if _same(now.get(name), wish.made.get(name)):
            values[name] = value
    return {name: value for name, value in values.items() if value is not None}


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal; none at all and an empty text are."""
    return ("" if one is None else one) == ("" if other is None else other)
