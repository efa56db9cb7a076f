"""Events beside a full run, neither of which undoes the other (F-67, design 2.4).

A full run is held between two answers, or between reading and writing; events come and
are worked on; then it goes on. The other way round too.
"""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import runs, worklist
from sync.directory import Writer
from sync.lease import Lease
from sync.models import Department, Employee, InboxEvent, SyncRun, full_runs
from sync.narrow import NarrowPass
from sync.neighbours import Outdated, still_newest
from sync.staging import Stage
from tests.engine.churn import ACTS, Churn
from tests.engine.conftest import DEPARTMENT, GET, LIST, LISTSUB, Sync
from tests.engine.conftest import sync as sync
from tests.engine.oracle import actual_people, assert_equal, expected_people
from tests.events.synced import (
    Outcome,
    State,
    as_the_company,
    aside,
    asks,
    narrow_runs,
    outcomes,
    settle_all,
    someone,
    states,
    status,
    tree,
    widen,
    with_own_connection,
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


def late(simulator: Simulator, act: Callable[[], object]) -> None:
    """Act once in a full run, before the last page of members is answered."""
    pages = len(simulator.company.real_departments())
    simulator.faults.before(LIST, pages, lambda: aside(act))


def at_the_end(simulator: Simulator, act: Callable[[], object]) -> None:
    """Act once in a full run, after it has compared: as it asks for somebody missing."""
    simulator.faults.before(GET, 1, lambda: aside(act))


def test_F67_who_leaves_after_their_page_was_read_stays_out(
    synced: Arriving, sync: Sync
) -> None:
    userid = someone(synced.simulator.company)

    def leaves() -> None:
        synced.simulator.company.let_go(userid)
        synced.happened()
        assert status(userid) == "left"

    late(synced.simulator, leaves)
    assert sync().state == Fate.SUCCESS
    assert status(userid) == "left"
    as_the_company(synced)


def test_F67_who_joins_after_the_list_was_read_stays_in(
    synced: Arriving, sync: Sync
) -> None:
    def joins() -> None:
        company = synced.simulator.company
        company.hire("Joiner", company.real_departments()[0].id)
        synced.happened()

    late(synced.simulator, joins)
    run = sync()
    assert (run.state, run.counts["left"]) == (Fate.SUCCESS, 0)
    assert Employee.objects.get(name="Joiner").status == "active"
    as_the_company(synced)


def test_F67_who_is_moved_renamed_and_promoted_meanwhile_is_as_they_are_now(
    synced: Arriving, sync: Sync
) -> None:
    company = synced.simulator.company
    userid = someone(company)
    company.update(userid, title="On the page")
    synced.take()

    def moves() -> None:
        target = company.real_departments()[-1].id
        company.move(userid, target)
        company.update(userid, title="Now")
        company.lead(userid, target)
        synced.happened()

    late(synced.simulator, moves)
    sync()
    assert Employee.objects.get(userid=userid).title == "Now"
    as_the_company(synced)


@pytest.mark.parametrize("where", [late, at_the_end])
def test_F67_departments_made_moved_renamed_and_removed_meanwhile(
    synced: Arriving,
    sync: Sync,
    where: Callable[[Simulator, Callable[[], object]], None],
) -> None:
    company = synced.simulator.company
    doomed = company.add_department("Doomed")
    moved, haven = company.add_department("Moved"), company.add_department("Haven")
    synced.happened()
    leaver = company.let_go(someone(company))
    synced.take()
    gone = str(doomed.id)

    def happens() -> None:
        company.remove_department(doomed.id)
        company.move_department(moved.id, haven.id)
        company.rename_department(haven.id, "Harbour")
        company.hire("Joiner", company.add_department("Fresh", moved.id).id)
        synced.happened()
        assert gone not in tree()

    where(synced.simulator, happens)
    run = sync()
    assert run.state in (Fate.SUCCESS, Fate.PARTIAL), run.error_cause
    assert gone not in tree()
    if run.state == Fate.PARTIAL:  # it has seen a department in two places
        sync()
    assert status(leaver.userid) == "left"
    as_the_company(synced)


def test_F67_who_joined_and_left_again_while_a_full_run_had_their_page(
    synced: Arriving, sync: Sync
) -> None:
    """There is no row yet that could say that they left: the event waits for the run."""
    company = synced.simulator.company
    fresh = company.hire("Came and went").userid
    synced.take()

    def leaves() -> None:
        company.let_go(fresh)
        synced.happened()
        assert states() == {State.PENDING}
        assert status(fresh) is None

    late(synced.simulator, leaves)
    sync()
    synced.work()
    assert status(fresh) != "active"
    assert states() == {State.APPLIED}
    as_the_company(synced)


def test_F67_who_returned_and_left_again_while_a_full_run_had_their_page(
    synced: Arriving, sync: Sync
) -> None:
    """Their old row is not made active by the older read."""
    company = synced.simulator.company
    person = company.let_go(someone(company))
    synced.happened()
    company.hire("Back", userid=person.userid, unionid=person.unionid)
    synced.take()

    def leaves() -> None:
        company.let_go(person.userid)
        synced.happened()

    late(synced.simulator, leaves)
    sync()
    assert status(person.userid) == "left"
    as_the_company(synced)


def test_F67_everybody_who_leaves_during_the_very_first_run_is_out(
    arriving: Arriving, sync: Sync
) -> None:
    company = arriving.simulator.company
    leavers = sorted(company.people)[:4]

    def leave() -> None:
        for userid in leavers:
            company.let_go(userid)
        company.remove_department(company.add_department("Short lived").id)
        arriving.happened()

    late(arriving.simulator, leave)
    sync()
    arriving.work()
    assert {status(userid) for userid in leavers} <= {"left", None}
    as_the_company(arriving)


def test_F67_who_joined_and_was_moved_has_no_place_of_the_older_page(
    synced: Arriving, sync: Sync
) -> None:
    """Between comparing and writing: the row is there already, by a later read."""
    company = synced.simulator.company
    first, second = (d.id for d in company.real_departments()[-2:])
    fresh = company.hire("Quick", first).userid
    company.let_go(someone(company))
    synced.take()

    def moves() -> None:
        company.move(fresh, second)
        synced.happened()

    at_the_end(synced.simulator, moves)
    sync()
    row = Employee.objects.get(userid=fresh)
    places = row.memberships.values_list("department__source_id", flat=True)
    assert list(places) == [str(second)]
    as_the_company(synced)


def test_F67_a_department_that_both_find_at_the_same_time_is_made_once(
    synced: Arriving, sync: Sync
) -> None:
    company = synced.simulator.company
    company.add_department("Both see it")
    company.let_go(someone(company))
    at_the_end(synced.simulator, synced.happened)
    run = sync()
    assert run.state == Fate.SUCCESS, run.error_cause
    as_the_company(synced)


def test_F67_a_removal_that_was_read_anew_by_an_older_narrow_run_stands(
    synced: Arriving, sync: Sync
) -> None:
    """The narrow run has the lower number of a row, but the higher one of a read."""
    company = synced.simulator.company
    doomed = company.add_department("Doomed")
    synced.happened()
    synced.event("org_dept_modify", doomed.id)

    def full_run() -> None:
        late(synced.simulator, removed)
        sync()

    def removed() -> None:
        company.remove_department(doomed.id)

    calls = {"n": 0}

    def begin() -> None:
        calls["n"] += 1
        if calls["n"] == 1:
            full_run()

    synced.simulator.faults.before(DEPARTMENT, 1, lambda: aside(begin))
    synced.work()
    as_the_company(synced)
    assert str(doomed.id) not in tree()


# --- a narrow pass, and a full run that reads meanwhile ---


def test_F67_a_narrow_pass_that_read_before_a_full_run_reads_again(
    synced: Arriving, sync: Sync
) -> None:
    """The full run finds everything unchanged, and so leaves no number behind."""
    company = synced.simulator.company
    userid = someone(company)
    company.rename(userid, "Old news")
    (event,) = synced.take()
    synced.arrive(*synced.texts([event]))
    seen: list[str] = []

    def meanwhile() -> None:
        # The answer that waits says "Old news" no more when it comes; what was read
        # first must not be written after what the full run saw.
        company.rename(userid, "News")
        synced.take()
        sync()
        seen.append(Employee.objects.get(userid=userid).name)

    synced.simulator.faults.before(GET, 1, lambda: aside(meanwhile))
    synced.simulator.calls.clear()
    synced.work()
    assert seen == ["News"]
    assert synced.simulator.calls[GET] >= 2, "read again"
    assert Employee.objects.get(userid=userid).name == "News"
    as_the_company(synced)


def test_F67_a_stale_narrow_pass_writes_nothing(
    synced: Arriving, sync: Sync, idp: IdentityProvider
) -> None:
    company = synced.simulator.company
    userid = someone(company)
    synced.event("user_modify_org", userid)
    company.rename(userid, "At the narrow read")
    batch = worklist.due(idp)
    run = worklist.claim(batch, idp)
    assert run
    with Lease(run) as lease, Stage(idp.pk) as stage:
        work = NarrowPass(idp, batch.scope, stage, lease)
        work.fetch()
        company.rename(userid, "At the full read")
        aside(sync)
        work.compare()

        writer = Writer(
            idp,
            lease,
            stage,
            work.rules,
            Counter(),
            partial(still_newest, idp, work.first),
        )
        with pytest.raises(Outdated):
            work.apply(writer)
    assert Employee.objects.get(userid=userid).name == "At the full read"


def test_F67_what_a_full_run_writes_between_comparing_and_writing_is_mended(
    synced: Arriving, sync: Sync, idp: IdentityProvider
) -> None:
    """It began first, so its values are older: of people and departments alike, there
    before or made by both."""
    company = synced.simulator.company
    userid = someone(company)
    known = company.add_department("As it was")
    synced.happened()
    before = company.people[userid].title
    fresh, made = company.hire("Old"), company.add_department("Made")
    company.update(userid, title="For a moment")
    company.rename_department(known.id, "For a moment too")
    synced.take()
    held, go = threading.Event(), threading.Event()

    def wait() -> None:
        held.set()
        assert go.wait(20)

    synced.simulator.faults.before(LIST, len(company.real_departments()), wait)
    full = threading.Thread(target=lambda: with_own_connection(sync))
    full.start()
    try:
        assert held.wait(20)
        company.update(userid, title=before)
        company.rename_department(known.id, "As it was")
        company.update(fresh.userid, name="New")
        company.rename_department(made.id, "Made anew")
        synced.arrive(*synced.texts(synced.take()))
        batch = worklist.due(idp)
        run = worklist.claim(batch, idp)
        assert run
        with Lease(run) as lease, Stage(idp.pk) as stage:
            work = NarrowPass(idp, batch.scope, stage, lease)
            work.fetch()
            work.compare()
            go.set()
            full.join(20)
            assert Department.objects.get(source_id=str(made.id)).name == "Made"
            work.apply(
                Writer(
                    idp,
                    lease,
                    stage,
                    work.rules,
                    Counter(),
                    partial(still_newest, idp, work.first),
                )
            )
            lease.finish(state=Fate.SUCCESS)
    finally:
        go.set()
        full.join(20)
    assert_equal(idp, company)


def test_a_full_run_that_only_waits_makes_nothing_outdated(
    synced: Arriving, idp: IdentityProvider
) -> None:
    runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON)
    synced.simulator.company.rename(someone(synced.simulator.company), "Now")
    assert asks(synced, synced.happened) == {GET: 1}
    assert states() == {State.APPLIED}


def test_head_counts_of_two_runs_at_once_are_those_of_the_end(
    synced: Arriving, sync: Sync
) -> None:
    company = synced.simulator.company
    company.hire("By the page", company.real_departments()[1].id)
    company.let_go(someone(company))
    synced.take()

    def joins() -> None:
        company.hire("By the event", company.real_departments()[2].id)
        synced.happened()

    at_the_end(synced.simulator, joins)
    sync()
    assert_equal(synced.idp, company)


# --- who works, and who finds what was not rung for ---


def test_two_workers_at_once_make_one_narrow_run(synced: Arriving) -> None:
    company = synced.simulator.company
    company.rename(someone(company), "Once")
    synced.arrive(*synced.texts(synced.take()))
    synced.simulator.faults.before(GET, 1, lambda: aside(synced.work))
    assert asks(synced, synced.work) == {GET: 1}
    assert narrow_runs() == 1


def test_what_another_worker_has_done_since_it_was_listed_is_not_done_again(
    synced: Arriving, idp: IdentityProvider
) -> None:
    company = synced.simulator.company
    company.rename(someone(company), "Once")
    synced.arrive(*synced.texts(synced.take()))
    listed = worklist.due(idp)
    synced.work()
    assert worklist.claim(listed, idp) is None
    assert narrow_runs() == 1
    assert outcomes() == [Outcome.READ]


def test_an_event_that_comes_while_a_narrow_run_is_open_is_not_forgotten(
    synced: Arriving,
) -> None:
    """Its own ring finds a worker at it, and goes; that worker looks once more."""
    company = synced.simulator.company
    company.rename(someone(company), "First")
    synced.arrive(*synced.texts(synced.take()))

    def comes() -> None:
        company.hire("Second")
        synced.happened()

    synced.simulator.faults.before(GET, 1, lambda: aside(comes))
    synced.work()
    assert Employee.objects.filter(name="Second", status="active").exists()
    assert states() == {State.APPLIED}


def test_the_sweeper_finds_what_nobody_was_rung_for(
    synced: Arriving, idp: IdentityProvider, sync: Sync
) -> None:
    assert list(worklist.idps_with_work()) == []
    event = synced.event("user_modify_org", someone(synced.simulator.company))
    assert list(worklist.idps_with_work()) == [str(idp.pk)]
    batch = worklist.due(idp)
    run = worklist.claim(batch, idp)
    assert run
    assert list(worklist.idps_with_work()) == []
    SyncRun.objects.filter(pk=run.pk).update(lease_until=run.queued_at)
    assert list(worklist.idps_with_work()) == [str(idp.pk)]
    synced.work()
    event.refresh_from_db()
    assert event.state == State.APPLIED
    assert list(worklist.idps_with_work()) == []


def test_events_that_wait_for_a_full_run_are_found_when_it_is_over(
    synced: Arriving, idp: IdentityProvider
) -> None:
    event = synced.event("user_modify_org", someone(synced.simulator.company))
    batch = worklist.due(idp)
    run = runs.enqueue(idp, trigger=SyncRun.Trigger.EVENT)
    worklist.assign(batch, run)
    assert list(worklist.idps_with_work()) == []
    runs.request_cancel(run)
    assert list(worklist.idps_with_work()) == [str(idp.pk)]
    synced.work()
    event.refresh_from_db()
    assert (event.state, event.attempts) == (State.PENDING, 1)
    assert full_runs().count() == 2
    assert InboxEvent.objects.filter(run=None).count() == 1


# --- anything, at any moment ---

SILENT = (Churn.reorder, Churn.shuffle_departments)
"""Changes of which DingTalk sends no event."""


@pytest.mark.parametrize("seed", range(8))
def test_P2_churn_in_the_middle_of_full_runs_ends_with_the_company(
    arriving: Arriving, sync: Sync, idp: IdentityProvider, seed: int
) -> None:
    """Everything happens while full runs read and write; events come in disorder."""
    widen(idp)
    company = arriving.simulator.company
    churn = Churn(company, seed, [act for act in ACTS if act not in SILENT])

    def meanwhile() -> None:
        churn.week(5)
        if churn.chance.random() < 0.7:
            arriving.in_disorder(churn.chance)

    for _ in range(3):
        for _moment in range(3):
            path = churn.chance.choice([LIST, LISTSUB, GET])
            when = churn.chance.randint(1, 6)
            arriving.simulator.faults.before(path, when, lambda: aside(meanwhile))
        sync()
        arriving.simulator.faults.clear()
        arriving.happened()
    settle_all(arriving)
    assert states() <= {State.APPLIED, State.IGNORED}, outcomes()
    assert tree() == {str(d.id) for d in company.real_departments()}
    assert actual_people(idp) == expected_people(company)
    # Which place a sibling has that no event names is for the next full run to say.
    sync()
    assert_equal(idp, company)
