"""`manage.py migrate`, one at a time: several machines may be brought up at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK = 0x5A5EB21D6E
"""Ours, of all the numbers that a program may lock in one database."""


class Command(migrate.Command):
    """Django's, under a lock of PostgreSQL; the second then finds nothing to do (F-26)."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the lock, and migrate."""
        with _alone(connections[options["database"]]):
            super().handle(*args, **options)


@contextmanager
def _alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    if connection.vendor != "postgresql":  # SQLite has one writer at a time anyway
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
