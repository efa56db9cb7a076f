"""What is due, and when a failing IdP is tried again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.gate import database_now
from identity.models import IdentityProvider, User
from sync import backoff, runs, schedule
from sync.models import Membership, SyncRun
from tests import builders
from tests.engine.conftest import Sync, active

State = SyncRun.State
pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
threads = pytest.mark.django_db(transaction=True)


def start_due(idp: IdentityProvider) -> list[SyncRun]:
    """What one beat does; the IdP is as it is then."""
    started = list(schedule.start_due())
    idp.refresh_from_db()
    return started


def due(idp: IdentityProvider, at: datetime | None, **values: object) -> None:
    """Say when it is due next."""
    values |= {"next_due_at": at}
    IdentityProvider.objects.filter(pk=idp.pk).update(**values)
    idp.refresh_from_db()


def over(run: SyncRun, state: str, code: str = "") -> None:
    """Let a run end, and be counted as `runs.perform` counts it."""
    run.state, run.error_code = state, code
    run.save()
    backoff.count(run)


def ahead(at: datetime | None) -> timedelta:
    """How far a moment is ahead by the database's clock."""
    assert at is not None
    return at - database_now()


# --- dues ---


def test_a_due_idp_gets_one_run_and_its_next_due(idp: IdentityProvider) -> None:
    """S115, S121, F-22, F-23: two beats, days without one, and one run."""
    due(idp, timezone.now() - 30 * HOUR, sync_interval_hours=2)
    (run,) = start_due(idp)
    assert start_due(idp) == []
    assert run.trigger == SyncRun.Trigger.SCHEDULE
    assert timedelta(0) < ahead(idp.next_due_at) <= 2 * HOUR + timedelta(minutes=10)


@pytest.mark.parametrize(
    "values",
    [
        {"confirmed_at": None},
        {"status": "closed"},
        {"auto_sync": False, "sync_users": False},
        {"next_due_at": timezone.now() + 5 * HOUR},
        {"retry_at": timezone.now() + HOUR},
    ],
)
def test_drafts_closed_manual_early_and_waiting_idps_are_not_due(
    idp: IdentityProvider, values: dict[str, object]
) -> None:
    """A11, S116."""
    due(idp, timezone.now() - HOUR)
    IdentityProvider.objects.filter(pk=idp.pk).update(**values)
    assert start_due(idp) == []


def test_synchronize_user_information_off_reads_departments_only(
    idp: IdentityProvider,
) -> None:
    """S118, A6."""
    idp.sync_users = False
    idp.save()
    (run,) = start_due(idp)
    assert run.people is False


@pytest.mark.parametrize(
    ("open_run", "still_due"),
    [({}, False), ({"people": False}, True), ({"purpose": "preview"}, True)],
)
def test_F21_a_run_that_is_under_way_does_the_cycles_work_if_it_does_as_much(
    idp: IdentityProvider, open_run: dict[str, object], still_due: bool
) -> None:
    """Else the cycle is still due, and its run begins when that one is over."""
    run = builders.run(idp, State.QUEUED, lease_until=timezone.now() + HOUR, **open_run)
    due(idp, timezone.now() - HOUR)
    assert start_due(idp) == []
    run.state = State.SUCCESS
    run.save()
    assert [each.people for each in start_due(idp)] == [True] * still_due


def test_F24_a_clock_that_is_wrong_here_changes_nothing(idp: IdentityProvider) -> None:
    """The database's clock decides."""
    due(idp, timezone.now() + HOUR)
    with time_machine.travel(timezone.now() + DAY, tick=False):
        assert start_due(idp) == []
    due(idp, timezone.now() - HOUR)
    with time_machine.travel(timezone.now() - DAY, tick=False):
        assert len(start_due(idp)) == 1
    assert timedelta(0) < ahead(idp.next_due_at) <= DAY


def test_F24_a_database_clock_set_back_a_day_stops_nothing_for_a_day(
    idp: IdentityProvider,
) -> None:
    due(idp, timezone.now() + DAY + 2 * HOUR, sync_interval_hours=6)
    assert start_due(idp) == []
    assert timedelta(0) < ahead(idp.next_due_at) <= 6 * HOUR + timedelta(minutes=10)
    due(idp, timezone.now() + HOUR, retry_at=timezone.now() + DAY + HOUR)
    start_due(idp)
    assert len(start_due(idp)) == 1


@threads
def test_F22_beats_and_a_click_at_one_moment_start_one_run(
    idp: IdentityProvider, administrator: User
) -> None:
    """F-21 too: the others hear which run it is."""
    due(idp, timezone.now() - HOUR)
    together = Barrier(6)
    known: list[int] = []

    def beat() -> list[int]:
        together.wait(10)
        return [run.pk for run in schedule.start_due()]

    def click() -> list[int]:
        together.wait(10)
        try:
            return [runs.enqueue(idp, trigger="person", by=administrator).pk]
        except runs.AlreadyRunning as already:
            known.append(already.run.pk)
            return []

    def alone(act: object) -> list[int]:
        try:
            return act()  # type: ignore[operator, no-any-return]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        found = [
            each for ids in pool.map(alone, (beat, beat, click) * 2) for each in ids
        ]
    assert found == [SyncRun.objects.get().pk]
    assert set(known) == set(found)
    idp.refresh_from_db()
    assert ahead(idp.next_due_at) > timedelta(0)


# --- a failing IdP ---


def test_a_failing_idp_is_tried_again_after_a_growing_wait(
    idp: IdentityProvider,
) -> None:
    """F-32: minutes first, then the cycle, as which no wait is longer."""
    due(idp, timezone.now() - timedelta(minutes=1))
    waits = []
    for failed in range(1, 5):
        (run,) = start_due(idp)
        over(run, State.FAILED, "40014")
        idp.refresh_from_db()
        assert idp.failed_runs == failed
        assert start_due(idp) == []
        waits.append(round(ahead(idp.next_attempt_at) / timedelta(minutes=1)))
        due(idp, idp.next_due_at, retry_at=timezone.now() - timedelta(seconds=1))
    assert waits[:3] == [5, 15, 60]
    assert 60 <= waits[3] <= 24 * 60
    assert ahead(idp.next_due_at) > timedelta(0)  # the cycle went on beside it


def test_no_wait_is_longer_than_the_cycle(idp: IdentityProvider) -> None:
    due(idp, timezone.now() + HOUR / 3, sync_interval_hours=1)
    for _ in range(6):
        over(builders.run(idp), State.FAILED, "timeout")
    idp.refresh_from_db()
    assert timedelta(minutes=59) < ahead(idp.next_attempt_at) <= HOUR
    assert start_due(idp) == []


def test_F32_a_month_without_calls_is_not_asked_again_for_a_day(
    idp: IdentityProvider,
) -> None:
    due(idp, timezone.now() + HOUR / 2, sync_interval_hours=1)
    over(builders.run(idp), State.FAILED, "quota")
    idp.refresh_from_db()
    assert timedelta(hours=23) < ahead(idp.next_attempt_at) <= DAY
    due(idp, timezone.now() - HOUR)
    assert start_due(idp) == []


@pytest.mark.parametrize("state", [State.SUCCESS, State.PARTIAL, State.HELD])
def test_a_run_that_read_ends_the_wait(idp: IdentityProvider, state: str) -> None:
    """A held run is no failure."""
    due(idp, timezone.now() + HOUR)
    over(builders.run(idp), State.FAILED)
    over(builders.run(idp), state)
    idp.refresh_from_db()
    assert (idp.failed_runs, idp.retry_at) == (0, None)
    assert idp.next_attempt_at == idp.next_due_at


@pytest.mark.parametrize(
    "values",
    [
        {"state": State.CANCELLED},
        {"state": State.SUPERSEDED},
        {"state": State.FAILED, "breadth": "narrow"},
        {"state": State.FAILED, "purpose": "preview"},
    ],
)
def test_what_says_nothing_about_the_vendor_is_not_counted(
    idp: IdentityProvider, values: dict[str, str]
) -> None:
    backoff.count(builders.run(idp, **values))
    idp.refresh_from_db()
    assert (idp.failed_runs, idp.retry_at) == (0, None)


def test_nothing_is_tried_by_itself_without_automatic_synchronization(
    idp: IdentityProvider,
) -> None:
    """S116."""
    due(idp, None, auto_sync=False, sync_users=False)
    over(builders.run(idp), State.FAILED)
    idp.refresh_from_db()
    assert (idp.failed_runs, idp.next_attempt_at) == (1, None)


def test_a_real_failure_counts_and_a_real_success_ends_it(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    simulator.faults.add("quota_used_up")
    assert sync().error_code == "quota"
    idp.refresh_from_db()
    assert (idp.failed_runs, ahead(idp.retry_at) > 23 * HOUR) == (1, True)
    simulator.faults.clear()
    assert sync().state == State.SUCCESS
    idp.refresh_from_db()
    assert (idp.failed_runs, idp.retry_at) == (0, None)


# --- departments only ---


def test_A6_departments_only_ends_nobody_and_moves_nobody(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """S118: a department that is closed stays while people are in it here."""
    company = simulator.company
    above = company.add_department("Above")
    closed = company.add_department("Closed", above.id)
    empty = company.add_department("Empty", above.id)
    moved = company.hire("Moved", closed.id)
    left = company.hire("Left", closed.id)
    sync()
    people, places = active(), set(Membership.objects.values_list("pk", flat=True))
    company.move(moved.userid, 1)
    company.let_go(left.userid)
    for each in (closed, empty, above):
        company.remove_department(each.id)
    run = runs.perform(runs.enqueue(idp, trigger="schedule", people=False))
    assert (run.state, run.counts["departments_removed"]) == (State.SUCCESS, 1)
    assert active() == people
    assert set(Membership.objects.values_list("pk", flat=True)) == places
    assert sync().counts["departments_removed"] == 2
    assert active() == people - {left.userid}
