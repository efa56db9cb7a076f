"""The doorbell: rung on commit, never waited for, and never the truth (design 2.8)."""

import contextlib
import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from identity.models import IdentityProvider, User
from identity.signals import idp_confirmed
from sync import runs, tasks
from sync.models import Employee, SyncRun

State = SyncRun.State
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("celery"),
]


def ended(run: SyncRun, seconds: float = 60) -> SyncRun:
    """The run once it is over; bounded."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run.refresh_from_db()
        if not run.is_open:
            return run
        time.sleep(0.1)
    raise AssertionError(f"run {run.pk} is {run.state} after {seconds} s")


def test_confirm_starts_the_first_run_and_a_worker_carries_it_out(
    worker: None, idp: IdentityProvider, administrator: User
) -> None:
    """S127: Confirm starts the first sync."""
    with transaction.atomic():
        idp_confirmed.send(IdentityProvider, idp=idp, by=administrator, first=True)
    run = SyncRun.objects.get(idp=idp)
    assert (run.trigger, run.by) == (SyncRun.Trigger.CONFIRM, administrator)
    assert ended(run).state == State.SUCCESS
    assert Employee.objects.exists()


def test_a_run_that_nobody_was_rung_for_is_found_by_the_next_tick(
    lone_worker: None, idp: IdentityProvider
) -> None:
    """F-04: the work list is in the database."""
    idp.next_due_at = timezone.now() + timedelta(days=1)
    idp.save()
    run = runs.enqueue(idp, trigger="person")
    for _ in range(10):  # a worker that just ended may have taken a message along
        tasks.tick()
        with contextlib.suppress(AssertionError):
            ended(run, seconds=5)
            break
    assert ended(run).state == State.SUCCESS


def test_a_confirm_that_is_rolled_back_rings_nobody_and_leaves_no_run(
    idp: IdentityProvider, administrator: User
) -> None:
    def confirm_and_fail() -> None:
        with transaction.atomic():
            idp_confirmed.send(IdentityProvider, idp=idp, by=administrator, first=True)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        confirm_and_fail()
    assert not SyncRun.objects.exists()


def test_a_second_confirm_during_a_run_is_no_error(
    idp: IdentityProvider, administrator: User
) -> None:
    open_run = runs.enqueue(idp, trigger="person")
    idp_confirmed.send(IdentityProvider, idp=idp, by=administrator, first=False)
    assert list(SyncRun.objects.all()) == [open_run]


def test_a_task_for_a_run_that_is_over_or_gone_does_nothing(
    idp: IdentityProvider,
) -> None:
    """T-38, F-03: ids only, read again."""
    run = runs.enqueue(idp, trigger="person")
    runs.request_cancel(run)
    tasks.perform_run(run.pk)
    tasks.perform_run(10**12)
    run.refresh_from_db()
    assert run.state == State.CANCELLED
    assert not Employee.objects.exists()


RING = """
import time
import django
django.setup()
from sync import doorbell
started = time.monotonic()
doorbell.ring("sync.tasks.perform_run", 1)
print("returned", time.monotonic() - started < 1)
"""


def test_ringing_without_a_broker_neither_waits_nor_raises() -> None:
    """F-01: the row stays, the tick comes. In a process of its own: the broker is one
    of a process for good."""
    environment = os.environ | {
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "sasebridge.settings",
    }
    ended = subprocess.run(
        [sys.executable, "-c", RING],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "returned True" in ended.stdout
    assert "Traceback" not in ended.stderr
