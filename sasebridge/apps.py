from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

LONGEST_IDLE = 60
"""Seconds. A process that stands still in a transaction keeps the rows it has locked,
and whoever needs them waits: for no longer than a run's lease lasts."""


class SasebridgeConfig(AppConfig):
    """Wires identity and sync together and shows both in one console."""

    name = "sasebridge"
    verbose_name = "sasebridge"

    def ready(self) -> None:
        """Bound what a process that hangs can hold up."""
        from sasebridge import starting  # noqa: F401  workers ask it before they begin

        connection_created.connect(_limit_idle, dispatch_uid="limit idle transactions")


def _limit_idle(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """PostgreSQL ends a session that says nothing within a transaction. As a statement,
    since not every pooler lets options of a connection pass."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            limit = f"{LONGEST_IDLE}s"
            cursor.execute("SET idle_in_transaction_session_timeout = %s", [limit])
