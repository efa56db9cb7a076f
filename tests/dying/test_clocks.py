"""F-24, G-11: one worker has a run, whoever is quick, and no host's clock decides."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from identity.models import IdentityProvider
from sync import lease, runs, schedule
from sync.lease import Lease
from sync.models import SyncRun

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)
TRIALS = 4


def together(*acts: Callable[[], object]) -> None:
    """Act at the same moment, each with a connection of its own."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> None:
        start.wait(timeout=30)
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)


def test_G11_of_workers_that_claim_a_run_at_one_moment_one_gets_it(
    idp: IdentityProvider,
) -> None:
    for _ in range(TRIALS):
        run = runs.enqueue(idp, trigger="person")
        got: list[bool] = []

        def take(number: int = run.pk, got: list[bool] = got) -> None:
            got.append(lease.claim(SyncRun.objects.get(pk=number)))

        together(*[take] * 4)
        assert sorted(got) == [False, False, False, True]
        SyncRun.objects.update(state=State.SUCCESS)


def test_F24_leases_are_given_and_judged_by_the_databases_clock(
    idp: IdentityProvider,
) -> None:
    """So a host whose clock steps neither loses its run nor keeps a dead one."""
    told: list[tuple[str, Any]] = []

    def note(
        execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        told.append((str(sql), params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        run = runs.enqueue(idp, trigger="person")
        assert lease.claim(run)
        held = Lease(run)
        held.beat()
        held.finish(state=State.SUCCESS)
        lease.close_dead(idp)
        list(schedule.restart_dead())
    of_leases = [(sql, given) for sql, given in told if is_about_leases(sql)]
    assert len(of_leases) >= 6
    for sql, given in of_leases:
        moments = [each for each in given or () if is_a_moment(each)]
        assert not moments, sql


def is_about_leases(sql: str) -> bool:
    """Whether it sets a lease, or compares one."""
    return any(f'"lease_until" {sign} ' in sql for sign in ("=", "<"))


def is_a_moment(value: object) -> bool:
    """Whether it is of the host's clock, as either database is given it."""
    if isinstance(value, str):
        return value.startswith(f"{timezone.now().year}-")
    return isinstance(value, datetime)
