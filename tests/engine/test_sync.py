"""Whole runs against the simulated company: exact, minimal, repeatable."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync.models import Change, Department, Employee, Membership, SyncRun
from tests.engine.conftest import Sync
from tests.engine.oracle import assert_equal

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)


def numbers() -> list[tuple[str, int]]:
    """Every row's read number: a write, even of the same values, would change it."""
    return [
        *Department.objects.order_by("pk").values_list("source_id", "read_number"),
        *Employee.objects.order_by("pk").values_list("userid", "read_number"),
        *Membership.objects.order_by("pk").values_list(
            "employee__userid", "read_number"
        ),
    ]


def test_the_first_run_makes_the_directory_equal_to_the_company(
    sync: Sync, idp: IdentityProvider, simulator: Simulator
) -> None:
    """S003, S128: Synchronize All."""
    run = sync()
    assert (run.state, run.error_cause) == (State.SUCCESS, "")
    assert_equal(idp, simulator.company)
    assert run.counts["created"] == len(simulator.company.people)


def test_a_second_run_without_changes_writes_no_row(
    sync: Sync, simulator: Simulator
) -> None:
    sync()
    before = numbers()
    with CaptureQueriesContext(connection) as queries:
        run = sync()
    assert run.state == State.SUCCESS
    assert not any(run.counts.values())
    assert numbers() == before
    written = [
        q["sql"]
        for q in queries
        if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
        and "stage_" not in q["sql"]
    ]
    touched = {name for name in DIRECTORY if any(f'"{name}"' in q for q in written)}
    assert touched == set()
    assert not Change.objects.filter(run=run).exists()


DIRECTORY = ("sync_department", "sync_employee", "sync_membership", "sync_change")


def test_calls_are_the_minimum(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """performance.md goal 1: 1 + D + P and three constant ones."""
    company = simulator.company
    for number in range(150):
        company.hire(f"人{number}", company.real_departments()[1].id)
    simulator.calls.clear()
    run = sync()
    departments = company.real_departments()
    pages = sum(max(1, -(-len(company.members(d.id)) // 100)) for d in departments)
    assert simulator.calls["/topapi/v2/department/listsub"] == len(departments)
    assert simulator.calls["/topapi/v2/user/list"] == pages
    assert sum(simulator.calls.values()) <= 1 + len(departments) + pages + 3
    assert run.calls == sum(simulator.calls.values())


def test_one_percent_changed_writes_exactly_those_rows(
    sync: Sync, simulator: Simulator
) -> None:
    sync()
    some = sorted(simulator.company.people)[:3]
    before = dict(Employee.objects.values_list("userid", "read_number"))
    for userid in some:
        simulator.company.update(userid, title="Changed")
    run = sync()
    after = dict(Employee.objects.values_list("userid", "read_number"))
    assert sorted(u for u in after if after[u] != before[u]) == some
    assert run.counts["updated"] == 3
    assert Change.objects.filter(run=run).count() == 3
    change = Change.objects.filter(run=run, key=some[0]).get()
    assert change.after == {"title": "Changed"}


def test_who_leaves_is_left_and_who_comes_back_is_the_same_person(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """F-69's end: same `sub`, same row."""
    company = simulator.company
    sync()
    userid = sorted(company.people)[0]
    person = company.people[userid]
    row = Employee.objects.get(userid=userid)
    company.let_go(userid)
    run = sync()
    assert (run.counts["left"], run.state) == (1, State.SUCCESS)
    row.refresh_from_db()
    assert row.status == Employee.Status.LEFT
    assert row.left_at is not None
    assert not row.memberships.exists()
    company.hire("Back again", userid=userid, unionid=person.unionid)
    run = sync()
    assert run.counts["returned"] == 1
    back = Employee.objects.get(userid=userid)
    assert (back.pk, back.sub, back.status) == (row.pk, row.sub, "active")
    assert_equal(idp, company)


def test_a_userid_given_to_somebody_else_starts_a_new_row(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """T-12, design 2.11, I-34."""
    company = simulator.company
    sync()
    userid = sorted(company.people)[0]
    old = Employee.objects.get(userid=userid)
    company.let_go(userid)
    company.hire("Somebody else", userid=userid, unionid="another-union-id")
    simulator.calls.clear()
    run = sync()
    assert run.counts["replaced"] == 1
    assert simulator.calls["/topapi/v2/user/get"] == 1  # nobody ends unasked
    old.refresh_from_db()
    assert old.status == Employee.Status.LEFT
    new = Employee.objects.get(userid=userid, status="active")
    assert new.sub != old.sub
    assert_equal(idp, company)


def test_a_moved_department_takes_its_subtree_along(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    company = simulator.company
    top = company.add_department("Top")
    low = company.add_department("Low", top.id)
    leaf = company.add_department("Leaf", low.id)
    company.hire("One", leaf.id)
    other = company.add_department("Other")
    sync()
    company.move_department(low.id, other.id)
    run = sync()
    assert run.counts["departments_updated"] >= 1
    path = Department.objects.get(source_id=str(leaf.id)).path
    assert path == f"/1/{other.id}/{low.id}/{leaf.id}/"
    assert_equal(idp, company)


def test_custom_fields_arrive_where_they_are_mapped(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """S131, Y15."""
    company = simulator.company
    someone = company.hire("Custom", extension={"CostCentre": "C9"})
    idp.mapping = [
        {"target": "name", "sources": ["name"]},
        {"target": "attributes.CostCentre", "sources": ["extension.CostCentre"]},
    ]
    idp.save()
    sync()
    row = Employee.objects.get(userid=someone.userid)
    assert row.attributes == {"CostCentre": "C9"}
    company.update(someone.userid, extension={"CostCentre": "C10"})
    assert sync().counts["updated"] == 1
    row.refresh_from_db()
    assert row.attributes == {"CostCentre": "C10"}


def test_a_partial_scope_holds_only_the_chosen_departments(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """S129: Partially Synchronize."""
    company = simulator.company
    chosen = company.add_department("Chosen")
    below = company.add_department("Below", chosen.id)
    one = company.hire("One", chosen.id)
    both = company.hire("Both", below.id, company.add_department("Not").id)
    idp.scope, idp.departments = "partial", [str(chosen.id)]
    idp.save()
    run = sync()
    assert run.state == State.SUCCESS
    rows = Employee.objects.filter(status="active")
    assert set(rows.values_list("userid", flat=True)) == {one.userid, both.userid}
    ids = {str(chosen.id), str(below.id)}
    assert set(Department.objects.values_list("source_id", flat=True)) == ids
    assert Membership.objects.filter(employee__userid=both.userid).count() == 1


def test_who_moves_out_of_the_chosen_departments_is_out_of_scope_and_not_left(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    company = simulator.company
    chosen = company.add_department("Chosen")
    people = [company.hire(f"P{n}", chosen.id) for n in range(3)]
    idp.scope, idp.departments = "partial", [str(chosen.id)]
    idp.save()
    sync()
    company.move(people[0].userid, 1)
    company.let_go(people[1].userid)
    run = sync()
    assert (run.counts["out_of_scope"], run.counts["left"]) == (1, 1)
    stand = dict(Employee.objects.values_list("userid", "status"))
    assert [stand[p.userid] for p in people] == ["out_of_scope", "left", "active"]
    company.move(people[0].userid, chosen.id)
    assert sync().counts["returned"] == 1


def test_departments_only_leaves_the_people_as_they_are(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """A6, S118 off."""
    from sync import runs

    sync()
    simulator.company.hire("New")
    simulator.company.add_department("New")
    before, places = Employee.objects.count(), Membership.objects.count()
    run = runs.perform(runs.enqueue(idp, trigger="schedule", people=False))
    assert (run.state, Employee.objects.count()) == (State.SUCCESS, before)
    assert Membership.objects.count() == places
    assert run.counts["departments_created"] == 1


def test_people_without_mobile_and_with_equal_names_are_all_here(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """F-43, F-55, I-31: attributes are not keys."""
    company = simulator.company
    company.hire("同名", mobile="", job_number="1")
    company.hire("同名", mobile="", job_number="1")
    company.hire("Case", userid="ABC/d?%e")
    company.hire("case", userid="abc/D?%e")
    assert sync().state == State.SUCCESS
    assert_equal(idp, company)


def test_detail_fields_are_read_only_when_the_mapping_asks_for_one(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """design 8: unknown never overwrites a value."""
    company = simulator.company
    boss = sorted(company.people)[0]
    someone = company.hire("Reports", manager_userid=boss)
    idp.mapping = [
        {"target": "name", "sources": ["name"]},
        {"target": "manager_userid", "sources": ["manager_userid"]},
    ]
    idp.save()
    simulator.calls.clear()
    sync()
    assert simulator.calls["/topapi/v2/user/get"] == len(company.people)
    assert Employee.objects.get(userid=someone.userid).manager_userid == boss
    idp.mapping = []  # the other fields too, for the comparison with the company
    idp.save()
    sync()
    assert_equal(idp, company)
    idp.mapping = [
        {"target": "name", "sources": ["name"]},
        {"target": "manager_userid", "sources": ["manager_userid"]},
    ]
    idp.save()
    sync()
    places = sum(len(person.department_ids) for person in company.people.values())
    assert Membership.objects.count() == places
    assert not any(sync().counts.values())
