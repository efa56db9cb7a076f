"""What a start refuses, in one line: tables of an earlier release, a key that is lacking."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from identity.management.steady import NO_TABLES, OLD_TABLES
from identity.models import IdentityProvider
from identity.models.idp import key_ring
from sasebridge import starting
from tests.events.synced import aside
from tests.running.program import (
    COMING_UP,
    ROOT,
    environment,
    free_port,
    manage,
    shell,
)


def celery(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A worker, or the scheduler, of an installation; it must end by itself."""
    words = [sys.executable, "-m", "celery", "--quiet", "--app", "sasebridge", command]
    return subprocess.run(
        words,
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=COMING_UP,
        check=False,
    )


@pytest.mark.alone
@pytest.mark.xdist_group("programs")
@pytest.mark.parametrize("command", ["worker", "beat"])
def test_F26_a_worker_refuses_to_begin_without_its_tables(
    tmp_path: Path, command: str
) -> None:
    ended = celery(tmp_path, command)
    assert ended.returncode == 1
    assert ended.stderr == f"{NO_TABLES}\n"


@pytest.mark.alone
@pytest.mark.xdist_group("programs")
def test_F31_the_product_refuses_to_start_without_a_key_that_secrets_need(
    tmp_path: Path,
) -> None:
    """The file of the laptop's key was lost, and another was made up."""
    assert manage("migrate", folder=tmp_path).returncode == 0
    made = (
        "from identity.models import *; from identity.models.idp import key_ring;"
        "i = IdentityProvider.objects.create(kind='dingtalk');"
        "i.set_secret('app_secret', 's' * 64); print(key_ring().newest)"
    )
    key = shell(made, folder=tmp_path)
    (tmp_path / "encryption_keys.txt").unlink()
    line = f"ENCRYPTION_KEYS lacks {key}, with which stored secrets are sealed."
    refused = manage("up", "--port", str(free_port()), folder=tmp_path)
    assert (refused.returncode, line in refused.stderr) == (1, True), refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    worker = celery(tmp_path, "worker")
    assert (worker.returncode, worker.stderr[: len(line)]) == (1, line)


@pytest.mark.django_db
def test_F26_tables_of_an_earlier_release_are_told(db: None) -> None:
    assert starting.hindrance() == ""
    MigrationRecorder.Migration.objects.filter(app="sync").last().delete()  # type: ignore[union-attr]
    assert starting.hindrance() == OLD_TABLES


@pytest.mark.django_db
def test_F31_a_key_that_is_lacking_is_named_until_it_is_said_to_be_lost(
    idp: IdentityProvider, settings: Any
) -> None:
    lacking = key_ring().newest
    assert starting.hindrance() == ""
    settings.ENCRYPTION_KEYS = ["another key"]
    assert f"lacks {lacking}, with" in starting.hindrance()
    settings.LOST_KEYS = [lacking]
    assert starting.hindrance() == ""
    settings.LOST_KEYS = []
    idp.set_secret("app_secret", "typed again")
    assert starting.hindrance() == ""


@pytest.mark.django_db(transaction=True)
def test_F26_two_who_migrate_do_it_one_after_the_other() -> None:
    aside(lambda: call_command("migrate", verbosity=0))
    call_command("migrate", verbosity=0)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            assert cursor.fetchone() == (0,)
