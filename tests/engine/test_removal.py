"""An IdP is deleted while it is synchronized: the run stops, and no row stays (F-28)."""

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider, IdentitySecret
from sync import runs
from sync.models import SyncRun
from tests.engine.conftest import Sync

pytestmark = pytest.mark.django_db(transaction=True)
State, Stage = SyncRun.State, SyncRun.Stage


@pytest.fixture
def closed(idp: IdentityProvider, sync: Sync, simulator: Simulator) -> IdentityProvider:
    """A closed IdP with a directory, and something new at the vendor's."""
    assert sync().state == State.SUCCESS
    IdentityProvider.objects.update(status="closed")
    for number in range(30):
        simulator.company.hire(f"New {number}")
    idp.refresh_from_db()
    return idp


def assert_nothing_is_left() -> None:
    for model in apps.get_app_config("sync").get_models():
        assert not model._default_manager.exists(), model
    assert not IdentityProvider.objects.exists()
    assert not IdentitySecret.objects.exists()
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    assert not [name for name in names if name.startswith("stage_")]


def delete(console: Client, idp: IdentityProvider) -> None:
    path = reverse("console:delete", args=[idp.pk])
    assert console.post(path, {"typed": idp.name}).status_code == 302


def test_F28_a_run_that_reads_stops_and_leaves_nothing(
    console: Client, closed: IdentityProvider, simulator: Simulator
) -> None:
    run = runs.enqueue(closed, trigger="command")
    simulator.faults.before("/topapi/v2/user/list", 2, lambda: delete(console, closed))
    assert runs.perform(run).state == State.SUPERSEDED
    assert_nothing_is_left()
    assert AuditEvent.objects.filter(action="idp.delete").count() == 1


@pytest.mark.parametrize("stage", [Stage.COMPARE, Stage.APPLY])
def test_F28_a_run_that_writes_stops_and_leaves_nothing(
    console: Client, closed: IdentityProvider, stage: str
) -> None:
    reached: list[str] = []

    def interrupt(run: SyncRun) -> None:
        if run.stage == stage and not reached:
            reached.append(stage)
            delete(console, closed)

    run = runs.enqueue(closed, trigger="command")
    assert runs.perform(run, report=interrupt).state == State.SUPERSEDED
    assert reached == [stage]
    assert_nothing_is_left()


def test_F28_a_run_that_waits_is_gone_with_its_idp(
    console: Client, closed: IdentityProvider
) -> None:
    run = runs.enqueue(closed, trigger="command")
    delete(console, closed)
    assert runs.perform(run).state == State.SUPERSEDED
    assert_nothing_is_left()
