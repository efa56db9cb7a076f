"""Reading a scope: every person and department, in the fewest calls, faults told."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from identity.connectors import errors
from identity.connectors.base import CrawlStopped
from identity.connectors.dingtalk import client as calls
from identity.connectors.dingtalk.calling import TOKEN
from identity.connectors.dingtalk.connector import DingTalk
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.records import (
    NOTES,
    WHOLE,
    Batch,
    DepartmentRead,
    DepartmentRecord,
    EmployeeRecord,
    Fault,
    FaultKind,
    MembershipRecord,
    Scope,
)
from tests.connectors.conftest import CountingGate

pytestmark = pytest.mark.alone

MakeSimulator = Callable[..., Simulator]


class Taken:
    """A stream, taken in whole."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = batches
        self.departments: dict[str, DepartmentRecord] = {}
        for department in (d for batch in batches for d in batch.departments):
            assert department.id not in self.departments, "a record came twice"
            self.departments[department.id] = department
        self.employees: dict[str, EmployeeRecord] = {
            e.userid: e for batch in batches for e in batch.employees
        }
        self.memberships: list[MembershipRecord] = [
            m for batch in batches for m in batch.memberships
        ]
        self.reads: dict[str, DepartmentRead] = {}
        for read in (r for batch in batches for r in batch.reads):
            assert read.department_id not in self.reads, "a read was told twice"
            self.reads[read.department_id] = read
        self.faults: list[Fault] = [f for batch in batches for f in batch.faults]
        self.gone = [userid for batch in batches for userid, _read in batch.gone]
        self.calls = sum(batch.calls for batch in batches)

    @property
    def complete(self) -> bool:
        return self.kinds.keys() <= NOTES and all(
            read.complete for read in self.reads.values()
        )

    @property
    def kinds(self) -> Counter[FaultKind]:
        return Counter(fault.kind for fault in self.faults)

    @property
    def places(self) -> set[tuple[str, str]]:
        return {(m.userid, m.department_id) for m in self.memberships}


Take = Callable[..., Taken]


@pytest.fixture
def take(dingtalk: DingTalk) -> Take:
    """Take a scope in whole; the whole company if none is named."""

    def take(scope: Scope = WHOLE, **options: Any) -> Taken:
        return Taken(list(dingtalk.snapshot(scope, **options)))

    return take


def expected_places(simulator: Simulator) -> set[tuple[str, str]]:
    people = simulator.company.people.values()
    return {(p.userid, str(n)) for p in people for n in p.department_ids}


def departments_of(simulator: Simulator) -> dict[str, str | None]:
    return {
        str(d.id): str(d.parent_id) if d.parent_id else None
        for d in simulator.company.departments.values()
        if d.real
    }


def leaf_and_parent(simulator: Simulator) -> tuple[int, int]:
    """A department without children below one that is not the root."""
    company = simulator.company
    return next(
        (d.id, d.parent_id)
        for d in company.departments.values()
        if d.real and d.parent_id not in (None, 1) and not company.children(d.id)
    )


def stream_of(dingtalk: DingTalk) -> Generator[Batch, None, None]:
    """The stream as what it is, so that it can be closed."""
    stream = dingtalk.snapshot(WHOLE)
    assert isinstance(stream, Generator)
    return stream


# --- the whole company ---


def test_a_whole_read_brings_exactly_the_company(
    take: Take, simulator: Simulator
) -> None:
    taken = take()
    assert taken.complete
    assert {d.id: d.parent_id for d in taken.departments.values()} == departments_of(
        simulator
    )
    assert taken.departments["1"].name == simulator.company.name
    assert taken.employees.keys() == simulator.company.people.keys()
    assert taken.places == expected_places(simulator)
    assert taken.reads.keys() == taken.departments.keys()


def test_a_clean_whole_read_needs_the_fewest_calls(
    dingtalk: DingTalk, make_simulator: MakeSimulator
) -> None:
    """Budget: 1 token, D listsub, P pages, the range and the root's name."""
    simulator = make_simulator(employees=900, departments=60, seed=5)
    dingtalk.credentials = vars(simulator.credentials)
    for n in range(250):
        simulator.company.hire(f"Crowd {n}", 501001)
    taken = Taken(list(dingtalk.snapshot(WHOLE)))
    direct = Counter(department for _userid, department in taken.places)
    departments = len(taken.departments)
    pages = sum(max(1, -(-direct[d] // 100)) for d in taken.departments)
    assert pages > departments
    assert simulator.calls == {
        TOKEN: 1,
        calls.SCOPES: 1,
        calls.DEPARTMENT: 1,
        calls.SUB_DEPARTMENTS: departments,
        calls.MEMBERS: pages,
    }
    assert taken.calls == simulator.calls.total() == 1 + departments + pages + 2


def test_children_keep_their_order(take: Take, simulator: Simulator) -> None:
    taken = take()
    for parent in taken.departments:
        below = [d for d in taken.departments.values() if d.parent_id == parent]
        wanted = [str(d.id) for d in simulator.company.children(int(parent)) if d.real]
        assert [d.id for d in sorted(below, key=lambda d: d.order)] == wanted


def test_order_and_leader_come_with_the_department_they_belong_to(
    take: Take, simulator: Simulator
) -> None:
    person = simulator.company.hire("Two Hats", 501001, 501002)
    simulator.company.lead(person.userid, 501002)
    found = [m for m in take().memberships if m.userid == person.userid]
    known = {m.department_id: (m.order, m.leader) for m in found if m.order}
    assert known == {
        "501001": (person.departments[501001], False),
        "501002": (person.departments[501002], True),
    }


def test_every_odd_kind_of_person_comes(take: Take, simulator: Simulator) -> None:
    """Access-restricted, not activated, without a mobile, in the root itself."""
    company = simulator.company
    restricted = company.hire("Restricted", restricted=True)
    inactive = company.hire("Inactive", active=False)
    silent = company.hire("No Mobile", mobile="")
    twin = company.hire("No Mobile", mobile="")
    taken = take()
    wanted = {p.userid for p in (restricted, inactive, silent, twin)}
    assert wanted <= taken.employees.keys()
    assert (restricted.userid, "1") in taken.places
    assert "mobile" not in taken.employees[silent.userid].values


def test_the_first_number_of_a_read_is_that_of_its_first_page(
    take: Take, simulator: Simulator, gate: CountingGate
) -> None:
    for n in range(150):
        simulator.company.hire(f"Crowd {n}", 501001)
    taken = take()
    firsts = {read.first for read in taken.reads.values()}
    assert firsts < set(gate.passed[calls.MEMBERS])
    pages = {m.read for m in taken.memberships if m.department_id == "501001"}
    assert taken.reads["501001"].first == min(pages)


def test_the_walk_and_the_pages_go_on_at_the_same_time(
    dingtalk: DingTalk, make_simulator: MakeSimulator, gate: CountingGate
) -> None:
    """Budget: one after the other would take twice as long."""
    simulator = make_simulator(employees=200, departments=120, seed=3)
    dingtalk.credentials = vars(simulator.credentials)
    simulator.latency = 0.01
    list(dingtalk.snapshot(WHOLE))
    walk, pages = gate.passed[calls.SUB_DEPARTMENTS], gate.passed[calls.MEMBERS]
    assert len(walk) == len(pages) == 121
    assert sum(number < max(walk) for number in pages) > 60
    assert sum(number < max(pages) for number in walk) > 60


def test_nothing_is_accumulated_while_the_consumer_is_slow(
    dingtalk: DingTalk, make_simulator: MakeSimulator
) -> None:
    """Memory: reading waits for the consumer; a few batches are ahead of it."""
    simulator = make_simulator(employees=600, departments=300, seed=2)
    dingtalk.credentials = vars(simulator.credentials)
    with closing(stream_of(dingtalk)) as stream:
        next(stream)
        time.sleep(0.6)
        assert simulator.calls[calls.MEMBERS] < 30


def test_a_deep_chain_is_walked_without_recursion(
    take: Take, simulator: Simulator
) -> None:
    """F-46: depth 200, and more children than anybody has."""
    parent = 1
    for level in range(200):
        parent = simulator.company.add_department(f"L{level}", parent).id
    for n in range(300):
        simulator.company.add_department(f"W{n}", 501001)
    taken = take()
    assert taken.complete
    assert len(taken.departments) == 9 + 200 + 300


def test_a_department_of_thousands_is_read_to_its_end(
    take: Take, simulator: Simulator
) -> None:
    """F-46."""
    for n in range(2500):
        simulator.company.hire(f"Crowd {n}", 501003)
    taken = take()
    assert taken.complete
    assert taken.employees.keys() == simulator.company.people.keys()


# --- a range that is not All Employees ---


def test_a_narrow_range_is_read_from_its_tops_and_its_single_people(
    take: Take, simulator: Simulator
) -> None:
    """Start from what is authorised, not from 1."""
    company = simulator.company
    loner = company.hire("Loner", 501002)
    simulator.narrow({501001}, {loner.userid})
    taken = take()
    below = set(map(str, company.subtree([501001])))
    assert taken.complete
    assert taken.departments.keys() == below
    assert taken.departments["501001"].parent_id == "1"
    inside = {p.userid for n in below for p in company.members(int(n))}
    assert taken.employees.keys() == inside | {loner.userid}
    assert (loner.userid, "501002") in taken.places


def test_an_empty_range_is_a_clean_read_of_nothing(
    take: Take, simulator: Simulator
) -> None:
    """F-47: the guard holds it, because the directory is not empty."""
    simulator.narrow(set())
    taken = take()
    assert taken.complete
    assert taken.kinds == {FaultKind.EMPTY_RANGE: 1}
    assert (taken.departments, taken.employees, taken.reads) == ({}, {}, {})
    assert taken.calls == 2


# --- a chosen scope ---


def test_chosen_departments_come_with_all_below_them_and_nothing_else(
    take: Take, simulator: Simulator
) -> None:
    taken = take(Scope(departments=frozenset({"501001"})))
    below = set(map(str, simulator.company.subtree([501001])))
    assert taken.complete
    assert taken.departments.keys() == below
    assert taken.departments["501001"].name == (
        simulator.company.department(501001).name
    )
    assert simulator.calls[calls.SCOPES] == 0


def test_a_parent_and_its_descendant_chosen_together_are_read_once(
    take: Take, simulator: Simulator
) -> None:
    """I-13: collapsed."""
    leaf, _parent = leaf_and_parent(simulator)
    top = simulator.company.path(leaf)[-2]
    taken = take(Scope(departments=frozenset({str(leaf), str(top)})))
    below = simulator.company.subtree([top])
    assert taken.complete
    assert taken.departments.keys() == set(map(str, below))
    assert simulator.calls[calls.SUB_DEPARTMENTS] == len(below)
    alone = Taken(list(take(Scope(departments=frozenset({str(top)}))).batches))
    assert taken.departments[str(leaf)].order == alone.departments[str(leaf)].order


def test_the_root_can_be_chosen_like_any_department(
    take: Take, simulator: Simulator
) -> None:
    taken = take(Scope(departments=frozenset({"1", "501001"})))
    assert taken.complete
    assert taken.departments.keys() == departments_of(simulator).keys()
    assert taken.departments["1"].parent_id is None


def test_a_chosen_department_that_is_gone_is_completely_read_as_absent(
    take: Take, gate: CountingGate
) -> None:
    taken = take(Scope(departments=frozenset({"999999"})))
    assert taken.departments == {}
    assert taken.reads["999999"].complete
    assert taken.reads["999999"].first in gate.passed[calls.DEPARTMENT]
    assert taken.faults == []


def test_a_chosen_department_outside_of_the_range_is_a_fault(
    take: Take, simulator: Simulator
) -> None:
    simulator.narrow({501001})
    taken = take(Scope(departments=frozenset({"501001", "501002"})))
    assert [(f.kind, f.where) for f in taken.faults] == [
        (FaultKind.OUT_OF_SCOPE, "501002")
    ]
    assert not taken.reads["501002"].complete
    assert "501001" in taken.departments


@pytest.mark.parametrize("key", ["0", "-1", "x", str(2**63), "501001 "])
def test_an_id_that_no_department_can_have_is_a_fault(take: Take, key: str) -> None:
    """I-13."""
    taken = take(Scope(departments=frozenset({key, "501001"})))
    assert [fault.where for fault in taken.faults] == [key]
    assert "501001" in taken.departments


def test_a_shallow_scope_reads_the_department_alone(
    take: Take, simulator: Simulator
) -> None:
    taken = take(Scope(departments=frozenset({"501001"}), deep=False))
    assert taken.departments.keys() == {"501001"}
    members = simulator.company.members(501001)
    assert taken.employees.keys() == {p.userid for p in members}
    assert simulator.calls[calls.SUB_DEPARTMENTS] == 0


def test_without_people_only_departments_are_read(
    take: Take, simulator: Simulator
) -> None:
    """A6: nobody's membership is read."""
    taken = take(Scope(people=False))
    assert taken.complete
    assert taken.departments.keys() == departments_of(simulator).keys()
    assert taken.reads.keys() == taken.departments.keys()
    assert (taken.employees, taken.memberships) == ({}, [])
    assert simulator.calls[calls.MEMBERS] == 0


def test_single_people_are_asked_for_and_the_gone_are_named(
    take: Take, simulator: Simulator
) -> None:
    company = simulator.company
    here, left = company.hire("Here", 501001), company.hire("Left")
    company.let_go(left.userid)
    wanted = frozenset({here.userid, left.userid})
    taken = take(Scope(departments=frozenset(), employees=wanted))
    assert taken.employees.keys() == {here.userid}
    assert taken.gone == [left.userid]
    assert taken.faults == []
    assert taken.places == {(here.userid, "501001")}
    assert simulator.calls == {TOKEN: 1, calls.USER: 2}


def test_single_people_outside_of_the_range_are_faults_and_not_gone(
    take: Take, simulator: Simulator
) -> None:
    person = simulator.company.hire("Outside", 501002)
    simulator.narrow({501001})
    scope = Scope(departments=frozenset(), employees=frozenset({person.userid}))
    taken = take(scope)
    assert taken.kinds == {FaultKind.OUT_OF_SCOPE: 1}
    assert taken.gone == []


# --- permissions ---


def test_without_the_department_permission_there_is_nothing_to_read(
    take: Take, simulator: Simulator
) -> None:
    """S048, F-47."""
    simulator.permissions.discard("qyapi_get_department_list")
    with pytest.raises(errors.PermissionMissing) as caught:
        take()
    assert caught.value.scopes == ("qyapi_get_department_list",)
    assert simulator.calls[calls.SUB_DEPARTMENTS] == 1


def test_without_the_member_list_departments_come_and_one_fault(
    take: Take, simulator: Simulator
) -> None:
    """S050: that API's pool stops at once; the walk goes on."""
    simulator.permissions.discard("qyapi_get_department_member")
    simulator.latency = 0.005
    taken = take()
    assert taken.departments.keys() == departments_of(simulator).keys()
    assert taken.kinds == {FaultKind.PERMISSION: 1}
    assert "qyapi_get_department_member" in taken.faults[0].message
    assert "appscope/apply" in taken.faults[0].remedy
    assert taken.reads.keys() == taken.departments.keys()
    assert not any(read.complete for read in taken.reads.values())
    assert simulator.calls[calls.MEMBERS] <= 4  # those under way at the same time


def test_a_permission_withdrawn_half_way_stops_the_walk_and_keeps_what_came(
    take: Take, simulator: Simulator
) -> None:
    """F-48: adds and updates are allowed, removals are not."""
    simulator.faults.before(
        calls.SUB_DEPARTMENTS,
        3,
        lambda: simulator.permissions.discard("qyapi_get_department_list"),
    )
    taken = take()
    assert taken.kinds[FaultKind.PERMISSION] == 1
    assert taken.departments
    assert not taken.complete
    assert taken.reads.keys() == taken.departments.keys()


def test_without_the_user_permission_single_people_are_one_fault(
    take: Take, simulator: Simulator
) -> None:
    """S049."""
    simulator.permissions.discard("qyapi_get_member")
    everybody = frozenset(simulator.company.people)
    simulator.latency = 0.005
    taken = take(Scope(departments=frozenset(), employees=everybody))
    assert taken.kinds == {FaultKind.PERMISSION: 1}
    assert taken.gone == []
    assert simulator.calls[calls.USER] <= 4


@pytest.mark.parametrize(
    ("scope", "keys"),
    [
        ("fieldMobile", {"mobile", "state_code"}),
        ("fieldEmail", {"email", "org_email", "work_place", "remark", "extension"}),
    ],
)
def test_a_field_permission_goes_silently_and_its_keys_are_just_missing(
    take: Take, simulator: Simulator, scope: str, keys: set[str]
) -> None:
    """S046, S047, F-49: whether that is unknown, the whole read says."""
    simulator.permissions.discard(scope)
    taken = take()
    assert taken.complete
    seen = {key for e in taken.employees.values() for key in e.values}
    assert seen.isdisjoint(keys)
    assert all(scope in e.known for e in taken.employees.values())


# --- one department, or one object ---


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("50004", FaultKind.OUT_OF_SCOPE),
        ("60003", FaultKind.CHANGED),
    ],
)
@pytest.mark.parametrize("path", [calls.MEMBERS, calls.SUB_DEPARTMENTS])
def test_a_department_that_cannot_be_read_is_one_fault_and_the_rest_goes_on(
    take: Take, simulator: Simulator, code: str, kind: FaultKind, path: str
) -> None:
    """F-48: one department is out of range, or vanished while it was read."""
    leaf, _parent = leaf_and_parent(simulator)
    simulator.faults.add(effects.error(code), path, body={"dept_id": leaf})
    taken = take()
    assert [(f.kind, f.where) for f in taken.faults] == [(kind, str(leaf))]
    incomplete = {r.department_id for r in taken.reads.values() if not r.complete}
    assert incomplete == {str(leaf)}
    assert taken.departments.keys() == departments_of(simulator).keys()


def test_a_department_that_hangs_below_itself_is_named(
    take: Take, simulator: Simulator
) -> None:
    """F-44: A above B above A."""
    leaf, parent = leaf_and_parent(simulator)
    simulator.company.show_under(parent, leaf)
    taken = take()
    assert [(f.kind, f.where) for f in taken.faults] == [(FaultKind.CYCLE, str(parent))]
    assert taken.departments.keys() == departments_of(simulator).keys()


def test_a_department_that_is_its_own_parent_is_named(
    take: Take, simulator: Simulator
) -> None:
    """F-44."""
    leaf, parent = leaf_and_parent(simulator)
    simulator.company.distort_department(leaf, parent_id=leaf)
    taken = take()
    assert [(f.kind, f.where) for f in taken.faults] == [(FaultKind.CYCLE, str(leaf))]
    assert taken.departments[str(leaf)].parent_id == str(parent)


def test_a_department_seen_in_two_places_was_moved_meanwhile(
    take: Take, simulator: Simulator
) -> None:
    leaf, parent = leaf_and_parent(simulator)
    elsewhere = next(
        d.id
        for d in simulator.company.departments.values()
        if d.real
        and d.id not in (leaf, parent, 1)
        and d.id not in simulator.company.path(leaf)
    )
    simulator.company.show_under(leaf, elsewhere)
    taken = take()
    assert [(f.kind, f.where) for f in taken.faults] == [(FaultKind.CHANGED, str(leaf))]


def test_a_department_whose_parent_is_missing_is_asked_for_once_and_kept(
    take: Take, simulator: Simulator
) -> None:
    """F-45."""
    leaf, _parent = leaf_and_parent(simulator)
    simulator.company.distort_department(leaf, parent_id=999999)
    taken = take()
    assert [(f.kind, f.where) for f in taken.faults] == [(FaultKind.ORPHAN, str(leaf))]
    assert taken.departments[str(leaf)].parent_id == "999999"
    assert simulator.calls[calls.DEPARTMENT] == 2
    members = {p.userid for p in simulator.company.members(leaf)}
    assert members <= taken.employees.keys()


def test_a_department_that_only_peoples_records_name_is_asked_for(
    take: Take, simulator: Simulator
) -> None:
    """F-45: created, or hidden from its parent, while the tree was read."""
    leaf, parent = leaf_and_parent(simulator)
    person = simulator.company.hire("Both", 501001, leaf)
    simulator.faults.add(
        effects.altered(lambda content: content | {"result": []}),
        calls.SUB_DEPARTMENTS,
        body={"dept_id": parent},
    )
    taken = take()
    assert taken.departments[str(leaf)].parent_id == str(parent)
    assert taken.reads[str(leaf)].complete
    assert (person.userid, str(leaf)) in taken.places


def test_a_department_that_only_a_stale_record_names_is_no_fault(
    take: Take, simulator: Simulator
) -> None:
    """I-33: unknown ids."""
    person = simulator.company.hire("Stale", 501001)
    simulator.company.distort(person.userid, dept_id_list=[501001, 888888])
    taken = take()
    assert taken.complete
    assert (person.userid, "888888") in taken.places


@pytest.mark.parametrize("keys", [{"name": 7, "userid": None}, {"dept_id_list": "x"}])
def test_a_malformed_person_is_one_fault_and_the_rest_comes(
    take: Take, simulator: Simulator, keys: dict[str, Any]
) -> None:
    """F-55."""
    person = simulator.company.hire("Broken", 501001)
    broken = {"name": person.name, "userid": person.userid} | keys

    def spoil(content: dict[str, Any]) -> None:
        for item in content["result"]["list"]:
            item.update(broken if item["userid"] == person.userid else {})

    simulator.faults.add(effects.altered(spoil), calls.MEMBERS)
    taken = take()
    assert taken.kinds == {FaultKind.MALFORMED: 1}
    others = simulator.company.people.keys() - {person.userid}
    assert taken.employees.keys() == others
    incomplete = {r.department_id for r in taken.reads.values() if not r.complete}
    assert incomplete == {"501001"}


def test_a_malformed_department_is_one_fault_and_the_rest_comes(
    take: Take, simulator: Simulator
) -> None:
    """F-55."""
    leaf, parent = leaf_and_parent(simulator)
    simulator.company.distort_department(leaf, dept_id="12x")
    taken = take()
    assert taken.kinds.keys() == {FaultKind.MALFORMED}
    assert str(parent) in {fault.where for fault in taken.faults}
    assert not taken.reads[str(parent)].complete


def test_the_same_person_twice_in_a_page_is_one(
    take: Take, simulator: Simulator
) -> None:
    """F-41."""
    simulator.faults.add("twice", calls.MEMBERS)
    taken = take()
    assert taken.complete
    came = Counter(e.userid for batch in taken.batches for e in batch.employees)
    in_one_page = [
        max(Counter(e.userid for e in batch.employees).values())
        for batch in taken.batches
        if batch.employees
    ]
    assert came.keys() == simulator.company.people.keys()
    assert set(in_one_page) == {1}


def test_two_people_with_everything_in_common_are_two(
    take: Take, simulator: Simulator
) -> None:
    """F-43, I-34: attributes and even the unionid are no keys of a read."""
    same = {"mobile": "13900000001", "email": "a@b.test", "job_number": "E1"}
    one = simulator.company.hire("Same", 501001, userid="Aa", unionid="u", **same)
    two = simulator.company.hire("Same", 501001, userid="aA", unionid="u", **same)
    taken = take()
    assert {one.userid, two.userid} <= taken.employees.keys()


def test_values_printed_as_text_are_read_all_the_same(
    take: Take, simulator: Simulator
) -> None:
    """The documentation's own examples print numbers and booleans as text."""
    plain = take()
    simulator.faults.add("everything_text", "/topapi/*")
    spelled = take()
    assert spelled.complete
    assert spelled.places == plain.places
    assert {d.id: d.parent_id for d in spelled.departments.values()} == {
        d.id: d.parent_id for d in plain.departments.values()
    }


# --- what ends a read ---


@pytest.mark.parametrize("fault", ["stuck_cursor", "cursor_back", "endless"])
def test_paging_without_an_end_fails_soon(
    take: Take, simulator: Simulator, fault: str
) -> None:
    """F-42: at most two more calls after the first repeat."""
    simulator.company.hire("Somebody", 501001)
    simulator.faults.add(fault, calls.MEMBERS, body={"dept_id": 501001})
    with pytest.raises(errors.Unexpected) as caught:
        take(Scope(departments=frozenset({"501001"}), deep=False))
    assert caught.value.code == "cursor"
    assert simulator.calls[calls.MEMBERS] <= 4


@pytest.mark.parametrize(
    ("fault", "path", "kind"),
    [
        ("address_refused", calls.SCOPES, errors.AddressRejected),
        ("app_stopped", calls.MEMBERS, errors.CredentialsRejected),
        ("token_invalid", calls.MEMBERS, errors.CredentialsRejected),
        ("quota_used_up", calls.SUB_DEPARTMENTS, errors.Throttled),
        ("banned_json", calls.MEMBERS, errors.Throttled),
        ("busy", calls.MEMBERS, errors.Unreachable),
        ("truncated", calls.SUB_DEPARTMENTS, errors.Unreachable),
        ("result_null", calls.MEMBERS, errors.Unexpected),
        ("result_a_list", calls.SUB_DEPARTMENTS, errors.Unexpected),
        ("no_result", calls.SUB_DEPARTMENTS, errors.Unexpected),
        (effects.without("has_more"), calls.MEMBERS, errors.Unexpected),
        (effects.without("list"), calls.MEMBERS, errors.Unexpected),
        ("banned_page", calls.MEMBERS, errors.Unexpected),
        (effects.error("31415"), calls.MEMBERS, errors.Unexpected),
    ],
)
def test_what_nothing_more_can_be_read_after_ends_the_read(
    take: Take,
    simulator: Simulator,
    gate: CountingGate,
    fault: str | effects.Effect,
    path: str,
    kind: type[errors.ConnectorError],
) -> None:
    """F-32 to F-40, F-50, F-51, R7; the threads end and give back what they hold."""
    simulator.faults.add(fault, path)
    with pytest.raises(kind):
        take()
    assert_no_reader_is_left()
    if path != calls.SCOPES:
        assert len(gate.released) == 8


def test_a_passing_fault_costs_a_call_and_nothing_else(
    take: Take, simulator: Simulator
) -> None:
    """Budget: at most 1.02 times the calls with one fault in a hundred."""
    clean = take()
    simulator.faults.add("busy", "/topapi/*", nth=[3, 9])
    again = take()
    assert again.complete
    assert again.employees.keys() == clean.employees.keys()
    assert again.calls == clean.calls - 1 + 2  # the token is kept


def test_a_token_that_dies_in_the_middle_is_asked_for_once(
    take: Take, simulator: Simulator
) -> None:
    """F-50."""
    simulator.faults.before(calls.MEMBERS, 4, simulator.revoke_tokens)
    taken = take()
    assert taken.complete
    assert simulator.calls[TOKEN] == 2


# --- stopping ---


def reader_threads() -> list[str]:
    lanes = ("departments-", "members-", "people-", "details-")
    return [t.name for t in threading.enumerate() if t.name.startswith(lanes)]


def assert_no_reader_is_left() -> None:
    until = time.monotonic() + 2
    while reader_threads() and time.monotonic() < until:
        time.sleep(0.01)
    assert reader_threads() == []


def test_stop_is_asked_and_ends_the_read(
    take: Take, simulator: Simulator, gate: CountingGate
) -> None:
    simulator.latency = 0.02

    def stop() -> bool:
        return simulator.calls[calls.SUB_DEPARTMENTS] > 0

    with pytest.raises(CrawlStopped):
        take(stop=stop)
    assert_no_reader_is_left()
    assert len(gate.released) == 8
    assert simulator.calls[calls.SUB_DEPARTMENTS] < 9


def test_a_read_that_is_stopped_at_once_sends_nothing(
    take: Take, simulator: Simulator
) -> None:
    with pytest.raises(CrawlStopped):
        take(stop=lambda: True)
    assert not simulator.calls


def test_stop_does_not_wait_for_retries(
    take: Take, simulator: Simulator, settings: Any
) -> None:
    """Cancel ends a run in less than 5 seconds whatever a call waits for."""
    settings.DINGTALK_RETRY_BASE = 20.0
    simulator.faults.add("busy", calls.MEMBERS)
    began = time.monotonic()
    with pytest.raises(CrawlStopped):
        take(stop=lambda: time.monotonic() - began > 0.5)
    assert time.monotonic() - began < 3
    assert_no_reader_is_left()


def test_a_consumer_that_goes_away_ends_the_read(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    simulator.latency = 0.02
    with closing(stream_of(dingtalk)) as stream:
        next(stream)
    assert_no_reader_is_left()


# --- details ---


def test_details_cost_one_call_a_person_and_bring_manager_and_roles(
    take: Take, simulator: Simulator
) -> None:
    company = simulator.company
    boss = company.hire("Boss", 501001)
    both = company.hire("Both", 501001, 501002, manager_userid=boss.userid)
    company.update(both.userid, roles=[next(iter(company.roles))])
    taken = take(details=True)
    assert taken.complete
    assert simulator.calls[calls.USER] == len(company.people)
    assert taken.employees.keys() == company.people.keys()
    record = taken.employees[both.userid]
    assert record.values["manager_userid"] == boss.userid
    assert record.values["main_department"] in {"501001", "501002"}
    assert record.values["roles"] == next(iter(company.roles.values())).name
    assert all("detail" in e.known for e in taken.employees.values())
    assert taken.places == expected_places(simulator)


def test_without_details_nobody_is_asked_for_singly(
    take: Take, simulator: Simulator
) -> None:
    taken = take()
    assert simulator.calls[calls.USER] == 0
    assert not any("detail" in e.known for e in taken.employees.values())


def test_details_that_may_not_be_read_leave_the_records_of_the_list(
    take: Take, simulator: Simulator
) -> None:
    """S049: one fault, everybody still comes, and nobody is asked for in vain."""
    simulator.permissions.discard("qyapi_get_member")
    simulator.latency = 0.005
    taken = take(details=True)
    assert taken.kinds == {FaultKind.PERMISSION: 1}
    assert taken.employees.keys() == simulator.company.people.keys()
    assert not any("detail" in e.known for e in taken.employees.values())
    assert simulator.calls[calls.USER] <= 4


def test_somebody_who_vanishes_between_list_and_detail_is_asked_for_again(
    take: Take, simulator: Simulator
) -> None:
    """F-53: changed during the read, not complete, and not gone."""
    person = simulator.company.hire("Vanishing", 501001)
    simulator.faults.add(
        effects.error("60121"), calls.USER, body={"userid": person.userid}
    )
    taken = take(details=True)
    assert [(f.kind, f.where) for f in taken.faults] == [
        (FaultKind.CHANGED, person.userid)
    ]
    assert person.userid not in taken.employees
    assert taken.gone == []
    assert simulator.calls[calls.USER] == len(simulator.company.people) + 1


def test_somebody_who_is_found_at_the_second_question_is_complete(
    take: Take, simulator: Simulator
) -> None:
    """F-53: settled."""
    person = simulator.company.hire("Flickering", 501001)
    fault = effects.error("60121")
    simulator.faults.add(fault, calls.USER, body={"userid": person.userid}, times=1)
    taken = take(details=True)
    assert taken.complete
    assert person.userid in taken.employees


def test_a_stream_can_be_read_while_another_one_is(dingtalk: DingTalk) -> None:
    """Two reads share nothing but the token and the gate."""
    streams: list[Iterator[Batch]] = [dingtalk.snapshot(WHOLE) for _ in range(2)]
    taken: list[list[Batch]] = [[], []]
    with contextlib.suppress(StopIteration):
        while True:
            for index, stream in enumerate(streams):
                taken[index].append(next(stream))
    for index, stream in enumerate(streams):
        taken[index].extend(stream)
    first, second = (Taken(batches) for batches in taken)
    assert first.employees.keys() == second.employees.keys()
    assert first.complete
    assert second.complete
