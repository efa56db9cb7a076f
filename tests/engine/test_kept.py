"""What an administrator left out of a plan stays as it is, until it is released."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.records import DepartmentRecord, Event, EventKind
from identity.models import IdentityProvider
from sync import handling, inbox, runs
from sync.models import Employee, InboxEvent, Kept, Membership, SyncRun
from sync.plan import Change, Entity, Kind
from sync.sparing import Spared
from tests.engine.conftest import Sync, active, departments

State = SyncRun.State


def keep(idp: IdentityProvider, entity: str, *keys: object) -> None:
    for key in keys:
        Kept.objects.create(idp=idp, entity=entity, key=str(key))


def event(idp: IdentityProvider, userid: str) -> None:
    """DingTalk says that something about a person changed."""
    notice = Event(f"about {userid}", EventKind.CHANGED, "changed", (userid,))
    inbox.receive(idp, [notice], "http")


def kept() -> set[str]:
    return set(Kept.objects.values_list("key", flat=True))


def names(*userids: str) -> list[str]:
    rows = Employee.objects.filter(userid__in=userids, status="active")
    return sorted(rows.values_list("name", flat=True))


@pytest.fixture
def company(sync: Sync, simulator: Simulator) -> Company:
    """A company that the directory equals."""
    assert sync().state == State.SUCCESS
    return simulator.company


def test_what_is_kept_is_not_written_by_a_full_run_and_it_says_so(
    sync: Sync, company: Company, idp: IdentityProvider
) -> None:
    renamed, mover, other = sorted(company.people)[:3]
    new, place = company.hire("Kept out").userid, company.add_department("Kept out").id
    company.hire("In a place that is not made", place)
    below = company.add_department("Below it", place).id
    was = names(renamed)
    company.rename(renamed, "Renamed")
    company.rename(other, "Renamed, too")
    company.move(
        mover, company.real_departments()[1].id, company.real_departments()[2].id
    )
    seats = set(
        Membership.objects.filter(employee__userid=mover).values_list(
            "department__source_id"
        )
    )
    keep(idp, "employee", renamed, mover, new)
    keep(idp, "department", place)
    run = sync()
    assert run.state == State.SUCCESS, run.faults
    assert [note["kind"] for note in run.notes] == ["kept"]
    assert names(renamed, other) == sorted([*was, "Renamed, too"])
    assert new not in active()
    assert not departments() & {str(place), str(below)}
    now = Membership.objects.filter(employee__userid=mover)
    assert set(now.values_list("department__source_id")) == seats
    assert kept() == {renamed, mover, new, str(place)}
    again = sync()
    assert not any(again.counts.values())
    Kept.objects.all().delete()
    sync()
    assert names(renamed) == ["Renamed"]
    assert new in active()
    assert {str(place), str(below)} <= departments()


def test_a_department_that_is_kept_keeps_its_people_and_what_is_above_it(
    sync: Sync, company: Company, idp: IdentityProvider
) -> None:
    above = company.add_department("Above")
    closed = company.add_department("Closed", above.id)
    person = company.hire("Seated", closed.id).userid
    sync()
    keep(idp, "department", closed.id)
    company.move(person, company.real_departments()[1].id)
    company.remove_department(closed.id)
    company.remove_department(above.id)
    run = sync()
    assert run.state == State.SUCCESS, run.faults
    assert {str(closed.id), str(above.id)} <= departments()
    assert run.counts["departments_removed"] == 0
    seats = Membership.objects.filter(employee__userid=person)
    assert str(closed.id) in set(seats.values_list("department__source_id", flat=True))


def test_who_is_kept_leaves_all_the_same_once_the_vendor_says_so(
    sync: Sync, company: Company, idp: IdentityProvider
) -> None:
    leaver, by_event = sorted(active())[:2]
    keep(idp, "employee", leaver, by_event)
    company.let_go(leaver)
    run = sync()
    assert (run.state, run.counts["left"]) == (State.SUCCESS, 1)
    assert leaver not in active()
    assert kept() == set()  # the other's change was wanted by no plan any more
    keep(idp, "employee", by_event)
    company.let_go(by_event)
    event(idp, by_event)
    handling.work(str(idp.pk))
    assert by_event not in active()
    assert kept() == set()


def test_what_is_kept_is_not_written_by_events_either(
    sync: Sync, company: Company, idp: IdentityProvider
) -> None:
    renamed, new = sorted(active())[0], company.hire("Kept out").userid
    was = names(renamed)
    keep(idp, "employee", renamed, new)
    company.rename(renamed, "Renamed")
    event(idp, renamed)
    event(idp, new)
    handling.work(str(idp.pk))
    assert names(renamed) == was
    assert new not in active()
    assert kept() == {renamed, new}


def test_F56_events_of_another_company_wait_and_nothing_of_it_comes_in(
    sync: Sync, simulator: Simulator, company: Company, idp: IdentityProvider
) -> None:
    before = active()
    simulator.corp_id = "ding" + "0" * 32
    simulator.company = Company.generate(5, 2, seed=99)
    stranger = simulator.company.hire("Stranger").userid
    SyncRun.objects.update(company="")
    event(idp, stranger)
    InboxEvent.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    handling.work(str(idp.pk))
    held = runs.perform(SyncRun.objects.get(state=State.QUEUED))
    assert (held.state, held.error_code) == (State.HELD, "company")
    assert active() == before


# --- pure ---


def tree(*changes: tuple[Kind, str, str]) -> Iterable[Change]:
    for kind, id, parent in changes:
        record = DepartmentRecord(id, id, parent)
        before = None if kind is Kind.CREATE else record
        after = None if kind is Kind.REMOVE else record
        yield Change(kind, Entity.DEPARTMENT, id, before, after)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("key", "left"),
    [
        ("gone", {"gone", "above"}),  # what is above a department that stays, stays
        (
            "new",
            {"new", "newer", "newest", "moved"},
        ),  # and below an unmade one nothing is
        ("moved", {"moved"}),
        ("none", set()),
    ],
)
def test_leaving_a_department_out_leaves_the_tree_whole(
    idp: IdentityProvider, key: str, left: set[str]
) -> None:
    keep(idp, "department", key)
    changes = tree(
        (Kind.REMOVE, "above", "1"),
        (Kind.REMOVE, "gone", "above"),
        (Kind.REMOVE, "beside", "above"),
        (Kind.CREATE, "new", "1"),
        (Kind.CREATE, "newer", "new"),
        (Kind.CREATE, "newest", "newer"),
        (Kind.UPDATE, "moved", "newest"),
    )
    assert Spared(idp).departments(changes) == left
