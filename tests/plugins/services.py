"""Tests marked `services` need Debian's postgresql and redis-server.

Where these are not installed such tests are skipped, or fail if
SASEBRIDGE_REQUIRE_SERVICES is set (as .ci/run does).
"""

import os
from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests import services


def need(present: bool, what: str) -> None:
    """Skip the test without `what`, or fail it where everything must be there."""
    if present:
        return
    if os.environ.get("SASEBRIDGE_REQUIRE_SERVICES"):
        pytest.fail(f"{what} must be installed")
    pytest.skip(f"{what} not installed")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("services"):
        absent = services.missing()
        need(not absent, ", ".join(absent))


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, str]]:
    """A PostgreSQL and a Redis of this session: the environment that points at them."""
    with services.running() as environment:
        yield environment


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """End what is left of other sessions before the test database is dropped.

    The browser's last kept-alive connection may still hold a server thread's session.
    """
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
