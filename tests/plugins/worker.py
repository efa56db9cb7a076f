"""A real Celery worker beside the test; see tests/conftest.py."""

from collections.abc import Iterator

import pytest
from celery.contrib.testing.worker import start_worker

from sasebridge.celery import app


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A real worker on the configured broker: memory, or Redis where the suite has it."""
    app.control.purge()
    with start_worker(
        app, pool="threads", concurrency=2, perform_ping_check=False, queues=["sync"]
    ):
        yield
    app.control.purge()
