"""Departments that an undo brings back or moves back: the tree stays whole. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from identity.connectors.records import DepartmentRecord
from sync.plan import Change, Kind

Tree = Mapping[str, DepartmentRecord]
Parents = dict[str, str | None]


def whole(changes: Iterable[Change], now: Tree) -> tuple[list[Change], list[Change]]:
    """Those of these changes after which every department hangs below one that is
    there, and none below itself; and those that are not made. A move that cannot be
    taken back is left out of its change: the department stays where it is now."""
    found = {change.key: change for change in changes}
    unmade: list[Change] = []
    while True:
        parents = _parents(found, now)
        bad = [c for c in found.values() if not _fits(c, parents)]
        for change in bad:
            if change.kind is Kind.CREATE:
                unmade.append(found.pop(change.key))
            elif stays := _where_it_is(change):
                found[change.key] = stays
            else:
                del found[change.key]
        if not bad:
            return list(found.values()), unmade


def _parents(found: Mapping[str, Change], now: Tree) -> Parents:
    """What hangs below what, with departments that will go still there: one that is
    used does not go."""
    parents: Parents = {id: record.parent_id for id, record in now.items()}
    parents |= {key: _parent(c.after) for key, c in found.items() if c.after}
    return parents


def _fits(change: Change, parents: Parents) -> bool:
    """Whether the department has a place in such a tree; one whose place does not fit
    takes it up again in `parents`, so that a ring is cut once."""
    above = _parent(change.after)
    moves = change.after is not None and above != _parent(change.before)
    if not moves or not above:
        return True
    if above in parents and not _is_below(above, change.key, parents):
        return True
    if change.kind is Kind.UPDATE:
        parents[change.key] = _parent(change.before)
    return False


def _is_below(at: str | None, top: str, parents: Parents) -> bool:
    """Whether the way up from `at` leads through `top`."""
    seen: set[str] = set()
    while at and at not in seen:
        if at == top:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _where_it_is(change: Change) -> Change | None:
    """The rest of an update without its move; None if nothing is left of it."""
    before, after = change.before, change.after
    if not isinstance(before, DepartmentRecord):
        return None
    if not isinstance(after, DepartmentRecord):
        return None
    stays = replace(after, parent_id=before.parent_id)
    same = replace(stays, read=before.read) == before
    return None if same else replace(change, after=stays)


def _parent(record: object) -> str | None:
    return record.parent_id if isinstance(record, DepartmentRecord) else None
