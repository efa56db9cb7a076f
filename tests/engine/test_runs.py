"""Runs as rows: one at a time, leased, fenced, cancelled, taken over (P7)."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import lease, runs, schedule
from sync.models import Change, Employee, SyncRun
from tests.engine.conftest import Sync

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/topapi/v2/user/list"


def test_a_second_run_of_an_idp_is_refused_while_one_is_open(
    idp: IdentityProvider,
) -> None:
    """F-21."""
    first = runs.enqueue(idp, trigger="person")
    with pytest.raises(runs.AlreadyRunning) as refused:
        runs.enqueue(idp, trigger="schedule")
    assert refused.value.run == first


def test_only_one_of_many_workers_gets_a_queued_run(idp: IdentityProvider) -> None:
    """G-11."""
    run = runs.enqueue(idp, trigger="person")
    claimed = [lease.claim(SyncRun.objects.get(pk=run.pk)) for _ in range(5)]
    assert claimed == [True, False, False, False, False]


def test_a_dead_run_is_closed_as_abandoned_and_a_new_one_starts(
    idp: IdentityProvider, sync: Sync
) -> None:
    """F-17's end: a killed run blocks the next for at most a minute."""
    dead = runs.enqueue(idp, trigger="person")
    lease.claim(dead)
    with pytest.raises(runs.AlreadyRunning):
        runs.enqueue(idp, trigger="person")
    past = timezone.now() - timedelta(seconds=1)
    SyncRun.objects.filter(pk=dead.pk).update(lease_until=past)
    assert sync().state == State.SUCCESS
    dead.refresh_from_db()
    assert (dead.state, dead.error_code) == (State.ABANDONED, "worker_lost")


def test_a_lease_lasts_a_minute() -> None:
    assert lease.LEASE.total_seconds() == 60


def test_a_worker_that_wakes_up_late_writes_nothing(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """F-18, P7: the fence."""
    run = runs.enqueue(idp, trigger="person")

    def frozen() -> None:  # its lease ends and somebody else takes over
        past = timezone.now() - timedelta(hours=1)
        SyncRun.objects.filter(pk=run.pk).update(lease_until=past)
        lease.close_dead(idp)

    simulator.faults.before(LIST, 3, frozen)
    runs.perform(run)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (State.SUPERSEDED, "superseded")
    assert not Employee.objects.exists()


def test_a_cancelled_run_stops_and_says_so(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    run = runs.enqueue(idp, trigger="person")
    simulator.faults.before(LIST, 2, lambda: runs.request_cancel(run))
    simulator.latency = 0.4
    started = timezone.now()
    runs.perform(run)
    assert run.state == State.CANCELLED
    assert run.finished_at is not None
    assert run.finished_at - started < timedelta(seconds=20)
    assert not Employee.objects.exists()


def test_a_queued_run_is_cancelled_at_once(idp: IdentityProvider) -> None:
    run = runs.enqueue(idp, trigger="person")
    runs.request_cancel(run)
    assert runs.perform(run).state == State.CANCELLED


def test_a_stopping_process_gives_its_run_back_and_the_next_one_does_it(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """F-25: Ctrl-C loses nothing."""
    stopping = threading.Event()
    run = runs.enqueue(idp, trigger="person")
    simulator.faults.before(LIST, 2, stopping.set)
    runs.perform(run, stop=stopping.is_set)
    assert (run.state, run.finished_at) == (State.QUEUED, None)
    assert schedule.waiting() == [run.pk]
    runs.perform(run)
    assert run.state == State.SUCCESS


@pytest.fixture
def soon_closed(idp: IdentityProvider, simulator: Simulator) -> SyncRun:
    """A queued run whose IdP somebody closes when it has begun to list departments."""
    simulator.faults.before(
        LIST, 2, lambda: IdentityProvider.objects.update(status="closed")
    )
    return runs.enqueue(idp, trigger="person")


def test_closing_the_idp_stops_its_run_before_anything_is_written(
    soon_closed: SyncRun,
) -> None:
    """F-27."""
    run = runs.perform(soon_closed)
    assert (run.state, run.error_cause) == (State.SUPERSEDED, "the IdP was closed")
    assert not Employee.objects.exists()


def test_closing_the_idp_stops_the_crawl_between_two_calls(
    soon_closed: SyncRun, simulator: Simulator
) -> None:
    """F-27: not only when it would write; the rest of the company is not read."""
    simulator.latency = 0.4
    reached: list[str] = []
    run = runs.perform(soon_closed, report=lambda run: reached.append(run.stage))
    assert (run.state, run.error_cause) == (State.SUPERSEDED, "the IdP was closed")
    assert set(reached) == {SyncRun.Stage.FETCH}
    assert run.departments_read < len(simulator.company.real_departments())


@pytest.mark.parametrize("changed", [{"scope": "partial"}, {"settings": {}}])
def test_a_run_writes_nothing_for_settings_it_did_not_begin_with(
    idp: IdentityProvider, simulator: Simulator, changed: dict[str, object]
) -> None:
    """R5: scope or app changed in the middle; a new run is queued by itself."""
    run = runs.enqueue(idp, trigger="person")
    simulator.faults.before(LIST, 2, lambda: IdentityProvider.objects.update(**changed))
    runs.perform(run)
    assert run.state == State.SUPERSEDED
    assert "settings" in run.error_cause
    assert not Employee.objects.exists()
    assert SyncRun.objects.get(state=State.QUEUED).pk > run.pk


@pytest.mark.parametrize("trigger", ["schedule", "person", "confirm", "command"])
def test_a_run_that_waited_until_its_idp_was_closed_does_nothing(
    idp: IdentityProvider, trigger: str
) -> None:
    """F-27."""
    run = runs.enqueue(idp, trigger=trigger)
    IdentityProvider.objects.update(status="closed")
    run.refresh_from_db()
    assert runs.perform(SyncRun.objects.get(pk=run.pk)).state == State.SUPERSEDED
    assert not Employee.objects.exists()


@pytest.mark.parametrize("trigger", ["confirm", "command"])
def test_a_run_that_was_asked_for_of_a_closed_idp_reads_it(
    idp: IdentityProvider, trigger: str
) -> None:
    """One that was set up closed is read once, and a command may read it any time."""
    IdentityProvider.objects.update(status="closed")
    idp.refresh_from_db()
    run = runs.enqueue(idp, trigger=trigger)
    assert runs.perform(run).state == State.SUCCESS
    assert Employee.objects.exists()


def test_F27_a_run_whose_worker_died_is_not_begun_anew_once_its_idp_is_closed(
    idp: IdentityProvider,
) -> None:
    lease.claim(runs.enqueue(idp, trigger="confirm"))
    past = timezone.now() - timedelta(seconds=1)
    SyncRun.objects.update(lease_until=past)
    IdentityProvider.objects.update(status="closed")
    (again,) = schedule.restart_dead()
    assert runs.perform(again).state == State.SUPERSEDED
    assert not Employee.objects.exists()


def test_deleting_the_idp_stops_its_run_and_leaves_no_row_behind(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """F-28."""
    run = runs.enqueue(idp, trigger="person")
    simulator.faults.before(LIST, 2, lambda: IdentityProvider.objects.all().delete())
    assert runs.perform(run).state == State.SUPERSEDED
    assert not SyncRun.objects.exists()
    assert not Employee.objects.exists()


def test_the_tree_is_counted_again_after_an_interrupted_write(
    idp: IdentityProvider, sync: Sync
) -> None:
    from sync.models import Department

    sync()
    Department.objects.update(total=0, path="")
    killed = SyncRun.objects.create(idp=idp, trigger="person", state=State.ABANDONED)
    Change.objects.create(run=killed, entity="employee", kind="update", key="u")
    sync()
    assert Department.objects.get(source_id="1").total > 0
    assert not Department.objects.filter(path="").exists()


def test_progress_is_on_the_row_while_it_runs(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """U20: numbers grow."""
    run = runs.enqueue(idp, trigger="person")
    seen: list[int] = []

    def look(run: SyncRun) -> None:
        seen.append(run.employees_read)
        assert run.departments_read <= run.departments_seen
        assert run.changes_applied <= run.changes_planned

    runs.perform(run, report=look)
    assert seen == sorted(seen)
    assert seen[-1] == len(simulator.company.people)
    run.refresh_from_db()
    assert run.departments_read == len(simulator.company.real_departments())


def test_a_run_that_keeps_losing_its_worker_is_given_up(
    idp: IdentityProvider,
) -> None:
    """F-19."""
    runs.enqueue(idp, trigger="person")
    for _ in range(schedule.ATTEMPTS):
        open_run = SyncRun.objects.get(state=State.QUEUED)
        lease.claim(open_run)
        past = timezone.now() - timedelta(seconds=1)
        SyncRun.objects.filter(pk=open_run.pk).update(lease_until=past)
        list(schedule.restart_dead())
    states = list(SyncRun.objects.order_by("pk").values_list("state", flat=True))
    assert states == [State.ABANDONED, State.ABANDONED, State.FAILED]
