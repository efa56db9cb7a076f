"""F-20, F-25, F-27, F-28, F-29: what stops a run at any of its stages, and its end."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from identity.models import IdentityProvider
from sync import runs, schedule
from sync.models import Change, Department, Employee, SyncRun
from tests.dying.points import Point, named
from tests.engine.conftest import GET, LIST, Trial, active
from tests.engine.conftest import sync as sync
from tests.engine.conftest import trial as trial
from tests.events.synced import aside

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)
STAGES = [
    named(name)
    for name in (
        *("token-fetched", "after-3-people-pages", "staged-not-compared"),
        *("compared-not-guarded", "people-applied-not-their-places"),
    )
]
"""None of them in a transaction, where nobody else could act at the same moment."""
WRITING = STAGES[-1]


def staging() -> set[str]:
    """Tables of a stage that this connection still has."""
    tables = set(connection.introspection.table_names())
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_temp_master")
            tables |= {name for (name,) in cursor.fetchall()}
    return {name for name in tables if name.startswith("stage_")}


def stopped(trial: Trial, point: Point, act: Callable[[], object]) -> SyncRun:
    """A run at a point of which somebody acts; nobody may be lost by it."""
    run = runs.enqueue(trial.idp, trigger="person")
    with point.reached(trial.simulator, act):
        runs.perform(run)
    assert not staging()
    return run


def test_F27_closing_ends_a_run_at_any_stage_and_enabling_reads_anew(
    trial: Trial,
) -> None:
    def close() -> None:
        IdentityProvider.objects.update(status="closed")

    for point in STAGES:
        run = stopped(trial, point, close)
        assert (run.state, run.error_cause) == (State.SUPERSEDED, "the IdP was closed")
        assert departments_stay(trial)
        assert point is WRITING or active() == trial.people, point
        IdentityProvider.objects.update(status="enabled")
        trial.idp.refresh_from_db()
    trial.heals()


def departments_stay(trial: Trial) -> bool:
    """Whether no department has gone: that comes last."""
    now = set(Department.objects.values_list("source_id", flat=True))
    return trial.tree <= now


def test_F28_deleting_the_idp_ends_a_run_that_compares_and_leaves_nothing(
    trial: Trial,
) -> None:
    """While it reads, writes or waits: tests/engine/test_removal.py."""
    point = named("compared-not-guarded")
    run = stopped(trial, point, lambda: IdentityProvider.objects.all().delete())
    assert run.state == State.SUPERSEDED
    for model in (SyncRun, Change, Employee, Department):
        assert not model._default_manager.exists()


def test_F25_a_worker_that_is_asked_to_end_hands_its_run_over_at_any_stage(
    trial: Trial,
) -> None:
    run = runs.enqueue(trial.idp, trigger="person")
    for point in STAGES:
        stopping = threading.Event()
        with point.reached(trial.simulator, stopping.set):
            runs.perform(run, stop=stopping.is_set)
        assert (run.state, schedule.waiting()) == (State.QUEUED, [run.pk]), point
        assert not staging()
    assert runs.perform(run).state == State.SUCCESS
    trial.heals()


def test_F20_a_run_that_takes_too_long_is_ended_and_the_next_may_begin(
    trial: Trial, settings: object
) -> None:
    with_limit(settings, 0.0)
    run = trial.fails()
    assert run.error_code == "too_long"
    assert not staging()
    with_limit(settings, 7200.0)
    trial.heals()


def with_limit(settings: object, seconds: float) -> None:
    """How long the longest run may be."""
    settings.SYNC_LONGEST_RUN = seconds  # type: ignore[attr-defined]


def rotate(trial: Trial) -> str:
    """Another secret at the vendor; the old one opens nothing, nor do its tokens."""
    trial.simulator.app_secret = "rotated-" + "s" * 40
    trial.simulator.revoke_tokens()
    return trial.simulator.app_secret


@pytest.mark.parametrize("path", [LIST, GET])
def test_F29_a_secret_that_is_rotated_and_saved_meanwhile_is_read_with_at_once(
    trial: Trial, path: str
) -> None:
    """The run that began with the old one ends nobody; one follows by itself."""

    def rotate_and_save() -> None:
        trial.idp.set_secret("app_secret", rotate(trial))

    trial.simulator.faults.before(path, 1, rotate_and_save)
    trial.fails()
    (number,) = schedule.waiting()
    again = runs.perform(SyncRun.objects.get(pk=number))
    assert again.state == State.SUCCESS
    assert schedule.waiting() == []
    trial.heals()


def test_F29_a_secret_that_is_rotated_at_the_vendor_alone_fails_the_run_once(
    trial: Trial,
) -> None:
    trial.simulator.faults.before(LIST, 3, lambda: rotate(trial))
    run = trial.fails()
    assert run.error_cause
    assert schedule.waiting() == []
    trial.idp.set_secret("app_secret", trial.simulator.app_secret)
    trial.heals()


@pytest.mark.parametrize("name", ["compared-not-guarded", "inside-batch-2", "counting"])
def test_F10_a_run_whose_database_session_is_ended_fails_and_the_next_one_heals(
    trial: Trial, name: str
) -> None:
    """What it was writing is undone as a whole; nobody is hidden by it."""
    if connection.vendor != "postgresql":
        return

    def end_session() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (mine,) = cursor.fetchone()
        aside(lambda: terminate(mine))

    run = runs.enqueue(trial.idp, trigger="person")
    with named(name).reached(trial.simulator, end_session):
        runs.perform(run)
    assert (run.state, run.error_code) == (State.FAILED, "internal")
    assert active() >= trial.people - {trial.leaver}
    trial.heals()


def terminate(pid: int) -> None:
    """End a session of the database, as an administrator of it may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
