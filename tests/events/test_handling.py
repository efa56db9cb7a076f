"""What an event brings, in any order and of any kind (F-61 to F-66, F-71 to F-73)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.effects import (
    altered,
    banned_page,
    http_error,
)
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sync import handling, settling, worklist
from sync.models import Department, Employee, InboxEvent, SyncRun, full_runs
from sync.seeking import MOST
from tests.engine.conftest import DEPARTMENT, GET, LIST, Sync
from tests.engine.conftest import sync as sync
from tests.events.synced import (
    Outcome,
    State,
    age,
    as_the_company,
    aside,
    asks,
    gets,
    is_cut,
    narrow_runs,
    outcomes,
    perform_queued,
    settled_lag,
    someone,
    states,
    status,
    tree,
)
from tests.plugins.arriving import Arriving
from tests.plugins.simulated import MakeSimulator

pytestmark = pytest.mark.django_db(transaction=True)
Fate = SyncRun.State


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    return make_simulator(employees=24, departments=6)


@pytest.fixture
def synced(sync: Sync, arriving: Arriving) -> Arriving:
    sync()
    return arriving


# --- F-61: out of order ---


def test_F61_a_leave_that_comes_before_the_join_of_the_same_person(
    synced: Arriving,
) -> None:
    company = synced.simulator.company
    gone = company.hire("Came and went")
    company.let_go(gone.userid)
    joined, _changed, left = synced.texts(synced.take())
    for text in (left, joined):
        synced.arrive(text)
        synced.work()
    as_the_company(synced)
    assert status(gone.userid) is None


def test_F61_a_change_before_the_create(synced: Arriving) -> None:
    company = synced.simulator.company
    fresh = company.hire("Newcomer", company.add_department("New").id)
    created, joined, changed = synced.texts(synced.take())
    synced.arrive(changed)
    synced.work()
    assert status(fresh.userid) == "active"
    synced.arrive(created, joined)
    synced.work()
    as_the_company(synced)


def test_F61_a_person_brings_departments_up_that_nobody_knows(
    synced: Arriving,
) -> None:
    """With all above them, whose events come later or never."""
    company = synced.simulator.company
    upper = company.add_department("Upper")
    lower = company.add_department("Lower", company.add_department("Mid", upper.id).id)
    company.move(someone(company), lower.id)
    moved = synced.take()[-1]
    synced.arrive(*synced.texts([moved]))
    synced.work()
    as_the_company(synced)


def test_F61_a_department_whose_parent_nobody_knows(synced: Arriving) -> None:
    company = synced.simulator.company
    company.add_department("Lower", company.add_department("Upper").id)
    synced.arrive(*synced.texts(reversed(synced.take())))
    synced.work()
    as_the_company(synced)


def test_F61_a_department_is_removed_before_the_moves_of_its_people_come(
    synced: Arriving,
) -> None:
    """They are asked for one by one: nobody is lost, and nobody stays in it."""
    company = synced.simulator.company
    doomed = next(d for d in company.real_departments() if company.members(d.id))
    if doomed.id == 1:
        doomed = next(
            d for d in company.real_departments() if d.id != 1 and company.members(d.id)
        )
    below = company.subtree([doomed.id])
    haven = next(d.id for d in company.real_departments() if d.id not in below)
    for person in [p for n in below for p in company.members(n)]:
        left = [n for n in person.department_ids if n not in below]
        company.move(person.userid, *(left or [haven]))
    company.remove_department(doomed.id)
    removed = synced.take()[-1]
    synced.idp.guard_departments_percent = 100
    synced.idp.save()
    synced.arrive(*synced.texts([removed]))
    synced.work()
    assert str(doomed.id) not in tree()
    as_the_company(synced)


def test_F61_a_move_computes_the_paths_and_numbers_of_the_subtree(
    synced: Arriving,
) -> None:
    company = synced.simulator.company
    upper = company.add_department("Upper")
    mid = company.add_department("Mid", upper.id)
    low = company.add_department("Low", mid.id)
    company.move(someone(company), low.id)
    synced.happened()
    haven = company.add_department("Haven")
    company.move_department(mid.id, haven.id)
    synced.happened()
    row = Department.objects.get(source_id=str(low.id))
    assert row.path == f"/1/{haven.id}/{mid.id}/{low.id}/"
    assert Department.objects.get(source_id=str(haven.id)).total == 1
    as_the_company(synced)


# --- F-62, F-64, F-65: hints, strangers, lists ---


def test_F62_a_late_hint_is_read_but_cuts_nobodys_access(synced: Arriving) -> None:
    company = synced.simulator.company
    here, leaver = sorted(company.people)[:2]
    company.let_go(leaver)
    days_ago = int((timezone.now() - timedelta(days=3)).timestamp() * 1000)
    leaves = [Event("user_leave_org", (userid,)) for userid in (here, leaver)]
    synced.arrive(*synced.texts(leaves), sent_at=days_ago)
    assert not is_cut(here)
    assert not is_cut(leaver)
    synced.work()
    assert (status(here), status(leaver)) == ("active", "left")
    assert outcomes() == [Outcome.READ, Outcome.LEFT]


@pytest.mark.parametrize("kind", ["user_add_org", "user_modify_org"])
def test_F64_an_unknown_person_who_is_real_is_added_and_another_is_not(
    synced: Arriving, kind: str
) -> None:
    real = synced.simulator.company.hire("Real").userid
    synced.event(kind, real, "nobody")
    synced.work()
    assert status(real) == "active"
    assert states() == {State.PENDING}, "the vendor's reads may lag: looked at again"
    synced.simulator.calls.clear()
    for _ in range(4):
        synced.later(5)
    assert status("nobody") is None
    assert states() == {State.APPLIED}
    assert gets(synced) <= 4, "two more looks at two people"


def test_F64_one_of_several_who_is_not_shown_yet_is_not_forgotten(
    synced: Arriving,
) -> None:
    company = synced.simulator.company
    slow = company.hire("Slow")
    company.let_go(slow.userid)
    synced.event("user_add_org", someone(company), slow.userid)
    synced.work()
    company.hire("Slow", userid=slow.userid, unionid=slow.unionid)
    synced.later(2)
    assert status(slow.userid) == "active"


def test_F64_an_unknown_department(synced: Arriving) -> None:
    real = synced.simulator.company.add_department("Real")
    synced.event("org_dept_modify", real.id, 999_999)
    synced.event("org_dept_remove", 999_998)
    synced.work()
    assert str(real.id) in tree()
    for _ in range(3):
        synced.later(10)
    assert states() == {State.APPLIED}
    assert not tree() & {"999999", "999998"}


def test_F65_a_thousand_userids_in_one_event_are_one_full_run(
    synced: Arriving,
) -> None:
    fresh = synced.simulator.company.hire("In the list").userid
    synced.event("user_add_org", *[f"u{n}" for n in range(999)], fresh)
    calls = asks(synced, lambda: settled_lag(synced))
    assert GET not in calls
    (run,) = perform_queued()
    assert (run.trigger, run.state) == (SyncRun.Trigger.EVENT, Fate.SUCCESS)
    synced.work()
    assert status(fresh) == "active"
    assert outcomes() == [Outcome.COVERED]
    assert full_runs().count() == 2


@pytest.mark.parametrize("userids", [[], None, "", [None], [""], {}])
def test_F65_an_empty_list_is_ignored(synced: Arriving, userids: Any) -> None:
    content = {"EventType": "user_leave_org", "userId": userids, "eventId": "e"}
    synced.arrive(json.dumps(content))
    assert asks(synced, synced.work) == {}
    assert (states(), outcomes()) == ({State.IGNORED}, [Outcome.EMPTY])


# --- F-66: floods ---


def test_F66_many_events_of_one_person_are_one_read(synced: Arriving) -> None:
    company = synced.simulator.company
    userid = someone(company)
    for number in range(50):
        company.rename(userid, f"N{number}")
    synced.arrive(*synced.texts(synced.take()))
    assert asks(synced, synced.work) == {GET: 1}
    assert Employee.objects.get(userid=userid).name == "N49"
    assert (states(), narrow_runs()) == ({State.APPLIED}, 1)


def test_F66_settling_takes_as_many_queries_for_many_events_as_for_few(
    synced: Arriving,
) -> None:
    company = synced.simulator.company
    here, other, leaver = sorted(company.people)[:3]
    company.let_go(leaver)

    def queries(copies: int) -> int:
        synced.arrive(
            *synced.texts(
                Event(kind, (userid,))
                for kind, userid in (
                    ("user_modify_org", here),
                    ("user_active_org", other),
                    ("user_leave_org", leaver),
                )
                for _ in range(copies)
            )
        )
        with CaptureQueriesContext(
            connection,
        ) as context:
            synced.work()
        return len(context)

    queries(1)
    assert abs(queries(2) - queries(30)) <= 2


def burst(synced: Arriving, size: int = MOST + 1) -> None:
    """So many people are named, all of whom are there or do not exist."""
    fresh = synced.simulator.company.hire("Of the burst")
    synced.take()
    userids = [fresh.userid, *(f"u{n}" for n in range(size - 1))]
    events = [Event("user_modify_org", (userid,)) for userid in userids]
    synced.arrive(*synced.texts(events))


def test_F66_more_than_500_objects_are_read_by_one_full_run(synced: Arriving) -> None:
    """Which begins a moment later, so that its answers do not lag the events."""
    burst(synced)
    assert asks(synced, synced.work) == {}
    assert full_runs().count() == 1
    calls = asks(synced, lambda: settled_lag(synced))
    assert (calls, full_runs().count(), narrow_runs()) == ({}, 2, 0)
    synced.work()
    assert full_runs().count() == 2, "they wait for the run"
    perform_queued()
    synced.work()
    assert states() == {State.APPLIED}
    assert set(outcomes()) == {Outcome.COVERED}
    assert Employee.objects.filter(name="Of the burst").exists()
    assert asks(synced, synced.later) == {}
    assert full_runs().count() == 2


def test_F66_when_the_full_run_fails_the_events_wait_longer_and_longer(
    synced: Arriving,
) -> None:
    burst(synced)
    synced.simulator.faults.add(http_error(502), LIST)
    settled_lag(synced)
    for tries in range(1, 4):
        (run,) = perform_queued()
        assert run.state == Fate.FAILED
        synced.work()
        assert full_runs().count() == 1 + tries, "the ladder is waited for"
        event = InboxEvent.objects.first()
        assert event
        assert (event.attempts, event.state) == (tries, State.PENDING)
        synced.later(settling.LADDER[tries - 1].total_seconds() + 1)
    synced.simulator.faults.clear()
    perform_queued()
    synced.work()
    assert set(outcomes()) == {Outcome.COVERED}


def test_F66_when_the_full_run_is_partial_they_are_read_in_portions(
    synced: Arriving,
) -> None:
    """Another full run would be partial again: no circle of full runs, no loss."""
    company = synced.simulator.company
    company.distort_department(company.real_departments()[-1].id, parent_id={})
    burst(synced)
    settled_lag(synced)
    (run,) = perform_queued()
    assert run.state == Fate.PARTIAL
    synced.work()
    assert full_runs().count() == 2
    synced.later(11)
    for _ in range(3):
        synced.later(11)
    assert full_runs().count() == 2
    assert states() == {State.APPLIED}
    assert narrow_runs() >= 3, "no more than a few hundred people at a time"


def test_F66_while_a_full_run_is_under_way_they_wait_for_it(
    synced: Arriving, sync: Sync
) -> None:
    """It may have read before they came."""
    simulator = synced.simulator

    def meanwhile() -> None:
        burst(synced)
        age(60)
        synced.work()
        assert narrow_runs() == 0

    simulator.faults.before(LIST, 2, lambda: aside(meanwhile))
    sync()
    assert states() == {State.PENDING}
    synced.later(11)
    perform_queued()
    synced.work()
    assert set(outcomes()) == {Outcome.COVERED}
    assert full_runs().count() == 3


def test_F66_a_held_plan_is_not_pushed_aside(synced: Arriving, sync: Sync) -> None:
    company = synced.simulator.company
    for userid in sorted(company.people)[:10]:
        company.let_go(userid)
    held = sync()
    assert held.state == Fate.HELD
    burst(synced)
    settled_lag(synced)
    assert states() == {State.HELD}
    held.refresh_from_db()
    assert held.state == Fate.HELD
    assert asks(synced, synced.later) == {}


# --- F-71, F-73: poison ---


def test_F71_a_department_that_cannot_be_read_stops_no_other_event(
    synced: Arriving,
) -> None:
    """Five tries, then it is dead, and says why; Process again works when it is mended."""
    company = synced.simulator.company
    poison = company.add_department("Poison")
    fresh = company.hire("Beside it")
    company.distort_department(poison.id, parent_id={"no": "id"})
    synced.arrive(*synced.texts(synced.take()))
    synced.work()
    assert status(fresh.userid) == "active"
    event = InboxEvent.objects.get(name="org_dept_create")
    for tries, wait in enumerate(settling.LADDER, start=1):
        event.refresh_from_db()
        assert (event.state, event.attempts) == (State.PENDING, tries)
        assert asks(synced, lambda: synced.later(1)) == {}, "not before it is due"
        synced.later(wait.total_seconds())
    event.refresh_from_db()
    assert (event.state, event.attempts) == (State.DEAD, 5)
    assert event.error_cause
    assert event.handled_at
    assert states() == {State.APPLIED, State.DEAD}
    assert asks(synced, lambda: synced.later(100_000)) == {}
    company.distort_department(poison.id)
    assert handling.again(InboxEvent.objects.filter(pk=event.pk)) == 1
    synced.work()
    event.refresh_from_db()
    assert (event.state, event.error_cause) == (State.APPLIED, "")
    as_the_company(synced)


def test_F71_an_odd_answer_of_the_vendor_is_tried_apart_from_the_others(
    synced: Arriving,
) -> None:
    company = synced.simulator.company
    poison, fine = company.add_department("Poison"), company.add_department("Fine")
    odd = altered(lambda content: content | {"errcode": 987_654, "errmsg": "?"})
    synced.simulator.faults.add(odd, DEPARTMENT, body={"dept_id": poison.id})
    synced.arrive(*synced.texts(synced.take()))
    synced.work()
    assert str(fine.id) in tree()
    for wait in settling.LADDER:
        synced.later(wait.total_seconds() + 1)
    assert InboxEvent.objects.get(departments=[str(poison.id)]).state == State.DEAD


def test_F71_a_portal_between_us_and_the_vendor_makes_no_event_dead(
    synced: Arriving,
) -> None:
    fresh = synced.simulator.company.hire("Patient")
    synced.simulator.faults.add(banned_page(), GET)
    synced.arrive(*synced.texts(synced.take()))
    synced.work()
    for _ in range(8):
        synced.later(3700)
    assert states() == {State.PENDING}
    synced.simulator.faults.clear()
    synced.later(3700)
    assert status(fresh.userid) == "active"


@pytest.fixture
def no_poison(idp: IdentityProvider) -> Any:
    """A table that refuses one name, as a mistake of ours would."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "ALTER TABLE sync_employee ADD CONSTRAINT poison"
                " CHECK (name <> 'Poison')"
            )
        else:
            cursor.execute(
                "CREATE TRIGGER poison BEFORE INSERT ON sync_employee"
                " WHEN NEW.name = 'Poison' BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
    yield
    mend()


def mend() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE sync_employee DROP CONSTRAINT IF EXISTS poison")
        else:
            cursor.execute("DROP TRIGGER IF EXISTS poison")


def test_F71_F73_an_error_of_ours_kills_its_event_and_no_other_and_is_replayed(
    synced: Arriving, no_poison: None
) -> None:
    company = synced.simulator.company
    poisons = [company.hire("Poison").userid for _ in range(2)]
    fresh = company.hire("Fine").userid
    synced.arrive(*synced.texts(synced.take()))
    synced.work()
    assert status(fresh) == "active"
    late = company.hire("Later").userid
    synced.happened()
    assert status(late) == "active", "what waits alone stops nobody"
    for wait in settling.LADDER:
        synced.later(wait.total_seconds() + 1)
    dead = InboxEvent.objects.filter(state=State.DEAD)
    assert {u for event in dead for u in event.userids} == set(poisons)
    assert set(dead.values_list("attempts", "error_code")) == {(5, "internal")}
    assert states() == {State.APPLIED, State.DEAD}
    mend()
    assert handling.again(dead.all()) == 4
    synced.work()
    assert {status(userid) for userid in poisons} == {"active"}
    as_the_company(synced)


def test_F73_a_full_run_repairs_what_dead_events_did_not(
    synced: Arriving, sync: Sync, no_poison: None
) -> None:
    """And settles them: nobody has to replay by hand."""
    userid = synced.simulator.company.hire("Poison").userid
    synced.happened()
    for wait in settling.LADDER:
        synced.later(wait.total_seconds() + 1)
    assert states() == {State.DEAD}
    mend()
    age(60)
    sync()
    assert status(userid) == "active"
    assert list(worklist.idps_with_work()) == [str(synced.idp.pk)]
    synced.work()
    assert (states(), set(outcomes())) == ({State.APPLIED}, {Outcome.COVERED})
    assert list(worklist.idps_with_work()) == []


def test_again_reads_anew_although_a_full_run_has_read_since(
    synced: Arriving, sync: Sync
) -> None:
    userid = someone(synced.simulator.company)
    event = synced.event("user_modify_org", userid)
    synced.work()
    age(60)
    sync()
    handling.again(InboxEvent.objects.filter(pk=event.pk))
    synced.simulator.calls.clear()
    synced.work()
    assert gets(synced) == 1
    assert outcomes() == [Outcome.READ]
