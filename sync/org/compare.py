"""What differs between two past moments: net, so that who came and went in between is
not there.

Only whom and what the changes in between name is looked at: they are taken back to the
later moment, and from there to the earlier one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from identity.models import IdentityProvider
from sync.models import Employee, Membership
from sync.org import asof
from sync.org.past import Person, Picture, Step, Unit

JOINED, LEFT, MOVED, CHANGED = "joined", "left", "moved", "changed"
NEW, GONE, RENAMED, PLACED = "new", "gone", "renamed", "placed"
PEOPLE, DEPARTMENTS = (JOINED, LEFT, MOVED, CHANGED), (NEW, GONE, RENAMED, PLACED)


@dataclass(frozen=True, slots=True)
class PersonThen:
    """A person at both moments: None where they were not active; `came` and `went` are
    ids of departments."""

    row: int
    userid: str
    was: Person | None
    now: Person | None
    went: tuple[str, ...] = ()
    came: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Their name, the later one."""
        known = self.now or self.was
        return known.values.get("name", "") if known else ""

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """Fields with both values."""
        was, now = (one.values if one else {} for one in (self.was, self.now))
        fields = sorted(was.keys() | now.keys())
        pairs = [(key, was.get(key, ""), now.get(key, "")) for key in fields]
        return [pair for pair in pairs if pair[1] != pair[2]]


@dataclass(frozen=True, slots=True)
class DepartmentThen:
    """A department at both moments: None where it was not there."""

    id: str
    was: Unit | None
    now: Unit | None

    @property
    def name(self) -> str:
        """Its name, the later one."""
        known = self.now or self.was
        return known.name if known else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, by kind; and the departments of both moments for their names."""

    people: Mapping[str, list[PersonThen]]
    departments: Mapping[str, list[DepartmentThen]]
    before: Mapping[str, Unit]
    after: Mapping[str, Unit]

    def name(self, department: str) -> str:
        """What a department was called."""
        known = self.after.get(department) or self.before.get(department)
        return known.name if known else department


def compare(
    idp: IdentityProvider, first: asof.Moment, second: asof.Moment
) -> Comparison:
    """The differences from one moment to a later one."""
    between = list(asof.steps(idp, first.pivot, until=second.pivot))
    userids = set(_userids(between))
    after = _present(idp, userids)
    later = asof.steps(idp, second.pivot)
    after.take_back(step for step in later if _is_about(step, userids))
    before = after.copy()
    before.take_back(between)
    people: dict[str, list[PersonThen]] = {kind: [] for kind in PEOPLE}
    for one in _people(before, after, userids):
        for kind in _kinds(one):
            people[kind].append(one)
    for found in people.values():
        found.sort(key=lambda one: (one.name, one.userid))
    units = _departments(before.departments, after.departments)
    return Comparison(people, units, before.departments, after.departments)


def _userids(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if step.entity == asof.EMPLOYEE:
            yield step.key
        elif step.entity == asof.MEMBERSHIP:
            yield step.key.rpartition("/")[0]


def _is_about(step: Step, userids: set[str]) -> bool:
    if step.entity == asof.DEPARTMENT:
        return True
    return next(_userids([step])) in userids


def _present(idp: IdentityProvider, userids: set[str]) -> Picture:
    """These people and all departments as they are."""
    found = Picture(asof.units(idp))
    for keys in asof.portions(userids):
        rows = Employee.objects.filter(idp=idp, userid__in=keys)
        found.people |= asof.people(rows)
        found.seats |= asof.seats(Membership.objects.filter(employee__in=rows))
    return found


def _people(
    before: Picture, after: Picture, userids: Iterable[str]
) -> Iterator[PersonThen]:
    """Everybody who was active at one of the moments; a userid may have changed hands."""
    for userid in userids:
        was, now = before.active(userid), after.active(userid)
        had = set(before.seats.get(userid, ())) if was else set()
        has = set(after.seats.get(userid, ())) if now else set()
        if was and now and was.row == now.row:
            went, came = tuple(sorted(had - has)), tuple(sorted(has - had))
            yield PersonThen(now.row, userid, was, now, went, came)
            continue
        if was:
            yield PersonThen(was.row, userid, was, None, went=tuple(sorted(had)))
        if now:
            yield PersonThen(now.row, userid, None, now, came=tuple(sorted(has)))


def _kinds(one: PersonThen) -> Iterator[str]:
    if one.was is None:
        yield JOINED
    elif one.now is None:
        yield LEFT
    else:
        if one.went or one.came:
            yield MOVED
        if one.differences:
            yield CHANGED


def _departments(
    before: Mapping[str, Unit], after: Mapping[str, Unit]
) -> dict[str, list[DepartmentThen]]:
    found: dict[str, list[DepartmentThen]] = {kind: [] for kind in DEPARTMENTS}
    for key in sorted(before.keys() | after.keys()):
        one = DepartmentThen(key, before.get(key), after.get(key))
        if one.was is None:
            found[NEW].append(one)
        elif one.now is None:
            found[GONE].append(one)
        else:
            if one.was.name != one.now.name:
                found[RENAMED].append(one)
            if one.was.parent != one.now.parent:
                found[PLACED].append(one)
    return found
