"""What one narrow pass reads and writes: of chosen departments, of fields, of numbers."""

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sync.models import Department, Employee, Membership, SyncRun, full_runs
from tests.engine.conftest import DEPARTMENT, GET, LISTSUB, Sync
from tests.engine.conftest import sync as sync
from tests.events.synced import (
    Outcome,
    State,
    as_the_company,
    asks,
    outcomes,
    perform_queued,
    settled_lag,
    someone,
    states,
    status,
    tree,
    widen,
)
from tests.plugins.arriving import Arriving
from tests.plugins.simulated import MakeSimulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    return make_simulator(employees=24, departments=6)


@pytest.fixture
def synced(sync: Sync, arriving: Arriving) -> Arriving:
    sync()
    return arriving


class Chosen:
    """A directory of one chosen department with one below it, and one beside them."""

    def __init__(self, arriving: Arriving, sync: Sync) -> None:
        company = arriving.simulator.company
        self.top = company.add_department("Top").id
        self.below = company.add_department("Below", self.top).id
        self.beside = company.add_department("Beside").id
        self.insider = company.hire("Insider", self.below).userid
        self.outsider = company.hire("Outsider", self.beside).userid
        arriving.take()
        idp = arriving.idp
        idp.scope, idp.departments = "partial", [str(self.top)]
        idp.save()
        widen(idp)
        sync()
        assert (status(self.insider), status(self.outsider)) == ("active", None)
        self.arriving = arriving
        self.company = company

    def same_as_a_full_run(self, sync: Sync) -> None:
        """A full run finds nothing that the events left to it."""
        run = sync()
        assert run.state == SyncRun.State.SUCCESS, run.faults
        assert not any(run.counts.values()), run.counts


@pytest.fixture
def chosen(arriving: Arriving, sync: Sync) -> Chosen:
    return Chosen(arriving, sync)


# --- chosen departments ---


def test_F64_a_person_is_moved_into_the_chosen_departments(
    chosen: Chosen, sync: Sync
) -> None:
    chosen.company.move(chosen.outsider, chosen.below, chosen.beside)
    chosen.arriving.happened()
    row = Employee.objects.get(userid=chosen.outsider)
    places = row.memberships.values_list("department__source_id", flat=True)
    assert (row.status, list(places)) == ("active", [str(chosen.below)])
    chosen.same_as_a_full_run(sync)


def test_F64_a_person_is_moved_out_of_the_chosen_departments(
    chosen: Chosen, sync: Sync
) -> None:
    chosen.company.move(chosen.insider, chosen.beside)
    chosen.arriving.happened()
    assert status(chosen.insider) == "out_of_scope"
    chosen.same_as_a_full_run(sync)
    chosen.company.move(chosen.insider, chosen.top)
    chosen.arriving.happened()
    assert status(chosen.insider) == "active"
    chosen.same_as_a_full_run(sync)


def test_F64_a_department_comes_in_with_all_that_is_in_it(
    chosen: Chosen, sync: Sync
) -> None:
    """Of its people no event tells."""
    chosen.company.hire(
        "In the one below", chosen.company.add_department("Lower", chosen.beside).id
    )
    chosen.arriving.happened()
    chosen.company.move_department(chosen.beside, chosen.below)
    chosen.arriving.happened()
    assert status(chosen.outsider) == "active"
    assert Employee.objects.filter(name="In the one below").exists()
    chosen.same_as_a_full_run(sync)


def test_F64_a_department_goes_out_by_a_full_run(chosen: Chosen, sync: Sync) -> None:
    chosen.company.move_department(chosen.below, chosen.beside)
    chosen.arriving.happened()
    settled_lag(chosen.arriving)
    assert len(perform_queued()) == 1
    chosen.arriving.work()
    assert outcomes() == [Outcome.COVERED]
    assert str(chosen.below) not in tree()
    assert status(chosen.insider) == "out_of_scope"
    chosen.same_as_a_full_run(sync)


def test_F64_what_touches_too_much_holds_up_no_other_event(chosen: Chosen) -> None:
    """The department waits for a full run; the person beside it does not."""
    chosen.company.move_department(chosen.below, chosen.beside)
    fresh = chosen.company.hire("Meanwhile", chosen.top).userid
    chosen.arriving.happened()
    assert status(fresh) == "active"
    assert states() == {State.APPLIED, State.PENDING}


def test_F64_events_from_outside_cost_one_or_two_calls_and_change_nothing(
    chosen: Chosen, sync: Sync
) -> None:
    chosen.company.rename(chosen.outsider, "Still outside")
    assert sum(asks(chosen.arriving, chosen.arriving.happened).values()) <= 3
    chosen.company.rename_department(chosen.beside, "Still beside")
    calls = asks(chosen.arriving, chosen.arriving.happened)
    assert (calls.get(DEPARTMENT, 0), calls.get(GET, 0)) <= (3, 0)
    chosen.company.remove_department(chosen.company.add_department("Short").id)
    chosen.arriving.happened()
    for _ in range(3):
        chosen.arriving.later()
    assert states() == {State.APPLIED}
    assert outcomes()[0] == Outcome.OUTSIDE
    chosen.same_as_a_full_run(sync)


def test_F64_what_the_app_may_not_read_is_no_fault_if_it_is_not_ours(
    arriving: Arriving, sync: Sync
) -> None:
    """Its range leaves a department out, but DingTalk pushes its events all the same."""
    simulator, company = arriving.simulator, arriving.simulator.company
    inside, outside = company.add_department("In"), company.add_department("Out")
    company.hire("Insider", inside.id)
    stranger = company.hire("Stranger", outside.id).userid
    simulator.authed_departments = {inside.id}
    arriving.take()
    sync()
    arriving.event("user_modify_org", stranger)
    arriving.event("org_dept_modify", outside.id)
    arriving.work()
    assert (states(), set(outcomes())) == ({State.APPLIED}, {Outcome.OUTSIDE})
    assert status(stranger) is None


# --- numbers ---


def test_a_narrow_read_writes_its_number_changed_or_not(synced: Arriving) -> None:
    company = synced.simulator.company
    userid = someone(company)
    place = company.people[userid].department_ids[0]

    def numbers() -> tuple[int, int, int]:
        return (
            Employee.objects.get(userid=userid).read_number,
            Membership.objects.filter(employee__userid=userid).latest("pk").read_number,
            Department.objects.get(source_id=str(place)).read_number,
        )

    before = numbers()
    synced.event("user_modify_org", userid)
    synced.event("org_dept_modify", place)
    synced.work()
    assert all(new > old for new, old in zip(numbers(), before, strict=True))
    run = SyncRun.objects.latest("pk")
    assert not any(run.counts.values())
    assert min(numbers()) > run.first_read


# --- fields ---


def test_fields_that_the_last_full_run_could_not_see_are_kept(
    synced: Arriving, sync: Sync
) -> None:
    row = Employee.objects.exclude(mobile="").order_by("userid")[0]
    synced.simulator.permissions.discard("fieldMobile")
    assert "mobile" in sync().unknown_fields
    synced.simulator.company.update(row.userid, title="Changed")
    synced.happened()
    changed = Employee.objects.get(userid=row.userid)
    assert (changed.title, changed.mobile) == ("Changed", row.mobile)


def test_a_value_that_is_taken_away_is_blank(synced: Arriving) -> None:
    row = Employee.objects.exclude(mobile="").order_by("userid")[0]
    synced.simulator.company.update(row.userid, mobile="", title="")
    synced.happened()
    as_the_company(synced)


def test_detail_fields_are_read_with_the_person_and_nobody_else(
    arriving: Arriving, sync: Sync, idp: IdentityProvider
) -> None:
    """design 8: an event reads them without any more calls."""
    idp.mapping = [
        {"target": "name", "sources": ["name"]},
        {"target": "manager_userid", "sources": ["manager_userid"]},
    ]
    idp.save()
    sync()
    company = arriving.simulator.company
    report, boss = sorted(company.people)[:2]
    company.update(report, manager_userid=boss)
    assert asks(arriving, arriving.happened) == {GET: 1}
    assert Employee.objects.get(userid=report).manager_userid == boss
    assert not any(sync().counts.values())


# --- places ---


def test_places_among_siblings_follow_a_move(synced: Arriving, sync: Sync) -> None:
    company = synced.simulator.company
    upper = company.add_department("Upper")
    three = [company.add_department(f"N{n}", upper.id).id for n in range(3)]
    synced.happened()
    company.move_department(three[0], 1)
    synced.happened()
    as_the_company(synced)
    company.move_department(three[0], upper.id)
    synced.happened()
    as_the_company(synced)


def test_leaders_and_orders_follow_an_event(synced: Arriving) -> None:
    company = synced.simulator.company
    userid = someone(company)
    place = company.people[userid].department_ids[0]
    company.lead(userid, place, place not in company.people[userid].leads)
    synced.happened()
    as_the_company(synced)
    company.move(userid, *[d.id for d in company.real_departments()[:3]])
    synced.happened()
    as_the_company(synced)


def test_the_company_is_renamed(synced: Arriving) -> None:
    company = synced.simulator.company
    company.rename_department(1, "Another name")
    synced.happened()
    as_the_company(synced)


def test_calls_of_a_pass_are_those_of_what_it_touches(synced: Arriving) -> None:
    """However large the company is."""
    company = synced.simulator.company
    company.rename_department(company.real_departments()[1].id, "Renamed")
    calls = asks(synced, synced.happened)
    assert set(calls) <= {DEPARTMENT, LISTSUB}
    assert sum(calls.values()) <= 3
    assert full_runs().count() == 1


def test_one_event_of_many_kinds_of_ids_takes_nothing_from_the_others(
    synced: Arriving,
) -> None:
    """Ids that no department and no person can have are left out by the parser; those
    that only look right are asked for."""
    company = synced.simulator.company
    userid = someone(company)
    company.rename(userid, "Renamed")
    synced.arrive(*synced.texts([Event("user_modify_org", (userid, "x" * 64, "-1"))]))
    synced.work()
    assert Employee.objects.get(userid=userid).name == "Renamed"


def test_a_new_place_that_a_list_has_shown_already_is_made_too(
    synced: Arriving,
) -> None:
    """Nobody asks for it any more, and who is in it is read before its own event."""
    company = synced.simulator.company
    above = company.real_departments()[1].id
    sibling = company.add_department("Sibling", above)
    synced.happened()
    place = company.add_department("New place", above)
    company.rename_department(sibling.id, "Other name")
    newcomer = company.hire("Newcomer", place.id)
    told = synced.take()
    late = [event for event in told if event.kind == "org_dept_create"]
    synced.arrive(*synced.texts(event for event in told if event not in late))
    synced.work()
    places = Membership.objects.filter(employee__userid=newcomer.userid)
    assert [one.department.source_id for one in places] == [str(place.id)]
    synced.arrive(*synced.texts(late))
    as_the_company(synced)
