"""An administrator has one person, or one department, read again now."""

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import health, requesting
from sync.models import Department, Employee, InboxEvent, Membership
from sync.unannounced import report
from tests.engine.conftest import DEPARTMENT, GET, LIST, LISTSUB, Sync
from tests.engine.conftest import sync as sync
from tests.events.synced import Outcome, State, asks, narrow_runs, outcomes, status
from tests.plugins.arriving import Arriving
from tests.plugins.simulated import MakeSimulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    return make_simulator(employees=24, departments=6)


def ask_for(userid: str) -> InboxEvent:
    """What the button on a person's page does."""
    return requesting.read_person(Employee.objects.get(userid=userid))


def ask_for_department(key: object) -> InboxEvent:
    """What the button on a department does."""
    return requesting.read_department(Department.objects.get(source_id=str(key)))


def places(userid: str) -> set[str]:
    rows = Membership.objects.filter(employee__userid=userid)
    return set(rows.values_list("department__source_id", flat=True))


def test_a_person_is_read_by_one_call_however_often_somebody_clicks(
    sync: Sync, arriving: Arriving
) -> None:
    """Their change was never announced; a second one is, by the same button."""
    company = arriving.simulator.company
    person = company.hire("Somebody", title="Before")
    sync()
    company.update(person.userid, title="After")
    first = ask_for(person.userid)
    assert ask_for(person.userid) == first
    assert asks(arriving, arriving.work) == {GET: 1}
    assert Employee.objects.get(userid=person.userid).title == "After"
    company.let_go(person.userid)
    assert ask_for(person.userid) != first
    arriving.work()
    assert status(person.userid) == "left"
    assert outcomes() == [Outcome.READ, Outcome.LEFT]
    assert narrow_runs() == 2


def test_a_department_is_read_with_its_people_and_what_is_right_below_it(
    sync: Sync, arriving: Arriving
) -> None:
    """No event told of any of this: who came, left or moved, and departments too."""
    company = arriving.simulator.company
    top = company.add_department("Top").id
    closed = company.add_department("Closed", top).id
    other = company.add_department("Other").id
    stays, left, away, came = (
        company.hire(name, place).userid
        for name, place in (("S", top), ("L", top), ("A", top), ("C", other))
    )
    sync()
    opened = company.add_department("Opened", top).id
    company.remove_department(closed)
    company.update(stays, title="New title")
    company.let_go(left)
    company.move(away, other)
    company.move(came, top)
    joined = company.hire("J", top).userid
    ask_for_department(top)
    calls = asks(arriving, arriving.work)
    assert calls[LIST] == 1
    assert calls[GET] == 4  # all but the one who stays where they are
    assert calls[LISTSUB] + calls[DEPARTMENT] <= 5
    assert Employee.objects.get(userid=stays).title == "New title"
    assert status(left) == "left"
    assert (places(away), places(came)) == ({str(other)}, {str(top)})
    assert places(joined) == {str(top)}
    below = Department.objects.filter(parent_source_id=str(top))
    assert list(below.values_list("source_id", flat=True)) == [str(opened)]
    assert outcomes() == [Outcome.READ]
    assert not any(sync().counts.values())


def test_a_department_that_is_gone_is_removed_and_its_people_are_asked_for(
    sync: Sync, arriving: Arriving
) -> None:
    company = arriving.simulator.company
    gone = company.add_department("Gone").id
    person = company.hire("Somebody", gone).userid
    sync()
    company.move(person, 1)
    company.remove_department(gone)
    ask_for_department(gone)
    arriving.work()
    assert not Department.objects.filter(source_id=str(gone)).exists()
    assert (status(person), places(person)) == ("active", {"1"})
    assert outcomes() == [Outcome.NOT_THERE]


def test_the_guard_holds_what_an_administrator_had_read_too(
    sync: Sync, arriving: Arriving
) -> None:
    company = arriving.simulator.company
    team = company.add_department("Team").id
    people = [company.hire(f"P{n}", team).userid for n in range(7)]
    sync()
    for userid in people:
        company.let_go(userid)
    for userid in people:
        ask_for(userid)
    arriving.work()
    assert {status(userid) for userid in people} == {"active"}
    assert set(InboxEvent.objects.values_list("state", flat=True)) == {State.HELD}


def test_it_is_no_sign_of_life_of_the_vendor_and_announces_nothing(
    sync: Sync, arriving: Arriving, idp: IdentityProvider
) -> None:
    sync()
    person = Employee.objects.earliest("pk")
    ask_for(person.userid)
    arriving.work()
    found = health.health(idp)
    assert (found.last_at, found.delays) == (None, None)
    assert report(sync()) is None


def test_a_closed_idp_is_not_asked(
    sync: Sync, arriving: Arriving, idp: IdentityProvider
) -> None:
    """F-27, A11."""
    sync()
    IdentityProvider.objects.update(status="closed")
    with pytest.raises(requesting.NotInUse):
        ask_for(Employee.objects.earliest("pk").userid)
    with pytest.raises(requesting.NotInUse):
        ask_for_department(1)
    assert not InboxEvent.objects.exists()
