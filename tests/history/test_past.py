"""The pure reconstruction, against a model that makes random changes and remembers."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.org.past import LEFT, Person, Picture, Seat, Step, Unit

pytestmark = pytest.mark.alone
OUT = "out_of_scope"


class Model:
    """A directory that changes as the engine changes one, and keeps the changes."""

    def __init__(self) -> None:
        self.now = Picture()
        self.steps: list[Step] = []
        self._rows = 0

    def note(self, entity: str, kind: str, key: str, before: Any = None) -> None:
        self.steps.append(Step(entity, kind, key, before))

    def department(self, key: str, name: str, parent: str) -> None:
        old, new = self.now.departments.get(key), Unit(name, parent, 0)
        self.now.departments[key] = new
        if old is None:
            self.note("department", "create", key)
        elif old != new:
            before = {"name": old.name, "parent_id": old.parent or None}
            self.note("department", "update", key, before)

    def close(self, key: str) -> None:
        old = self.now.departments.pop(key, None)
        if old is None:
            return
        for userid in self.now.seats:
            self.unseat(userid, key)
        before = {"name": old.name, "parent_id": old.parent or None, "order": old.order}
        self.note("department", "remove", key, before)

    def seat(self, userid: str, key: str, leader: bool) -> None:
        if self.now.active(userid) is None or key not in self.now.departments:
            return
        seats = self.now.seats.setdefault(userid, {})
        old, seats[key] = seats.get(key), Seat(1, leader)
        if old is None:
            self.note("membership", "create", f"{userid}/{key}")
        elif old.leader != leader:
            before = {"leader": old.leader}
            self.note("membership", "update", f"{userid}/{key}", before)

    def unseat(self, userid: str, key: str) -> None:
        old = self.now.seats.get(userid, {}).pop(key, None)
        if old is not None:
            before = {"order": old.order, "leader": old.leader}
            self.note("membership", "remove", f"{userid}/{key}", before)

    def appear(self, userid: str, unionid: str, name: str, quiet: bool) -> None:
        """A read shows this person: new, changed, back, or another one."""
        held = self.now.people.setdefault(userid, [])
        same = next((p for p in held if p.unionid == unionid), None)
        other = next((p for p in held if p.status != LEFT and p is not same), None)
        if other is not None:
            self.end(userid, other, LEFT, "replace")
        if same is None:
            self._rows += 1
            held.append(Person(self._rows, "active", unionid, {"name": name}))
            self.note("employee", "create", userid)
            if quiet and self.now.departments:  # of a new person nothing is noted
                place = min(self.now.departments)
                self.now.seats[userid] = {place: Seat(1, None)}
            return
        before = {"name": same.values["name"]} if same.values["name"] != name else {}
        if same.status != "active":
            before["status"] = same.status
            self.note("employee", "return", userid, before)
        elif before:
            self.note("employee", "update", userid, before)
        same.status, same.values = "active", {"name": name}

    def end(self, userid: str, one: Person, status: str, kind: str) -> None:
        before = {"unionid": one.unionid, **one.values}
        if one.status != "active":
            before["status"] = one.status
        one.status = status
        self.note("employee", kind, userid, before)
        for key in list(self.now.seats.get(userid, {})):
            self.unseat(userid, key)

    def vanish(self, userid: str, left: bool) -> None:
        if one := self.now.active(userid):
            words = (LEFT, "leave") if left else (OUT, OUT)
            self.end(userid, one, *words)


Shown = tuple[dict[str, Unit], dict[str, Any], dict[str, Any]]


def shown(picture: Picture) -> Shown:
    """A copy of all that a picture says, in one form."""
    people = {
        userid: sorted(
            (p.row, p.status, p.unionid, tuple(sorted(p.values.items()))) for p in h
        )
        for userid, h in picture.people.items()
        if h
    }
    seats = {userid: dict(held) for userid, held in picture.seats.items() if held}
    return dict(picture.departments), people, seats


ids, users = st.sampled_from("123"), st.sampled_from("ab")
acts = st.one_of(
    st.tuples(st.just("department"), ids, st.sampled_from("XY"), ids),
    st.tuples(st.just("close"), ids),
    st.tuples(st.just("seat"), users, ids, st.booleans()),
    st.tuples(st.just("unseat"), users, ids),
    st.tuples(st.just("appear"), users, st.sampled_from("uvw"), ids, st.booleans()),
    st.tuples(st.just("vanish"), users, st.booleans()),
)


# Long lists of acts take a while to draw where others use the machine too.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=40), st.data())
def test_u22_as_of_any_moment_is_what_was_there_then(
    sequence: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    """Also when some of the changes that are taken back are not in the rows yet, because
    the rows were read before them."""
    model = Model()
    taken: list[tuple[int, Shown]] = [(0, shown(model.now))]
    for name, *values in sequence:
        getattr(model, name)(*values)
        taken.append((len(model.steps), shown(model.now)))
    at, wanted = data.draw(st.sampled_from(taken))
    read = data.draw(st.sampled_from([t for t in taken if t[0] >= at]))
    rows = rebuilt(read[1])
    rows.take_back(reversed(model.steps[at:]))
    assert shown(rows) == wanted


def rebuilt(kept: Shown) -> Picture:
    departments, people, seats = kept
    return Picture(
        dict(departments),
        {
            userid: [Person(r, s, u, dict(v)) for r, s, u, v in held]
            for userid, held in people.items()
        },
        {userid: dict(held) for userid, held in seats.items()},
    )
