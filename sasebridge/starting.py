"""What keeps this release from working on this database: asked before work begins.

The broker's children and workers of other machines ask for themselves, so that none of
them works on tables of another release, or seals with a key beside which the others
cannot open a thing (F-26, F-31).
"""

from functools import cache

from celery import signals
from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from identity.management.steady import NO_TABLES, OLD_TABLES
from identity.models import lacking_keys


def missing_migrations() -> frozenset[tuple[str, str]]:
    """What has yet to be applied. Raises Error where the database does not answer."""
    return _expected() - set(MigrationRecorder(connection).applied_migrations())


def hindrance() -> str:
    """Why not to start, in one line; "" if nothing is known against it.

    A database that does not answer is no reason: it may come back.
    """
    try:
        if missing := missing_migrations():
            return NO_TABLES if missing == _expected() else OLD_TABLES
        lacking = lacking_keys().difference(settings.LOST_KEYS)
    except Error:
        return ""
    if not lacking:
        return ""
    names = ", ".join(sorted(lacking))
    return (
        f"ENCRYPTION_KEYS lacks {names}, with which stored secrets are sealed. Put it "
        f"back behind the others. If it is lost for good, start with LOST_KEYS={names} "
        "and type the secrets again."
    )


def check() -> None:
    """Raises CommandError if this release cannot work here."""
    if line := hindrance():
        raise CommandError(line)


@cache
def _expected() -> frozenset[tuple[str, str]]:
    """The migrations that this release brings; the files do not change while it runs."""
    return frozenset(MigrationLoader(None).graph.nodes)


@signals.worker_init.connect
@signals.beat_init.connect
def _refuse(**_: object) -> None:
    """A worker, or a scheduler, ends with the line before it takes any work."""
    line = hindrance()
    connection.close()
    if line:
        raise SystemExit(line)
