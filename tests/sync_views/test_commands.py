"""Starting and cancelling a run from the console."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import AuditEvent, IdentityProvider, User
from sync.models import SyncRun
from tests import builders
from tests.sync_views.reading import words

pytestmark = pytest.mark.django_db


def start(console: Client, idp: IdentityProvider, **form: str) -> str:
    """Press Synchronize now; what the page then says."""
    address = reverse("sync:start", args=[idp.pk])
    response = console.post(address, form, follow=True)
    assert response.status_code == 200
    return words(response.content.decode())


def test_synchronize_now_queues_a_run_shows_it_and_is_audited(
    console: Client, idp: IdentityProvider, administrator: User
) -> None:
    """S116: the manual way is always there."""
    shown = start(console, idp)
    run = SyncRun.objects.get()
    assert (run.state, run.trigger, run.by) == ("queued", "person", administrator)
    assert run.people
    assert f"Run {run.pk}" in shown
    line = AuditEvent.objects.get(action="sync.start")
    assert (line.actor, line.target_id) == (administrator, str(idp.pk))
    assert line.detail == {"run": run.pk, "people": True, "purpose": "sync"}


def test_departments_alone_can_be_asked_for(
    console: Client, idp: IdentityProvider
) -> None:
    """A6: a manual sync asks which."""
    assert "departments only" in start(console, idp, people="0")
    assert not SyncRun.objects.get().people


def test_F27_a_closed_idp_is_not_synchronized_and_the_page_says_why(
    console: Client, idp: IdentityProvider
) -> None:
    """Neither offered, nor done for a form that was open before the closing."""
    address = reverse("sync:start", args=[idp.pk])
    pages = [reverse("console:overview", args=[idp.pk]), reverse("console:idps")]
    for page in pages:
        assert address in console.get(page).content.decode()
    IdentityProvider.objects.update(status="closed")
    for page in pages:
        assert address not in console.get(page).content.decode()
    shown = start(console, idp)
    assert "is closed, so it is not synchronized: nothing was started" in shown
    assert "Set its IdP Status to Enabled first." in shown
    assert not SyncRun.objects.exists()
    assert not AuditEvent.objects.filter(action="sync.start").exists()


def test_a_second_start_leads_to_the_run_that_is_open(
    console: Client, idp: IdentityProvider
) -> None:
    start(console, idp)
    shown = start(console, idp)
    run = SyncRun.objects.get()
    assert "A synchronization is already running, started at" in shown
    assert f"Run {run.pk}" in shown
    assert AuditEvent.objects.filter(action="sync.start").count() == 1


def test_a_queued_run_is_cancelled_at_once_and_it_is_audited(
    console: Client, idp: IdentityProvider
) -> None:
    """U20."""
    start(console, idp)
    run = SyncRun.objects.get()
    response = console.post(reverse("sync:cancel", args=[run.pk]), follow=True)
    run.refresh_from_db()
    assert run.state == SyncRun.State.CANCELLED
    assert "Cancelled" in words(response.content.decode())
    assert AuditEvent.objects.get(action="sync.cancel").detail == {"run": run.pk}


def test_a_running_run_is_asked_to_stop_and_says_so(
    console: Client, idp: IdentityProvider
) -> None:
    run = builders.run(idp, "running")
    cancel = reverse("sync:cancel", args=[run.pk])
    response = console.post(cancel, follow=True)
    run.refresh_from_db()
    assert run.cancel_requested
    source = response.content.decode()
    assert "Cancelling: it ends after the step it is in." in words(source)
    assert cancel not in source


def test_a_run_that_is_over_is_not_cancelled(
    console: Client, idp: IdentityProvider
) -> None:
    run = builders.run(idp, "success")
    response = console.post(reverse("sync:cancel", args=[run.pk]), follow=True)
    run.refresh_from_db()
    assert not run.cancel_requested
    assert "This run is already over." in words(response.content.decode())
    assert not AuditEvent.objects.filter(action="sync.cancel").exists()


@pytest.mark.parametrize("name", ["start", "cancel"])
def test_a_form_without_its_token_is_refused(
    administrator: User, idp: IdentityProvider, name: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)
    run = builders.run(idp, "running")
    key = idp.pk if name == "start" else run.pk
    assert client.post(reverse(f"sync:{name}", args=[key])).status_code == 403


def test_only_a_form_starts_or_cancels(console: Client, idp: IdentityProvider) -> None:
    run = builders.run(idp, "running")
    assert console.get(reverse("sync:start", args=[idp.pk])).status_code == 405
    assert console.get(reverse("sync:cancel", args=[run.pk])).status_code == 405
