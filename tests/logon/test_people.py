"""Whether the directory and the vendor mean the same person: T-12, F-82 to F-84."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from identity.connectors.dingtalk.simulator.effects import broken, error
from identity.connectors.dingtalk.simulator.records import Outsider, Person
from identity.logon import Outcome
from identity.models import LogonSession, User
from sync import worklist
from sync.models import AccessCut, Employee, InboxEvent, SyncRun
from tests import builders
from tests.engine.conftest import GET, Sync
from tests.engine.conftest import sync as sync
from tests.events.synced import status, with_own_connection
from tests.logon.browsers import Browser, ended, last
from tests.logon.conftest import World
from tests.plugins.arriving import Arriving

pytestmark = pytest.mark.django_db(transaction=True)
Way = InboxEvent.Way
UNIONID = "/topapi/user/getbyunionid"


@pytest.fixture
def synced(world: World, sync: Sync) -> World:
    """The directory is the company."""
    sync()
    world.person = Employee.objects.get(userid=world.anyone.userid, status="active")
    return world


def come(world: World, person: Person, browser: Browser | None = None) -> int:
    """Somebody's whole logon; the status of its answer."""
    browser = browser or Browser()
    answer = {"state": browser.begin(world.idp)}
    answer["code"] = world.code(unionid=person.unionid)
    return int(browser.back(**answer).status_code)


# --- F-82: at the vendor's and not yet here ---


def test_F_82_who_was_never_announced_is_read_and_let_in(synced: World) -> None:
    newcomer = synced.simulator.company.hire("Newcomer", 501001)
    synced.simulator.calls.clear()
    assert come(synced, newcomer) == 302
    assert status(newcomer.userid) == "active"
    assert synced.simulator.calls[GET] == 1
    event = InboxEvent.objects.get(way=Way.LOGON)
    assert (event.state, event.userids) == ("applied", [newcomer.userid])
    assert come(synced, newcomer) == 302
    assert synced.simulator.calls[GET] == 1


def test_F_82_inside_the_vendors_client_too(synced: World) -> None:
    newcomer = synced.simulator.company.hire("Newcomer", 501001)
    code = synced.simulator.in_app_code(newcomer.userid)
    sent = {"code": code, "corpId": synced.simulator.corp_id}
    assert synced.browser.send(**sent).status_code == 302


def test_F_82_who_is_outside_of_the_range_is_not(synced: World) -> None:
    synced.simulator.narrow({501001})
    stranger = synced.simulator.company.hire("Stranger", 501002)
    assert come(synced, stranger) == 403
    assert ended()[1] == Outcome.OUT_OF_SCOPE
    assert status(stranger.userid) is None
    synced.simulator.company.move(stranger.userid, 501001)
    assert come(synced, stranger) == 302


def test_F_82_who_is_outside_of_the_chosen_departments_is_not(synced: World) -> None:
    synced.idp.scope, synced.idp.departments = "partial", ["501001"]
    synced.idp.save()
    outside = synced.simulator.company.hire("Outside", 501002)
    assert come(synced, outside) == 403
    assert ended()[1] == Outcome.OUT_OF_SCOPE
    inside = synced.simulator.company.hire("Inside", 501001)
    assert come(synced, inside) == 302


def test_F_82_while_another_worker_is_at_it_a_person_waits(
    synced: World, arriving: Arriving
) -> None:
    newcomer = synced.simulator.company.hire("Newcomer", 501001)
    run = worklist.claim(_anything(arriving, synced), synced.idp)
    assert run is not None
    came: list[int] = []
    person = threading.Thread(
        target=lambda: with_own_connection(lambda: came.append(come(synced, newcomer)))
    )
    person.start()
    person.join(0.4)
    assert not came
    SyncRun.objects.filter(pk=run.pk).update(state="superseded")
    person.join(8)
    assert came == [302]


def _anything(arriving: Arriving, world: World) -> worklist.Batch:
    """An event that another worker has taken."""
    arriving.event("user_modify_org", world.anyone.userid)
    return worklist.due(world.idp)


def test_F_82_what_takes_too_long_is_said_to_be_under_way(
    synced: World, arriving: Arriving
) -> None:
    """Here a held full run keeps events from being read."""
    newcomer = synced.simulator.company.hire("Newcomer", 501001)
    synced.simulator.faults.add(broken("refused"), GET)
    assert come(synced, newcomer) == 503
    assert ended()[1] == Outcome.READING
    synced.simulator.faults.clear()
    arriving.later()
    assert come(synced, newcomer) == 302


def test_F_82_a_hundred_tries_ask_the_vendor_for_one_person_once(
    synced: World,
) -> None:
    newcomer = synced.simulator.company.hire("Newcomer", 501001)
    synced.simulator.calls.clear()
    assert [come(synced, newcomer) for _time in range(4)] == [302] * 4
    assert synced.simulator.calls[GET] == 1


def test_F_82_whoever_is_refused_again_and_again_is_read_three_times_a_minute(
    synced: World,
) -> None:
    """One of the company who is outside of the scope has as many codes as they like."""
    synced.idp.scope, synced.idp.departments = "partial", ["501001"]
    synced.idp.save()
    stranger = synced.simulator.company.hire("Stranger", 501002)
    synced.simulator.calls.clear()
    assert [come(synced, stranger) for _time in range(5)] == [403] * 3 + [503] * 2
    assert ended()[1] == Outcome.READING
    assert synced.simulator.calls[GET] == 3
    InboxEvent.objects.update(received_at=F("received_at") - timedelta(minutes=1))
    synced.simulator.company.move(stranger.userid, 501001)
    assert come(synced, stranger) == 302


def test_somebody_who_is_back_is_read_and_let_in(synced: World) -> None:
    """Here they left; the notice that they are back was lost."""
    Employee.objects.filter(pk=synced.person.pk).update(status="left")
    assert come(synced, synced.anyone) == 302
    assert status(synced.anyone.userid) == "active"


# --- T-12: the same userid, another person ---


def test_T_12_who_got_a_leavers_userid_is_another_person(synced: World) -> None:
    assert come(synced, synced.anyone) == 302
    before = Employee.objects.get(pk=synced.person.pk)
    synced.simulator.company.update(synced.anyone.userid, unionid="another-union")
    assert come(synced, synced.anyone) == 302
    old, new = Employee.objects.filter(userid=synced.anyone.userid).order_by("pk")
    assert (old.pk, old.status, new.status) == (before.pk, "left", "active")
    assert new.sub != old.sub
    assert new.account_id != old.account_id
    session = LogonSession.objects.get(ended_at=None)
    assert session.sub == new.sub.hex


# --- what one cannot tell apart is refused ---


def test_T_11_two_active_people_with_one_unionid_are_nobody(world: World) -> None:
    twin = builders.employee(world.idp, "twin")
    Employee.objects.filter(pk=twin.pk).update(unionid=world.anyone.unionid)
    assert come(world, world.anyone) == 403
    assert ended() == ("person", Outcome.AMBIGUOUS)
    twin.delete()
    assert come(world, world.anyone) == 302


def test_T_11_the_same_person_at_another_idp_is_of_no_account(world: World) -> None:
    other = builders.idp("Other")
    twin = builders.employee(other, world.anyone.userid)
    Employee.objects.filter(pk=twin.pk).update(unionid=world.anyone.unionid)
    assert come(world, world.anyone) == 302
    twin.refresh_from_db()
    assert twin.account is None


def cut(world: World) -> None:
    AccessCut.objects.create(employee=world.person)


def switched_off(world: World) -> None:
    come(world, world.anyone)
    LogonSession.objects.all().delete()
    User.objects.filter(employee=world.person).update(is_active=False)


def made_administrator(world: World) -> None:
    come(world, world.anyone)
    LogonSession.objects.all().delete()
    for account in User.objects.filter(employee=world.person):
        account.role = User.Role.ADMINISTRATOR
        account.save()


def nobody_s(world: World) -> None:
    AccessCut.objects.all().delete()
    for account in User.objects.filter(employee=world.person):
        account.role, account.is_active = User.Role.EMPLOYEE, True
        account.save()


@pytest.mark.parametrize(
    ("spoil", "outcome"),
    [
        pytest.param(cut, Outcome.CUT, id="T-16 whose access is cut"),
        pytest.param(switched_off, Outcome.ACCOUNT, id="T-14 who is switched off"),
        pytest.param(
            made_administrator, Outcome.ACCOUNT, id="T-14 who is an administrator"
        ),
    ],
)
def test_who_may_not_is_refused_and_may_once_that_is_over(
    world: World, spoil: Callable[[World], None], outcome: Outcome
) -> None:
    spoil(world)
    assert come(world, world.anyone) == 403
    assert ended() == ("status", outcome)
    assert [one["stage"] for one in last().stages][-1] == "person"
    assert not LogonSession.objects.exists()
    nobody_s(world)
    assert come(world, world.anyone) == 302


# --- F-83: here, and gone at the vendor's ---


def test_F_83_who_is_gone_is_refused_and_read_at_once(
    synced: World, arriving: Arriving
) -> None:
    browser = Browser()
    assert come(synced, synced.anyone, browser) == 302
    arriving.take()
    code = synced.code()
    state = browser.begin(synced.idp)
    unionid, company = synced.anyone.unionid, synced.simulator.company
    company.outsiders[unionid] = _stranger(synced.anyone, synced)
    company.let_go(synced.anyone.userid)
    assert browser.back(code=code, state=state).status_code == 403
    assert ended() == ("company", Outcome.STRANGER)
    assert status(synced.anyone.userid) == "active"
    event = InboxEvent.objects.get(way=Way.LOGON)
    assert event.userids == [synced.anyone.userid]
    arriving.work()
    assert status(synced.anyone.userid) == "left"
    assert browser.session is None


def test_F_83_whom_the_read_finds_keeps_their_access(
    synced: World, arriving: Arriving
) -> None:
    """The vendor was wrong, or slow; nobody is cut for one answer."""
    browser = Browser()
    assert come(synced, synced.anyone, browser) == 302
    synced.simulator.faults.add(error("60121"), UNIONID, times=1)
    assert come(synced, synced.anyone) == 403
    arriving.work()
    assert status(synced.anyone.userid) == "active"
    assert browser.session is not None


def _stranger(person: Person, world: World) -> Outsider:
    """Who left the company can still log on to the vendor's page."""
    return Outsider(person.unionid, person.name, corp_id=world.simulator.corp_id)


# --- F-84: while a run writes ---


def test_F_84_a_run_keeps_nobody_from_logging_on(synced: World, sync: Sync) -> None:
    for person in list(synced.simulator.company.people.values())[:20]:
        if person.userid != synced.anyone.userid:
            synced.simulator.company.update(person.userid, title="New")
    states: list[str] = []
    run = threading.Thread(
        target=lambda: with_own_connection(lambda: states.append(sync().state))
    )
    run.start()
    came = [come(synced, synced.anyone)]
    while run.is_alive():
        came.append(come(synced, synced.anyone))
    run.join()
    connection.close()
    assert (states, set(came)) == (["success"], {302})
