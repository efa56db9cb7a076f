"""Deciding about a plan in a real browser, with a company behind it, and without script."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import runs
from sync.models import Change, Employee, Kept, SyncRun
from tests import builders
from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def active() -> set[str]:
    """User ids of everybody who may log on."""
    rows = Employee.objects.filter(status=Employee.Status.ACTIVE)
    return set(rows.values_list("userid", flat=True))


def carried_out(page: Page) -> SyncRun:
    """The run whose page this is, carried out as a worker would."""
    page.wait_for_url("**/sync/runs/*/")
    number = int(page.url.rstrip("/").rpartition("/")[2])
    return runs.perform(SyncRun.objects.get(pk=number))


def test_a_preview_is_read_a_row_left_out_and_exactly_the_rest_is_done(
    live_console: LiveConsole, idp: IdentityProvider, simulator: Simulator
) -> None:
    """U21, U20: approve applies exactly the list."""
    company = simulator.company
    leaver = company.hire("Leaver").userid
    runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))
    before = active()
    company.let_go(leaver)
    wanted, unwanted = company.hire("Wanted").userid, company.hire("Unwanted").userid

    page = live_console.open(reverse("console:overview", args=[idp.pk]))
    page.locator(".sb-split summary").click()
    page.get_by_role("button", name="Preview").click()
    preview = carried_out(page)
    expect(page.get_by_text("Preview: nothing was written")).to_be_visible()
    assert active() == before

    page.get_by_role("link", name="People who join 2").click()
    page.get_by_role("checkbox", name="Leave out Unwanted").check()
    others = Change.objects.filter(run=preview).exclude(key__startswith=unwanted)
    approve = page.get_by_role("button", name=f"Approve these {others.count()}")
    expect(approve).to_be_visible()
    expect(page.get_by_text(re.compile("Stored: .* left out"))).to_be_visible()
    expect(page.get_by_role("checkbox", name="Leave out Unwanted")).to_be_focused()
    approve.click()

    run = carried_out(page)
    assert run.approves == preview
    expect(page.get_by_text("Success").first).to_be_visible()
    assert active() == before - {leaver} | {wanted}
    assert Kept.objects.filter(entity="employee").get().key == unwanted


@pytest.mark.alone
def test_a_plan_is_decided_about_without_script(
    live_console: LiveConsole, browser: Browser
) -> None:
    """U46: the choice is kept from page to page, and sent with the approval."""
    run = builders.run(builders.idp(), "held", digest="plan")
    for number in range(55):
        key = f"p{number:02}"
        after = {"name": key}
        builders.change(
            run, "employee", "create", key, label=key, after=after, applied=False
        )
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(live_console.page.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(live_console.url + reverse("sync:run", args=[run.pk]))
    page.get_by_role("checkbox", name="Leave out p07").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("checkbox", name="Leave out p54").check()
    page.get_by_role("button", name="Store what is left out").click()
    page.fill("#plan-q", "p07")
    page.press("#plan-q", "Enter")
    expect(page.get_by_role("checkbox", name="Leave out p07")).to_be_checked()
    page.get_by_role("button", name="Approve these 53").click()
    expect(page.get_by_text("It is read anew, and then carried out")).to_be_visible()
    assert set(Kept.objects.values_list("key", flat=True)) == {"p07", "p54"}
    context.close()
