"""The planner's properties, and the guard's limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.connectors.records import EmployeeRecord, Snapshot
from sync import plan
from sync.guard import Limits, Present, guard
from sync.plan import Change, Entity, Kind, Rules
from tests.engine.strategies import employees, snapshots, targets

pytestmark = pytest.mark.alone


def applied(before: Snapshot, changes: list[Change]) -> Snapshot:
    """The independent meaning of a list of changes: take out, put in, sort."""
    rows: dict[Entity, dict[str, plan.Record]] = {entity: {} for entity in Entity}
    for department in before.departments:
        rows[Entity.DEPARTMENT][department.id] = department
    for employee in before.employees:
        rows[Entity.EMPLOYEE][employee.userid] = employee
    for one in before.memberships:
        rows[Entity.MEMBERSHIP][f"{one.userid}/{one.department_id}"] = one
    for change in changes:
        if change.after is None:
            del rows[change.entity][change.key]
        else:
            rows[change.entity][change.key] = change.after
    return Snapshot(
        departments=tuple(sorted(rows[Entity.DEPARTMENT].values(), key=repr)),  # type: ignore[arg-type]
        employees=tuple(sorted(rows[Entity.EMPLOYEE].values(), key=repr)),  # type: ignore[arg-type]
        memberships=tuple(sorted(rows[Entity.MEMBERSHIP].values(), key=repr)),  # type: ignore[arg-type]
    )


def in_one_order(side: Snapshot) -> Snapshot:
    return Snapshot(
        departments=tuple(sorted(side.departments, key=repr)),
        employees=tuple(sorted(side.employees, key=repr)),
        memberships=tuple(sorted(side.memberships, key=repr)),
    )


@given(snapshots, snapshots)
def test_applying_the_diff_of_a_and_b_to_a_gives_b(a: Snapshot, b: Snapshot) -> None:
    assert applied(a, list(plan.diff(a, b))) == in_one_order(b)


@given(snapshots)
def test_a_snapshot_does_not_differ_from_itself(side: Snapshot) -> None:
    assert list(plan.diff(side, side)) == []


@given(snapshots, snapshots)
def test_the_digest_names_exactly_one_plan(a: Snapshot, b: Snapshot) -> None:
    first = plan.summarize(plan.diff(a, b))
    assert plan.summarize(plan.diff(a, b)) == first
    assert plan.summarize(plan.diff(b, b)).size == 0
    assert (first.digest == plan.summarize(()).digest) == (first.size == 0)


@given(employees, st.sampled_from(targets))
def test_an_unknown_field_is_kept_for_everybody(
    people: tuple[EmployeeRecord, ...], target: str
) -> None:
    """F-49: absent is not empty where the read could not know."""
    blanked = tuple(
        EmployeeRecord(
            person.userid,
            person.unionid,
            {key: value for key, value in person.values.items() if key != target},
        )
        for person in people
    )
    rules = Rules(unknown=frozenset({target}))
    assert list(plan.diff_employees(people, blanked, rules)) == []
    changed = {c.key for c in plan.diff_employees(people, blanked, plan.PLAIN)}
    assert changed == {person.userid for person in people if target in person.values}


@given(employees)
def test_a_gate_that_the_read_does_not_know_blanks_nothing(
    people: tuple[EmployeeRecord, ...],
) -> None:
    rules = Rules(gates={"mobile": "gate"})
    blanked = tuple(
        EmployeeRecord(
            person.userid,
            person.unionid,
            {key: value for key, value in person.values.items() if key != "mobile"},
            known=frozenset({""}),
        )
        for person in people
    )
    assert list(plan.diff_employees(people, blanked, rules)) == []


@given(employees, employees)
def test_equal_fingerprints_mean_that_nothing_differs(
    left: tuple[EmployeeRecord, ...], right: tuple[EmployeeRecord, ...]
) -> None:
    rules = Rules(gates={"mobile": "fieldMobile", "email": "fieldEmail"})
    known = frozenset({"", "fieldMobile", "fieldEmail"})
    for one, other in zip(left, right, strict=False):
        a = EmployeeRecord("u", one.unionid, one.values, known=known)
        b = EmployeeRecord("u", other.unionid, other.values, known=known)
        same = plan.fingerprint(a, rules) == plan.fingerprint(b, rules)
        assert same == (not list(plan.diff_employees([a], [b], rules)))


def test_a_userid_with_another_unionid_is_another_person() -> None:
    """T-12, design 2.11."""
    old, new = EmployeeRecord("u", "a", {}), EmployeeRecord("u", "b", {})
    (change,) = plan.diff_employees([old], [new], plan.PLAIN)
    assert change.kind is Kind.REPLACE
    (late,) = plan.diff_employees([EmployeeRecord("u", "", {})], [new], plan.PLAIN)
    assert late.kind is Kind.UPDATE
    missing = EmployeeRecord("u", "", {})
    assert list(plan.diff_employees([old], [missing], plan.PLAIN)) == []


def test_a_stream_out_of_order_is_refused_and_not_read_as_absence() -> None:
    people = [EmployeeRecord("b", "", {}), EmployeeRecord("a", "", {})]
    with pytest.raises(ValueError, match="not in order"):
        list(plan.diff_employees(people, [], plan.PLAIN))


def losing(people: int = 0, replaced: int = 0, departments: int = 0) -> plan.Plan:
    return plan.Plan(
        {},
        "",
        absent=tuple(f"u{n}" for n in range(people)),
        replaced=tuple(f"r{n}" for n in range(replaced)),
        departments_removed=tuple(f"d{n}" for n in range(departments)),
    )


@pytest.mark.parametrize(
    ("lost", "active", "reasons"),
    [
        (5, 10, []),
        (6, 10, ["people"]),
        (6, 60, []),
        (100, 1000, []),
        (101, 1000, ["people"]),
    ],
)
def test_the_guard_holds_above_the_larger_of_five_and_ten_percent(
    lost: int, active: int, reasons: list[str]
) -> None:
    held = guard(losing(lost), Limits(), Present(active, 9))
    assert [one.reason for one in held] == reasons


@pytest.mark.parametrize(
    ("lost", "present", "reasons"),
    [(3, 4, []), (4, 4, ["departments"]), (4, 20, []), (5, 20, ["departments"])],
)
def test_the_guard_holds_above_the_larger_of_three_and_a_fifth_of_the_departments(
    lost: int, present: int, reasons: list[str]
) -> None:
    held = guard(losing(departments=lost), Limits(), Present(9, present))
    assert [one.reason for one in held] == reasons


def test_the_guard_counts_people_replaced_with_those_who_are_missing() -> None:
    """F-57."""
    plan_ = losing(people=3, replaced=3)
    (held,) = guard(plan_, Limits(), Present(10, 1))
    assert (held.reason, held.count, held.limit) == ("people", 6, 5)
    all_new = guard(losing(replaced=40), Limits(), Present(40, 1))
    assert {one.reason for one in all_new} == {"people", "identities"}


def test_an_empty_root_is_held_whatever_the_numbers() -> None:
    """F-47."""
    held = guard(losing(), Limits(), Present(1, 1), empty_root=True)
    assert [one.reason for one in held] == ["empty_root"]


def test_the_first_run_with_new_credentials_may_end_nobody() -> None:
    one = guard(losing(1), Limits(), Present(999, 1), new_credentials=True)
    assert [held.reason for held in one] == ["credentials"]
    none = guard(losing(0), Limits(), Present(999, 1), new_credentials=True)
    assert none == ()
