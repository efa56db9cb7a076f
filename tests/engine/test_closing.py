"""A closed IdP is enabled again: what changed meanwhile is read at once (F-27, F-70)."""

import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, User
from sync import runs
from sync.models import SyncRun
from tests.engine.conftest import LIST, Sync, active
from tests.plugins.files import Folder

State, Trigger = SyncRun.State, SyncRun.Trigger
pytestmark = pytest.mark.django_db(transaction=True)
DEPARTMENT = "501001"


def edit_path(idp: IdentityProvider) -> str:
    return reverse("identity:edit", args=[idp.pk])


@pytest.fixture
def form(credentials: dict[str, str]) -> dict[str, Any]:
    """Edit Identity Source as it is shown, the IdP being enabled, read by hand only."""
    plain = {name: credentials[name] for name in ("corp_id", "app_key")}
    return plain | {
        "name": "Example",
        "status": "enabled",
        "dingtalk_type": "standard",
        "sync_interval_hours": "24",
    }


@pytest.fixture
def narrowed(
    idp: IdentityProvider, sync: Sync, console: Client, form: dict[str, Any]
) -> str:
    """The words of the page after a closed IdP got a smaller scope."""
    assert sync().state == State.SUCCESS
    closed = form | {"status": "closed", "confirm_close": "Example"}
    assert console.post(edit_path(idp), closed).status_code == 302
    settings = reverse("identity:setup-sync", args=[idp.pk])
    sent = {"scope": "partial", "departments": [DEPARTMENT], "source.name": "name"}
    answer = console.post(settings, sent, follow=True)
    idp.refresh_from_db()
    assert (idp.scope, idp.departments) == ("partial", [DEPARTMENT])
    return str(answer.content.decode())


def test_settings_of_a_closed_idp_are_saved_and_said_to_wait(narrowed: str) -> None:
    assert "is closed, so nothing is read until you enable it" in narrowed
    assert SyncRun.objects.count() == 1


def test_F70_enabling_reads_at_once_what_was_chosen_while_it_was_closed(
    idp: IdentityProvider,
    narrowed: str,
    console: Client,
    form: dict[str, Any],
    administrator: User,
) -> None:
    """Also without Automatic Synchronization, where no cycle would ever come."""
    IdentityProvider.objects.update(guard_people_percent=100)
    before = active()
    answer = console.post(edit_path(idp), form)
    run = SyncRun.objects.get(state=State.QUEUED)
    assert answer.headers["Location"] == reverse("sync:run", args=[run.pk])
    assert (run.trigger, run.by, run.people) == (Trigger.PERSON, administrator, True)
    assert runs.perform(run).state == State.SUCCESS
    assert run.counts["out_of_scope"] > 0
    assert active() < before


@pytest.mark.parametrize("department", ["", DEPARTMENT])
def test_F70_a_file_that_enables_an_idp_has_it_read_at_once(
    folder: Folder, idp: IdentityProvider, department: str
) -> None:
    """Once, whether it sets nothing else, or another scope as well."""
    IdentityProvider.objects.update(status="closed")
    scope = {"scope": "partial", "departments": [department]} if department else {}
    ended = folder.apply(synchronization=scope)
    run = SyncRun.objects.get()
    assert ended.code == 0, ended.reasons
    assert (run.trigger, run.by) == (Trigger.COMMAND, None)
    assert reverse("sync:run", args=[run.pk]) in ended.output


def test_a_file_with_new_settings_for_a_closed_idp_says_that_they_wait(
    folder: Folder, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(status="closed")
    scope = {"scope": "partial", "departments": [DEPARTMENT]}
    ended = folder.apply(status="closed", synchronization=scope)
    assert "It is closed: nothing is read until it is enabled." in ended.output
    assert not SyncRun.objects.exists()


def test_a_draft_that_is_set_to_enabled_is_not_read_before_its_confirm(
    folder: Folder, draft: IdentityProvider
) -> None:
    assert folder.apply("--draft", status="closed").code == 0
    assert folder.apply("--draft").code == 0
    assert not SyncRun.objects.exists()


def test_saving_what_is_enabled_already_starts_nothing(
    idp: IdentityProvider, console: Client, form: dict[str, Any]
) -> None:
    sent = form | {"description": "Another one"}
    assert console.post(edit_path(idp), sent).status_code == 302
    assert not SyncRun.objects.exists()


def test_F70_a_run_that_stops_for_a_closing_is_followed_by_another_once_enabled(
    idp: IdentityProvider, simulator: Simulator, console: Client, form: dict[str, Any]
) -> None:
    """Whoever enables before the old run is over finds it open, and begins none."""
    run = runs.enqueue(idp, trigger=Trigger.PERSON)

    def close_and_enable() -> None:
        IdentityProvider.objects.update(status="closed")
        beat(run)
        beat(run)  # one of them began after the closing
        assert console.post(edit_path(idp), form).status_code == 302
        assert list(SyncRun.objects.all()) == [run]

    simulator.faults.before(LIST, 1, close_and_enable)
    runs.perform(run)
    assert run.state == State.SUPERSEDED
    again = SyncRun.objects.get(state=State.QUEUED)
    assert runs.perform(again).state == State.SUCCESS


def beat(run: SyncRun, seconds: float = 30) -> None:
    """Wait for the next heartbeat of a run; bounded."""
    row = SyncRun.objects.filter(pk=run.pk).values_list("lease_until", flat=True)
    before, until = row.get(), time.monotonic() + seconds
    while row.get() == before:
        assert time.monotonic() < until, "no heartbeat came"
        time.sleep(0.05)
