"""Who left keeps no access, however their row was left out of a plan."""

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.records import Event, EventKind
from identity.models import IdentityProvider, User
from sync import approving, handling, inbox, runs
from sync.models import Department, Employee, Kept, SyncRun
from tests.engine.conftest import Sync, active

State = SyncRun.State


def event(idp: IdentityProvider, userid: str) -> None:
    """DingTalk says that something about a person changed, and it is read."""
    notice = Event(f"about {userid}", EventKind.CHANGED, "changed", (userid,))
    inbox.receive(idp, [notice], "http")
    handling.work(str(idp.pk))


@pytest.mark.parametrize("by_event", [False, True])
def test_P3_who_lost_the_userid_to_another_person_is_not_kept(
    sync: Sync, simulator: Simulator, idp: IdentityProvider, by_event: bool
) -> None:
    company = simulator.company
    userid = company.hire("First").userid
    sync()
    Kept.objects.create(idp=idp, entity="employee", key=userid)
    company.let_go(userid)
    company.hire("Second", userid=userid)
    event(idp, userid) if by_event else sync()
    rows = Employee.objects.filter(userid=userid).order_by("pk")
    assert list(rows.values_list("name", "status")) == [
        ("First", "left"),
        ("Second", "active"),
    ]
    assert not Kept.objects.exists()
    sync()
    assert rows.get(name="Second").memberships.count() == 1


def test_a_change_of_hands_that_was_left_out_itself_is_kept(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """Other ids of the same people are a reason to leave them as they are."""
    admin = User.objects.create_user("decides", role=User.Role.ADMINISTRATOR)
    company = simulator.company
    sync()
    userids = sorted(active())[:7]
    for n, userid in enumerate(userids):
        company.update(userid, unionid=f"another-{n}")
    held = sync()
    assert held.state == State.HELD
    out = [("employee", userid) for userid in userids]
    queued = approving.approve(held, admin, digest=held.digest, left_out=out)
    assert runs.perform(queued).state == State.SUCCESS
    assert sync().state == State.SUCCESS
    assert Employee.objects.filter(userid__in=userids, status="active").count() == 7
    assert Kept.objects.count() == 7


@pytest.mark.alone
def test_P3_however_many_are_kept_each_of_them_is_asked_for(
    sync: Sync,
    simulator: Simulator,
    idp: IdentityProvider,
) -> None:
    company = simulator.company
    place = company.add_department("Hidden").id
    people = [company.hire(f"Kept {n}", place).userid for n in range(305)]
    sync()
    IdentityProvider.objects.filter(pk=idp.pk).update(
        scope="partial",
        departments=[str(company.real_departments()[1].id)],
        guard_departments_percent=100,
    )
    Kept.objects.bulk_create(
        Kept(idp=idp, entity="employee", key=key) for key in sorted(active())
    )
    leaver = max(people)
    company.let_go(leaver)
    sync()
    assert leaver not in active()


@pytest.mark.alone
def test_a_preview_does_not_hide_that_a_run_ended_before_it_counted(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    place = simulator.company.add_department("Counted").id
    simulator.company.hire("Inside", place)
    run = sync()
    Department.objects.filter(source_id=str(place)).update(direct=0, total=0)
    SyncRun.objects.filter(pk=run.pk).update(state=State.ABANDONED)
    looked = runs.enqueue(idp, trigger="person", purpose="preview")
    assert runs.perform(looked).state == State.SUCCESS
    sync()
    assert Department.objects.get(source_id=str(place)).total == 1
