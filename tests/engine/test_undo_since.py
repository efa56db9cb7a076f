"""What happened since a run is newer than its undo: it stays, and so does the tree."""

from collections.abc import Callable

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.records import Event, EventKind
from identity.models import IdentityProvider, User
from sync import approving, handling, inbox, runs
from sync.models import Change, Department, Employee, Membership, SyncRun
from tests.engine.test_undo import (
    State,
    Undo,
    admin,
    company,
    kept,
    plan_undo,
    sync,
    undo,
)

__all__ = ["admin", "company", "undo"]


def event(idp: IdentityProvider, userid: str) -> None:
    """DingTalk says that something about a person changed, and it is read."""
    key = f"about {userid} {Change.objects.count()}"
    inbox.receive(idp, [Event(key, EventKind.CHANGED, "changed", (userid,))], "http")
    handling.work(str(idp.pk))


def once(act: Callable[[], object]) -> Callable[[], bool]:
    """For `perform(stop=...)`: does something after the run has compared, and before
    it asks for who would come back."""
    left = [act]

    def stop() -> bool:
        if left:
            left.pop()()
        return False

    return stop


def test_P3_who_got_a_userid_after_the_run_keeps_their_access(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    """Neither their status nor their values or places are the first holder's."""
    firm = company.company
    here, there = firm.add_department("Here").id, firm.add_department("There").id
    moved = firm.hire("Moved", here, title="Engineer").userid
    sync(idp)
    came = firm.hire("First").userid
    firm.move(moved, there)
    firm.update(moved, title="Chief")
    changed = sync(idp)
    for userid in (came, moved):
        firm.let_go(userid)
        firm.hire("Second", there, userid=userid, title="Chief")
        event(idp, userid)
    assert Employee.objects.filter(userid__in=(came, moved)).count() == 4
    held = plan_undo(changed)
    assert held.state == State.SUCCESS, list(held.changes.values_list("kind", "key"))
    active = Employee.objects.filter(userid__in=(came, moved), status="active")
    assert set(active.values_list("name", "title")) == {("Second", "Chief")}
    assert "This user id has another holder now." in " ".join(kept(held))


@pytest.mark.alone
def test_who_came_back_after_the_run_stays(
    company: Simulator, idp: IdentityProvider
) -> None:
    firm = company.company
    came = firm.hire("Came")
    changed = sync(idp)
    firm.let_go(came.userid)
    event(idp, came.userid)
    firm.hire("Came", userid=came.userid, unionid=came.unionid)
    event(idp, came.userid)
    assert Employee.objects.get(userid=came.userid).status == "active"
    assert plan_undo(changed).state == State.SUCCESS
    assert Employee.objects.get(userid=came.userid).status == "active"


def test_what_is_read_while_an_undo_goes_on_is_not_written_over(
    company: Simulator, idp: IdentityProvider, admin: User
) -> None:
    firm = company.company
    person, other = firm.hire("Before", title="Engineer"), firm.hire("Returns")
    sync(idp)
    firm.update(person.userid, title="Chief")
    firm.let_go(other.userid)
    changed = sync(idp)
    firm.hire("Returns", userid=other.userid, unionid=other.unionid)
    held = plan_undo(changed)
    queued = approving.approve(held, admin, digest=held.digest)

    def act() -> None:
        firm.update(person.userid, name="Newest")
        event(idp, person.userid)

    written = runs.perform(queued, stop=once(act))
    assert written.state == State.SUCCESS, written.error_cause
    row = Employee.objects.get(userid=person.userid)
    assert row.name == "Newest"


def test_an_undo_never_closes_the_tree_into_a_ring(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    firm = company.company
    upper, lower = firm.add_department("Upper"), firm.add_department("Lower")
    firm.move_department(lower.id, upper.id)
    sync(idp)
    firm.move_department(lower.id, 1)
    firm.rename_department(lower.id, "Renamed")
    changed = sync(idp)
    firm.move_department(upper.id, lower.id)
    sync(idp)
    undo(changed)
    row = Department.objects.get(source_id=str(lower.id))
    assert (row.parent_source_id, row.name) == ("1", "Lower")


def removed(company: Simulator, idp: IdentityProvider) -> tuple[SyncRun, str, str]:
    """A run that removed a department and the one below it."""
    firm = company.company
    above = firm.add_department("Above")
    below = firm.add_department("Below", above.id)
    sync(idp)
    firm.remove_department(below.id)
    firm.remove_department(above.id)
    return sync(idp), str(above.id), str(below.id)


def test_below_a_department_that_is_left_out_an_undo_makes_none(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    changed, above, below = removed(company, idp)
    undo(changed, [("department", above)])
    rows = Department.objects.filter(source_id__in=(above, below))
    assert not rows.exists()


@pytest.mark.alone
def test_a_place_that_is_left_out_keeps_its_department(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    """Left out is the end of a place: what it is a place in, stays as well."""
    firm = company.company
    person = firm.hire("Moves")
    sync(idp)
    fresh = firm.add_department("Fresh")
    firm.move(person.userid, fresh.id)
    changed = sync(idp)
    place = f"{person.userid}/{fresh.id}"
    undo(changed, [("membership", place)])
    seats = Membership.objects.filter(employee__userid=person.userid)
    assert str(fresh.id) in set(seats.values_list("department__source_id", flat=True))
