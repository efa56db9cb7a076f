"""/healthz and /readyz."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_healthz_says_that_the_process_lives_without_asking_the_database() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_is_200_when_the_database_answers_and_has_every_migration() -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "parts": {"database": "ok", "migrations": "ok"},
    }


@pytest.mark.django_db
def test_readyz_is_503_while_a_migration_is_not_applied() -> None:
    MigrationRecorder.Migration.objects.filter(app="sync", name="0001_initial").delete()
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert answer.json()["parts"]["migrations"] == "1 to apply"


@pytest.mark.django_db
def test_readyz_is_503_while_the_database_does_not_answer() -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("connection to host db.internal failed")

    with connection.execute_wrapper(refuse):
        answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {
        "database": "no answer",
        "migrations": "unknown",
    }
    assert b"db.internal" not in answer.content


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_health_is_only_read(address: str) -> None:
    assert Client().post(address).status_code == 405
