"""A run is taken back from its page: planned, looked at, approved (pages.md 5.14)."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider, User
from sync import approving, runs
from sync.models import Employee, SyncRun
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

State = SyncRun.State


@pytest.fixture
def changed(
    transactional_db: None, simulator: Simulator, idp: IdentityProvider
) -> SyncRun:
    """A run by which one person joined and another got a title."""
    simulator.company.hire("Li Stays", title="Engineer")
    runs.perform(runs.enqueue(idp, trigger="person"))
    stays = Employee.objects.get(name="Li Stays")
    simulator.company.update(stays.userid, title="Chief")
    simulator.company.hire("Wang Joins")
    return runs.perform(runs.enqueue(idp, trigger="person"))


def begin(console: Client, run: SyncRun) -> str:
    answer = console.post(reverse("sync:undo", args=[run.pk]), follow=True)
    return answer.content.decode()


@pytest.mark.alone
@pytest.mark.browser
def test_a_run_is_undone_by_two_clicks_and_the_password(
    live_console: LiveConsole, changed: SyncRun
) -> None:
    page = live_console.open(reverse("sync:run", args=[changed.pk]))
    page.get_by_role("button", name="Undo this run").click()
    page.wait_for_url("**/sync/runs/*/")
    queued = SyncRun.objects.get(undoes=changed)
    runs.perform(queued)
    expect(page.locator("#held")).to_contain_text(f"Undo of run {changed.pk}")
    expect(page.locator("#plan")).to_contain_text("Wang Joins")
    assert Employee.objects.get(name="Wang Joins").status == "active"
    if page.locator("#id_own_password").count():
        page.fill("#id_own_password", PASSWORD)
    page.get_by_role("button", name="Approve these 2").click()
    page.wait_for_url(f"**/sync/runs/{queued.pk + 1}/")
    runs.perform(SyncRun.objects.get(approves=queued))
    expect(page.locator("#sums")).to_be_visible()
    assert Employee.objects.get(name="Wang Joins").status == "out_of_scope"
    assert Employee.objects.get(name="Li Stays").title == "Engineer"
    page.goto(live_console.url + reverse("sync:run", args=[changed.pk]))
    expect(page.get_by_text("Taken back by run")).to_be_visible()


@pytest.mark.alone
def test_an_undo_says_what_it_undoes_and_stands_among_the_runs(
    console: Client, changed: SyncRun
) -> None:
    begin(console, changed)
    undo = runs.perform(SyncRun.objects.get(undoes=changed))
    shown = console.get(reverse("sync:run", args=[undo.pk])).content.decode()
    assert f'href="{reverse("sync:run", args=[changed.pk])}">Undo of run' in shown
    assert "People who go out of scope" in shown
    assert "once confirmed" not in shown
    listed = console.get(reverse("sync:runs")).content.decode()
    assert reverse("sync:run", args=[undo.pk]) in listed
    assert "1 run is held" in listed
    done = approving.approve(undo, decider(), digest=undo.digest)
    shown = console.get(reverse("sync:run", args=[done.pk])).content.decode()
    assert f'href="{reverse("sync:run", args=[undo.pk])}">carries out' in shown
    listed = console.get(reverse("sync:runs")).content.decode()
    assert "Approved" in listed


def decider() -> User:
    return User.objects.filter(role=User.Role.ADMINISTRATOR).earliest("pk")


@pytest.mark.alone
def test_only_what_changed_something_can_be_undone_and_only_by_administrators(
    console: Client, staff_console: Client, changed: SyncRun, idp: IdentityProvider
) -> None:
    """T-30: staff look, and are refused."""
    nothing = runs.perform(runs.enqueue(idp, trigger="person"))
    assert "changed nothing that can be undone" in begin(console, nothing)
    assert (
        "sync:undo"
        not in staff_console.get(
            reverse("sync:run", args=[changed.pk])
        ).content.decode()
    )
    refused = staff_console.post(reverse("sync:undo", args=[changed.pk]))
    assert refused.status_code == 403
    begin(console, changed)
    assert "Another undo is under way" in begin(console, changed)
    assert SyncRun.objects.filter(undoes=changed).count() == 1
    assert AuditEvent.objects.filter(action="sync.undo").count() == 1
    IdentityProvider.objects.update(status="closed")
    assert "is closed, so it is not synchronized" in begin(console, changed)
