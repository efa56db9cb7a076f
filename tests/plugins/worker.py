"""A real Celery worker beside the test; see tests/conftest.py."""

import threading
from collections.abc import Iterator

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import connection

from sasebridge.celery import app
from sync import schedule, tasks


@pytest.fixture
def lone_worker(transactional_db: None) -> Iterator[None]:
    """A worker on the configured broker: memory, or Redis where the suite has it."""
    app.control.purge()
    with start_worker(
        app,
        pool="threads",
        concurrency=2,
        perform_ping_check=False,
        queues=["sync", "events", "notify"],
    ):
        yield
    app.control.purge()


@pytest.fixture
def worker(lone_worker: None) -> Iterator[None]:
    """A worker, and somebody who rings again for runs that wait, as beat's tick does.

    A worker that ends can take a message of Redis with it, also that of the test
    before (reliability finding 1). What is due is left alone here.
    """
    over = threading.Event()

    def sweep() -> None:
        while not over.wait(2):
            for run_id in schedule.waiting():
                tasks.perform_run.apply_async((run_id,), retry=False)
        connection.close()

    sweeper = threading.Thread(target=sweep, name="sweeper", daemon=True)
    sweeper.start()
    yield
    over.set()
    sweeper.join(timeout=30)
