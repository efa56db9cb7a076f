"""Who leaves is locked out at once, and who did not leave gets access back only when
reads say so (F-68 to F-70, T-03, T-06, T-09, design 2.9)."""

import json
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.effects import error, http_error
from identity.connectors.dingtalk.simulator.events import body
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sync import handling, runs, settling, worklist
from sync.models import AccessCut, Employee, InboxEvent, SyncRun, full_runs
from tests.engine.conftest import GET, LIST, Sync, active
from tests.engine.conftest import sync as sync
from tests.events.synced import (
    Outcome,
    State,
    age,
    as_the_company,
    asks,
    is_cut,
    is_open,
    log_on,
    narrow_runs,
    outcomes,
    perform_queued,
    settled_lag,
    someone,
    states,
    status,
)
from tests.plugins.arriving import Arriving
from tests.plugins.simulated import MakeSimulator

pytestmark = pytest.mark.django_db(transaction=True)
LEAVE, JOIN, MODIFY = "user_leave_org", "user_add_org", "user_modify_org"
NOW = int(timezone.now().timestamp() * 1000)


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    return make_simulator(employees=24, departments=6)


@pytest.fixture
def synced(sync: Sync, arriving: Arriving) -> Arriving:
    sync()
    return arriving


@pytest.fixture
def userid(synced: Arriving) -> str:
    return someone(synced.simulator.company)


def born(synced: Arriving, kind: str, userid: str, at: int) -> None:
    """An event that says when it happened."""
    event = Event(kind, (userid,))
    synced.arrive(json.dumps(body(event, synced.simulator.corp_id, at)))


def pass_by(seconds: float) -> None:
    """Let time go by for cuts alone, with no worker at it."""
    gone = timedelta(seconds=seconds)
    AccessCut.objects.update(at=F("at") - gone, found_at=F("found_at") - gone)


def read(synced: Arriving, userid: str) -> None:
    """A read of this person by an event that says nothing about leaving."""
    InboxEvent.objects.update(state=State.APPLIED)
    synced.event(MODIFY, userid)
    synced.work()


# --- F-68: DingTalk is down ---


def test_F68_a_leaver_is_locked_out_while_dingtalk_is_down_and_marked_when_it_answers(
    synced: Arriving, userid: str
) -> None:
    session = log_on(userid)
    synced.simulator.company.let_go(userid)
    synced.simulator.faults.add(http_error(502))
    synced.arrive(*synced.texts(synced.take()))
    assert not is_open(session)
    assert is_cut(userid)
    synced.work()
    event = InboxEvent.objects.get()
    for tries, wait in enumerate((*settling.LADDER, settling.LADDER[-1]), start=1):
        event.refresh_from_db()
        assert (event.state, event.attempts) == (State.PENDING, tries)
        assert event.error_code == settling.UNREACHABLE
        assert (status(userid), is_cut(userid)) == ("active", True)
        synced.later(wait.total_seconds() + 1)
    synced.simulator.faults.clear()
    synced.later(3601)
    assert (status(userid), is_cut(userid)) == ("left", False)
    assert outcomes() == [Outcome.LEFT]


def test_F68_the_first_answer_brings_all_forward_that_only_waited_for_it(
    synced: Arriving, userid: str
) -> None:
    synced.simulator.company.let_go(userid)
    synced.simulator.faults.add(http_error(502))
    for _ in range(4):
        synced.happened()
        synced.later(700)
    synced.simulator.faults.clear()
    synced.simulator.company.hire("After it")
    synced.happened()
    assert status(userid) == "left"
    assert states() == {State.APPLIED}


def test_F68_a_secret_that_dingtalk_rejects_makes_no_event_dead(
    synced: Arriving, userid: str
) -> None:
    synced.simulator.company.let_go(userid)
    synced.simulator.faults.add("permission_withdrawn", GET)
    synced.happened()
    for _ in range(8):
        synced.later(3601)
    assert (states(), status(userid)) == ({State.PENDING}, "active")
    synced.simulator.faults.clear()
    synced.later(3601)
    assert status(userid) == "left"


# --- F-69 ---


def test_F69_who_left_and_came_back_within_a_minute_is_active_with_the_same_sub(
    synced: Arriving, userid: str
) -> None:
    company = synced.simulator.company
    session, sub = log_on(userid), Employee.objects.get(userid=userid).sub
    person = company.let_go(userid)
    company.hire("Back", userid=userid, unionid=person.unionid)
    synced.happened()
    row = Employee.objects.get(userid=userid)
    assert (row.status, row.sub) == ("active", sub)
    assert not is_cut(userid), "the newer join is confirmed by one read"
    assert not is_open(session)
    assert Outcome.RESTORED in outcomes()
    as_the_company(synced)


def test_F69_with_a_read_between_they_left_and_returned(
    synced: Arriving, userid: str
) -> None:
    company = synced.simulator.company
    session, sub = log_on(userid), Employee.objects.get(userid=userid).sub
    person = company.let_go(userid)
    synced.happened()
    assert status(userid) == "left"
    company.hire("Back", userid=userid, unionid=person.unionid)
    synced.happened()
    row = Employee.objects.get(userid=userid)
    assert (row.status, row.sub) == ("active", sub)
    assert not is_open(session)
    as_the_company(synced)


# --- what lifts a cut, and what does not (2.9) ---


def test_one_read_does_not_lift(synced: Arriving, userid: str) -> None:
    synced.event(LEAVE, userid)
    pass_by(10)
    synced.work()
    cut = AccessCut.objects.get()
    assert cut.found_at is not None
    assert states() == {State.PENDING}, "the event waits for the second look"


def test_two_reads_of_less_than_30_s_apart_do_not_lift(
    synced: Arriving, userid: str
) -> None:
    synced.event(LEAVE, userid)
    pass_by(10)
    synced.work()
    pass_by(25)
    read(synced, userid)
    assert is_cut(userid)
    pass_by(6)
    read(synced, userid)
    assert not is_cut(userid)


def test_a_first_read_sooner_than_2_s_does_not_count(
    synced: Arriving, userid: str
) -> None:
    synced.event(LEAVE, userid)
    synced.work()
    assert AccessCut.objects.get().found_at is None
    pass_by(1.5)
    read(synced, userid)
    assert AccessCut.objects.get().found_at is None
    pass_by(100)
    read(synced, userid)
    assert is_cut(userid), "this was the first that counts"


def test_the_event_itself_looks_until_it_knows(synced: Arriving, userid: str) -> None:
    """A forged or wrong notice locks somebody out for half a minute, with three calls."""
    synced.event(LEAVE, userid)
    synced.simulator.calls.clear()
    synced.work()
    synced.later(3)
    assert (is_cut(userid), states()) == (True, {State.PENDING})
    synced.later(20)
    assert is_cut(userid)
    synced.later(11)
    assert (is_cut(userid), outcomes()) == (False, [Outcome.RESTORED])
    assert synced.simulator.calls[GET] == 3
    assert status(userid) == "active"


def test_a_read_numbered_before_the_event_never_lifts(
    synced: Arriving, userid: str
) -> None:
    """The pass has read the person; then the leave comes, and the pass ends."""
    synced.event(MODIFY, userid)
    simulator = synced.simulator
    # The read has its number when it is answered; the notice comes after that.
    later: list[InboxEvent] = []

    def leaves(*_: object) -> object:
        later.append(synced.event(LEAVE, userid))
        pass_by(100)
        AccessCut.objects.update(rejoined=None)
        return None

    simulator.faults.before(GET, 1, leaves)
    synced.work()
    assert is_cut(userid)


def test_a_newer_join_that_one_read_confirms_lifts(
    synced: Arriving, userid: str
) -> None:
    born(synced, LEAVE, userid, NOW)
    born(synced, JOIN, userid, NOW + 1000)
    assert is_cut(userid), "no notice lifts by itself"
    synced.work()
    assert not is_cut(userid)


@pytest.mark.parametrize("before", [1000, None])
def test_a_join_from_before_the_leave_that_comes_late_does_not_lift(
    synced: Arriving, userid: str, before: int | None
) -> None:
    """Neither does one that does not say when."""
    born(synced, LEAVE, userid, NOW)
    if before is None:
        content = {"EventType": JOIN, "userId": [userid], "eventId": "no-time"}
        synced.arrive(json.dumps(content))
    else:
        born(synced, JOIN, userid, NOW - before)
    synced.work()
    assert is_cut(userid)


def test_an_older_leave_that_comes_late_does_not_make_room_for_an_old_join(
    synced: Arriving, userid: str
) -> None:
    born(synced, LEAVE, userid, NOW)
    born(synced, LEAVE, userid, NOW - 5000)
    born(synced, JOIN, userid, NOW - 1000)
    synced.work()
    assert is_cut(userid)


def test_full_runs_are_reads_too(synced: Arriving, userid: str, sync: Sync) -> None:
    synced.event(LEAVE, userid)
    pass_by(10)
    sync()
    assert AccessCut.objects.get().found_at is not None
    sync()
    assert is_cut(userid)
    pass_by(31)
    sync()
    assert not is_cut(userid)
    synced.later(100)
    assert states() == {State.APPLIED}


@pytest.mark.parametrize("code", ["50002", "50004", "88"])
def test_T09_who_cannot_be_read_is_neither_ended_nor_let_in(
    synced: Arriving, userid: str, code: str
) -> None:
    synced.simulator.faults.add(error(code, "no"), GET)
    synced.event(LEAVE, userid)
    for _ in range(8):
        synced.later(3700)
    assert (status(userid), is_cut(userid)) == ("active", True)


def test_T09_a_dead_leave_is_looked_at_again_when_a_full_run_reads_the_person(
    synced: Arriving, userid: str, sync: Sync
) -> None:
    synced.simulator.faults.add(error("50002", "out of range"), GET)
    synced.event(LEAVE, userid)
    for _ in range(8):
        synced.later(3700)
    assert states() == {State.DEAD}
    synced.simulator.faults.clear()
    sync()
    for _ in range(3):
        synced.later(31)
    assert (status(userid), is_cut(userid)) == ("active", False)
    assert states() == {State.APPLIED}


def test_a_userid_with_another_holder_does_not_clear_the_one_before(
    synced: Arriving, userid: str
) -> None:
    """Somebody is read under this userid, but not the person whose access is cut."""
    synced.idp.guard_people_min = synced.idp.guard_people_percent = 0
    synced.idp.save()
    company = synced.simulator.company
    company.let_go(userid)
    company.hire("Successor", userid=userid)
    synced.happened()
    assert states() == {State.HELD}
    for _ in range(3):
        pass_by(100)
        synced.event(MODIFY, userid)
        synced.work()
    assert is_cut(userid)
    assert handling.approve(synced.idp)
    synced.work()
    rows = Employee.objects.filter(userid=userid).order_by("pk")
    assert [row.status for row in rows] == ["left", "active"]
    assert not is_cut(userid)


def test_T09_somebody_handed_on_and_held_is_locked_out_although_no_leave_came(
    synced: Arriving, userid: str
) -> None:
    synced.idp.guard_people_min = synced.idp.guard_people_percent = 0
    synced.idp.save()
    session = log_on(userid)
    company = synced.simulator.company
    company.let_go(userid)
    company.hire("Successor", userid=userid)
    synced.arrive(*synced.texts(synced.take()[-1:]))
    synced.work()
    assert states() == {State.HELD}
    assert is_cut(userid)
    assert not is_open(session)


# --- T-03: replays ---


def test_T03_a_replay_has_no_effect(synced: Arriving, userid: str) -> None:
    company = synced.simulator.company
    person = company.let_go(userid)
    (text,) = synced.texts(synced.take())
    synced.arrive(text)
    synced.work()
    company.hire("Back", userid=userid, unionid=person.unionid)
    synced.happened()
    session = log_on(userid)
    month_ago = int((timezone.now() - timedelta(days=30)).timestamp() * 1000)
    for sent_at in (None, month_ago):
        assert synced.arrive(*[text] * 20, sent_at=sent_at) == 0
    assert asks(synced, synced.work) == {}
    assert is_open(session)
    assert not is_cut(userid)


# --- F-70: closed IdPs ---


def close(idp: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=idp.pk).update(status="closed")


def enable(idp: IdentityProvider) -> None:
    """As the view does: a full run is queued at once."""
    IdentityProvider.objects.filter(pk=idp.pk).update(status="enabled")
    idp.refresh_from_db()
    runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON)


def test_F70_events_of_a_closed_idp_are_parked_and_dropped_after_a_full_run(
    synced: Arriving, userid: str
) -> None:
    company = synced.simulator.company
    company.rename(userid, "Before")
    synced.arrive(*synced.texts(synced.take()))
    close(synced.idp)
    fresh = company.hire("Meanwhile").userid
    synced.arrive(*synced.texts(synced.take()))
    assert asks(synced, synced.work) == {}
    assert states() == {State.PARKED}
    assert list(worklist.idps_with_work()) == []
    age(60)
    enable(synced.idp)
    synced.work()
    assert states() == {State.PARKED}, "the full run comes first"
    perform_queued()
    assert status(fresh) == "active"
    assert list(worklist.idps_with_work()) == [str(synced.idp.pk)]
    synced.work()
    assert (states(), set(outcomes())) == ({State.APPLIED}, {Outcome.COVERED})
    assert narrow_runs() == 0


def test_F70_a_parked_leave_locks_out_until_two_reads_find_the_person(
    synced: Arriving, userid: str
) -> None:
    close(synced.idp)
    synced.event(LEAVE, userid)
    assert is_cut(userid)
    age(60)
    pass_by(60)
    enable(synced.idp)
    perform_queued()
    synced.work()
    assert (is_cut(userid), states()) == (True, {State.PENDING})
    synced.later(31)
    assert (is_cut(userid), states()) == (False, {State.APPLIED})


@pytest.mark.parametrize("ends", [SyncRun.State.FAILED, SyncRun.State.PARTIAL])
def test_F70_parked_events_are_worked_on_if_the_full_run_does_not_answer_them(
    synced: Arriving, userid: str, ends: str
) -> None:
    close(synced.idp)
    company = synced.simulator.company
    company.let_go(userid)
    synced.arrive(*synced.texts(synced.take()))
    age(60)
    if ends == SyncRun.State.PARTIAL:
        company.distort_department(company.real_departments()[-1].id, parent_id={})
    else:
        synced.simulator.faults.add(http_error(502), LIST)
    enable(synced.idp)
    assert [run.state for run in perform_queued()] == [ends]
    assert status(userid) == "active"
    assert list(worklist.idps_with_work()) == [str(synced.idp.pk)]
    synced.work()
    assert status(userid) == "left"
    assert states() == {State.APPLIED}


# --- T-06: too many leave ---


def test_T06_many_leaves_cut_access_but_mark_only_as_many_as_the_guard_allows(
    synced: Arriving, sync: Sync
) -> None:
    company = synced.simulator.company
    leavers = sorted(company.people)[:12]
    sessions = [log_on(userid) for userid in leavers]
    for userid in leavers:
        company.let_go(userid)
        synced.happened()
    assert not any(map(is_open, sessions))
    assert sorted(active() & set(leavers)) == leavers[5:]
    assert all(map(is_cut, leavers[5:]))
    held = InboxEvent.objects.filter(state=State.HELD)
    assert held.count() == 7
    assert asks(synced, lambda: synced.later(7200)) == {}, "an administrator decides"
    assert handling.approve(synced.idp) == 7
    synced.work()
    assert not active() & set(leavers)
    as_the_company(synced)


def test_T06_a_flood_of_forged_leaves_marks_nobody_and_the_people_come_back(
    synced: Arriving, sync: Sync
) -> None:
    """They are found when they are read: no guard is needed, and no work is left."""
    everybody = sorted(active())
    for userid in everybody:
        synced.event(LEAVE, userid)
    synced.work()
    assert active() == set(everybody)
    assert all(map(is_cut, everybody))
    synced.later(3)
    synced.later(31)
    assert not any(map(is_cut, everybody))
    assert states() == {State.APPLIED}


def test_T06_held_people_whom_a_full_run_finds_again_come_back(
    synced: Arriving, sync: Sync
) -> None:
    company = synced.simulator.company
    gone = [company.let_go(userid) for userid in sorted(company.people)[:12]]
    synced.arrive(*synced.texts(synced.take()))
    synced.work()
    assert states() == {State.HELD}
    for person in gone:
        company.admit(person)
    age(60)
    pass_by(60)
    sync()
    synced.work()
    assert states() == {State.PENDING}, "each waits for the second read"
    synced.later(31)
    assert states() == {State.APPLIED}
    assert not AccessCut.objects.exists()
    assert list(worklist.idps_with_work()) == []


def test_T06_held_people_who_are_still_gone_are_asked_for_once_a_full_run(
    synced: Arriving, sync: Sync
) -> None:
    """No circle: the plan of the full run is held as well."""
    company = synced.simulator.company
    for userid in sorted(company.people)[:12]:
        company.let_go(userid)
    synced.arrive(*synced.texts(synced.take()))
    synced.work()
    age(60)
    assert sync().state == SyncRun.State.HELD
    assert list(worklist.idps_with_work()) == []
    assert asks(synced, synced.work) == {}
    assert states() == {State.HELD}


def test_T06_more_than_500_leaves_at_once_are_held_and_approve_marks_them(
    synced: Arriving, sync: Sync
) -> None:
    """In narrow runs: another full run would only be held once more."""
    company = synced.simulator.company
    leavers = sorted(company.people)[:12]
    for userid in leavers:
        company.let_go(userid)
    synced.take()
    synced.event(LEAVE, *leavers, *(f"u{n}" for n in range(500)))
    settled_lag(synced)
    (run,) = perform_queued()
    assert run.state == SyncRun.State.HELD
    synced.work()
    assert states() == {State.HELD}
    assert (len(active() & set(leavers)), AccessCut.objects.count()) == (12, 12)
    handling.approve(synced.idp)
    synced.work()
    assert not active() & set(leavers)
    assert states() == {State.APPLIED}
    assert full_runs().count() == 2
    run.refresh_from_db()
    assert run.state == SyncRun.State.HELD, "its plan waits for its own answer"


def test_the_guard_counts_who_left_by_events_within_an_hour(
    synced: Arriving,
) -> None:
    company = synced.simulator.company
    for userid in sorted(company.people)[:5]:
        company.let_go(userid)
        synced.happened()
    hour = timedelta(hours=1, seconds=1)
    SyncRun.objects.update(started_at=F("started_at") - hour)
    sixth = someone(company)
    company.let_go(sixth)
    synced.happened()
    assert status(sixth) == "left"
