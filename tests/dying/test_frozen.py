"""F-18: a worker stands still for longer than its lease lasts, and then goes on."""

import signal

import pytest
from django.db import connection

from sync.models import Change, Department, Employee, Membership, SyncRun
from tests.dying.conftest import Dying
from tests.dying.points import named

State = SyncRun.State
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("nursery"),
]
BETWEEN = (
    "compared-not-guarded",
    "asked-for-one-of-two",
    "people-applied-not-their-places",
    "applied-not-recorded",
)
WITHIN = ("after-3-people-pages", "guard-passed-not-applied", "inside-batch-4")
"""In a transaction, or while other threads may be in one. On SQLite all who write wait
for that: there the frozen process is the whole product."""


def rows() -> list[object]:
    """Everything that a run writes, besides its own row."""
    return [
        *Department.objects.order_by("pk").values(),
        *Employee.objects.order_by("pk").values(),
        *Membership.objects.order_by("pk").values(),
        *Change.objects.order_by("pk").values(),
    ]


def test_F18_a_worker_that_wakes_up_after_its_lease_writes_nothing(
    dying: Dying,
) -> None:
    for name in WITHIN if connection.vendor == "postgresql" else BETWEEN:
        dying.goes_on()
        dying.remember()
        run = dying.queue()
        pid = dying.meets(run, named(name), signal.SIGSTOP)
        (second,) = dying.taken_over()
        assert second.state == State.SUCCESS, name
        run.refresh_from_db()
        assert run.state == State.ABANDONED, name
        before = rows()
        assert dying.workers.wake(pid) == 0, name
        assert rows() == before, name
        run.refresh_from_db()
        assert (run.state, run.error_code) == (State.SUPERSEDED, "superseded"), name
        assert "stood still" in run.error_cause
        dying.nobody_is_locked_out()
        dying.is_as_it_should_be()


def test_F18_nobody_waits_for_a_frozen_transaction_longer_than_for_a_lease() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("1min",)
