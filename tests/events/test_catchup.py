"""After an outage: what could not be delivered is fetched, kept, and a full run follows."""

import copy
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.effects import (
    Call,
    Effect,
    Reply,
    broken,
    truncated,
)
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sasebridge.celery import app
from sync import catchup, runs, tasks
from sync.models import AccessCut, CatchUp, Employee, InboxEvent, SyncRun
from tests.engine.oracle import assert_equal
from tests.events import outage
from tests.events.outage import LIST, full_run
from tests.events.sender import KEY, TOKEN

State, Way = SyncRun.State, InboxEvent.Way
pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86_400


class Killed(BaseException):
    """The worker is dead from here on: nothing that it would have done is done."""


def kill() -> None:
    """End the worker in the midst of a call."""
    raise Killed


@pytest.fixture
def idp(idp: IdentityProvider) -> IdentityProvider:
    """One that has its keys and took an event before."""
    idp.set_secret("aes_key", KEY)
    idp.set_secret("token", TOKEN)
    outage.came(idp)
    return idp


def look(idp: IdentityProvider) -> CatchUp:
    """Ask now, whenever it is due; what it stored."""
    CatchUp.objects.filter(idp=idp).update(due_at=None)
    tasks.catch_up(str(idp.pk))
    return CatchUp.objects.get(idp=idp)


def fail(simulator: Simulator, number: int, *, age: float = 600) -> None:
    """So many events whose pushes failed, one after the other."""
    begin = int((time.time() - age) * 1000)
    for each in range(number):
        simulator.failed.add(Event("user_modify_org", (f"u{each}",)), begin + each)


def caught(idp: IdentityProvider) -> dict[str, int]:
    """userids of what was caught up, with how often it came."""
    rows = InboxEvent.objects.filter(idp=idp, way=Way.FAILED)
    return {userids[0]: n for userids, n in rows.values_list("userids", "copies")}


def queued(idp: IdentityProvider) -> list[str]:
    """What started the runs that wait."""
    rows = SyncRun.objects.filter(idp=idp, state=State.QUEUED)
    return list(rows.values_list("trigger", flat=True))


def test_what_a_dead_address_missed_is_caught_up_and_a_full_run_follows(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """F-75: nobody could reach us for a day."""
    company = simulator.company
    leaver, mover = company.hire("Leaver"), company.hire("Mover")
    assert full_run(idp).state == State.SUCCESS

    def a_day_passes() -> None:
        team = company.add_department("Team")
        company.hire("Joiner", team.id)
        company.move(mover.userid, team.id)
        company.let_go(leaver.userid)

    pusher = outage.dead_pusher(simulator)
    outage.during(pusher, a_day_passes)
    assert [len(pusher.log), len(simulator.failed.items)] == [15, 5]
    stored = look(idp)
    assert (stored.found, stored.error_code) == (5, "")
    rows = InboxEvent.objects.filter(idp=idp, way=Way.FAILED)
    assert set(rows.values_list("name", flat=True)) == {
        *("org_dept_create", "user_add_org", "user_modify_org", "user_leave_org"),
    }
    assert queued(idp) == [SyncRun.Trigger.EVENT]
    tasks.handle_events(str(idp.pk))
    assert set(rows.values_list("state", flat=True)) == {InboxEvent.State.APPLIED}
    assert_equal(idp, company)
    run = full_run(idp)
    assert run.state == State.SUCCESS
    assert not any(run.counts.values())
    assert run.unannounced == {
        "employees": 0,
        "departments": 0,
        "first": [],
        "caught_up": 5,
        "resettled": False,
    }


def test_an_event_of_days_ago_is_a_hint_that_cuts_nobodys_access(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """F-62: they left and came back meanwhile, perhaps."""
    person = simulator.company.hire("Back again")
    full_run(idp)
    at = int((time.time() - 3 * DAY) * 1000)
    simulator.failed.add(Event("user_leave_org", (person.userid,)), at)
    assert look(idp).found == 1
    row = InboxEvent.objects.get(way=Way.FAILED)
    assert row.late
    assert row.born_at is not None
    assert not AccessCut.objects.exists()
    full_run(idp)
    assert Employee.objects.get(userid=person.userid).status == "active"


def test_every_portion_is_kept_and_forgotten_there_by_the_next_look(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    fail(simulator, 205)
    stored = look(idp)
    assert stored.found == 205
    assert caught(idp) == {f"u{number}": 1 for number in range(205)}
    assert simulator.calls[LIST] == 2
    assert stored.due_at is not None
    assert stored.due_at < timezone.now() + catchup.SOON
    stored = look(idp)
    assert (stored.found, stored.owed, simulator.failed.items) == (0, False, [])
    assert stored.due_at is not None
    assert stored.due_at > timezone.now() + catchup.SOON
    assert len(queued(idp)) == 1


def test_what_is_given_out_twice_is_kept_once(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    fail(simulator, 2)
    given = list(simulator.failed.items)
    look(idp)
    simulator.failed.items = [*copy.deepcopy(given), *copy.deepcopy(given)]
    assert look(idp).found == 0
    assert caught(idp) == {"u0": 3, "u1": 3}


def test_a_worker_that_dies_between_two_portions_loses_nothing(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    simulator.failed.largest = 3
    fail(simulator, 5)
    simulator.faults.before(LIST, 2, kill)
    with pytest.raises(Killed):
        look(idp)
    assert (len(caught(idp)), queued(idp)) == (3, [])
    assert look(idp).found == 2
    assert caught(idp) == {f"u{number}": 1 for number in range(5)}
    assert queued(idp) == [SyncRun.Trigger.EVENT]


def test_a_worker_that_dies_with_a_portion_in_its_hands_brings_a_full_run(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """The next call makes the vendor forget what nobody has kept."""

    def dies_with_the_answer(_call: Call, answer: Callable[[], Reply]) -> Reply:
        answer()
        raise Killed

    fail(simulator, 1)
    simulator.faults.add(dies_with_the_answer, LIST, nth=1)
    with pytest.raises(Killed):
        look(idp)
    assert look(idp).found == 0
    assert queued(idp) == [SyncRun.Trigger.EVENT]
    assert not look(idp).owed
    assert len(queued(idp)) == 1


def test_an_error_after_a_portion_keeps_it_and_is_stored(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    simulator.failed.largest = 2
    fail(simulator, 3)
    simulator.faults.add("busy", LIST, nth=2)
    stored = look(idp)
    assert (stored.found, stored.error_code) == (2, "-1")
    assert stored.error_cause
    assert len(queued(idp)) == 1
    stored = look(idp)
    assert (stored.found, stored.error_code, stored.error_cause) == (1, "", "")


@pytest.mark.parametrize(
    ("fault", "owed"), [(truncated(), True), (broken("refused"), False)]
)
def test_only_an_answer_that_may_have_held_a_portion_brings_a_full_run(
    idp: IdentityProvider, simulator: Simulator, fault: Effect, owed: bool
) -> None:
    """The vendor deletes with each call what it gave out before, arrived or not."""
    fail(simulator, 1)
    simulator.faults.add(fault, LIST, nth=1)
    assert look(idp).error_code
    assert simulator.calls[LIST] == 1
    assert not queued(idp)
    assert look(idp).found == (0 if owed else 1)
    assert len(queued(idp)) == 1


def test_a_run_that_is_under_way_does_the_full_runs_work(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    fail(simulator, 1)
    under_way = runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON)
    assert not look(idp).owed
    assert list(SyncRun.objects.all()) == [under_way]


def test_two_schedulers_ask_once(idp: IdentityProvider, simulator: Simulator) -> None:
    """The other one comes while the first waits for the answer."""
    fail(simulator, 1)
    simulator.faults.before(LIST, 1, lambda: tasks.catch_up(str(idp.pk)))
    assert look(idp).found == 1
    assert simulator.calls[LIST] == 1


def test_a_missing_permission_is_stored_and_tried_again(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    fail(simulator, 1)
    simulator.permissions.discard("qyapi_base")
    stored = look(idp)
    assert stored.error_code == "60011"
    assert "qyapi_base" in stored.error_cause
    assert (stored.found, stored.owed) == (0, False)
    assert stored.due_at is not None
    assert stored.due_at > timezone.now()
    assert catchup.due() == []
    simulator.permissions.add("qyapi_base")
    stored = look(idp)
    assert (stored.found, stored.error_code) == (1, "")


def test_a_secret_that_does_not_open_is_stored_as_the_cause(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    idp.secrets.filter(name="app_secret").update(sealed="v1:nonsense")
    stored = look(idp)
    assert stored.error_code == "secret"
    assert simulator.calls[LIST] == 0


def test_an_item_that_says_nothing_is_kept_and_brings_a_full_run(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    now = time.time()
    odd: list[Any] = [
        {"call_back_tag": None},
        ["x"],
        {"call_back_tag": "user_add_org", "user_add_org": {"userid": ["\ud800"]}},
    ]
    simulator.failed.items = [(now, item) for item in odd]
    assert look(idp).found == 3
    rows = InboxEvent.objects.filter(way=Way.FAILED)
    assert set(rows.values_list("state", flat=True)) == {InboxEvent.State.IGNORED}
    assert len(queued(idp)) == 1


@pytest.mark.parametrize("under_way", [State.QUEUED, State.RUNNING])
def test_a_full_run_is_owed_until_one_begins_that_sees_what_was_lost(
    idp: IdentityProvider, simulator: Simulator, under_way: str
) -> None:
    """One that reads already may be past it."""
    run = runs.enqueue(idp, trigger=SyncRun.Trigger.SCHEDULE)
    later = timezone.now() + timedelta(minutes=1)
    SyncRun.objects.filter(pk=run.pk).update(state=under_way, lease_until=later)
    catchup.owe(idp.pk)
    stored = look(idp)
    assert stored.owed is (under_way == State.RUNNING)
    SyncRun.objects.filter(pk=run.pk).update(state=State.SUCCESS)
    assert not look(idp).owed
    assert len(queued(idp)) == (under_way == State.RUNNING)


def test_an_idp_that_is_deleted_meanwhile_ends_the_look(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    fail(simulator, 1)
    simulator.faults.before(LIST, 1, idp.delete)
    tasks.catch_up(str(idp.pk))
    assert not CatchUp.objects.exists()
    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize("why", ["draft", "closed", "no keys", "no event"])
def test_only_an_idp_that_is_pushed_to_is_asked(
    idp: IdentityProvider, simulator: Simulator, why: str
) -> None:
    assert catchup.due() == [idp.pk]
    if why == "draft":
        IdentityProvider.objects.update(confirmed_at=None)
    elif why == "closed":
        IdentityProvider.objects.update(status=IdentityProvider.Status.CLOSED)
    elif why == "no keys":
        idp.set_secret("token", "")
    else:
        InboxEvent.objects.all().delete()
    assert catchup.due() == []
    tasks.catch_up(str(idp.pk))
    assert simulator.calls[LIST] == 0


@pytest.mark.parametrize("department_key", ["deptid", "dept_id", "deptId"])
@pytest.mark.parametrize("content_key", ["", "callbackData"])
def test_each_spelling_of_the_list_names_the_same(
    idp: IdentityProvider, simulator: Simulator, department_key: str, content_key: str
) -> None:
    """dingtalk.md 7.5: no page says how departments are called there."""
    simulator.failed.department_key = department_key
    simulator.failed.content_key = content_key
    at = int(time.time() * 1000)
    simulator.failed.add(Event("org_dept_modify", department_ids=(501, 502)), at)
    simulator.failed.add(Event("user_add_org", ("u1", "u2")), at)
    assert look(idp).found == 2
    department, person = InboxEvent.objects.filter(way=Way.FAILED).order_by("pk")
    assert (department.departments, department.userids) == (["501", "502"], [])
    assert (person.departments, person.userids) == ([], ["u1", "u2"])
    assert not department.late


def test_a_worker_that_starts_looks_at_once_but_not_twice(
    idp: IdentityProvider,
) -> None:
    """This installation was down; the routine would wait for a quarter of an hour."""
    look(idp)
    catchup.hurry()
    assert catchup.due() == []
    ago = timezone.now() - catchup.SOON - timedelta(seconds=1)
    CatchUp.objects.update(at=ago)
    assert catchup.due() == []
    catchup.hurry()
    assert catchup.due() == [idp.pk]


@pytest.mark.xdist_group("celery")
def test_a_tick_has_a_worker_look(idp: IdentityProvider, simulator: Simulator) -> None:
    idp.next_due_at = timezone.now() + timedelta(days=1)
    idp.save()
    fail(simulator, 1)
    app.control.purge()
    workers = start_worker(
        app, pool="threads", perform_ping_check=False, queues=["events"]
    )
    with workers:
        tasks.tick()
        until = time.monotonic() + 20
        while not queued(idp) and time.monotonic() < until:
            time.sleep(0.05)
    app.control.purge()
    assert caught(idp) == {"u0": 1}
    assert len(queued(idp)) == 1
