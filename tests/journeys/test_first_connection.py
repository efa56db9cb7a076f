"""The main job, end to end in a real browser: connect a company, sync it, browse it.

A real worker carries the sync out; DingTalk is the simulator behind the product's own
client. The page fixture fails a test that met a console error or a policy violation.
"""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider, User
from sync.models import Employee, SyncRun
from tests.engine.oracle import assert_equal
from tests.journeys.walking import (
    Look,
    assert_nothing_changes_anything,
    create,
    fail_with_a_wrong_secret,
    fill_in,
    held,
    log_off,
    log_on,
)
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("celery"),
]
HELD_CHECK = "/topapi/user/count"
HELD_PAGE = "/topapi/v2/user/list"
WIZARD = ("setup-basic", "setup-test", "setup-sync", "departments", "sample", "edit")


def test_an_administrator_connects_a_company_and_staff_browse_it(
    worker: None,
    live_site: LiveConsole,
    administrator: User,
    staff: User,
    simulator: Simulator,
    credentials: dict[str, str],
    axe: Look,
) -> None:
    """S080 to S131, H10: the whole path, then the org tree as staff sees it."""
    page = log_on(live_site, administrator)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.get_by_text("Connect DingTalk in three steps")).to_be_visible()
    axe(page)
    create(page, axe)
    the_three_values_can_be_copied(page, IdentityProvider.objects.get())
    fill_in(page, credentials)
    fail_with_a_wrong_secret(page, axe)
    page.fill("[name=app_secret]", credentials["app_secret"])
    watch_the_test(page, simulator)
    axe(page)
    page.get_by_role("link", name="Next").click()
    see_the_mapping_live(page)
    axe(page)
    watch_the_run(page, simulator)
    axe(page)
    idp = IdentityProvider.objects.get()
    assert_equal(idp, simulator.company)
    assert SyncRun.objects.get().by == administrator
    assert AuditEvent.objects.filter(actor=administrator).count() >= 2
    log_off(page)

    page = log_on(live_site, staff)
    browse(page, live_site, simulator, axe)
    refused_to_staff(page, live_site, idp)


def the_three_values_can_be_copied(page: Page, idp: IdentityProvider) -> None:
    """S088 to S091, A11: before anything is saved, under the names of the guide."""
    for name, ends in (
        ("Copy Request URL", f"/events/dingtalk/{idp.pk}/"),
        ("Copy Application Homepage Address", "/ui/dingAuth/"),
        ("Copy Callback Domain Name", "/open-dev/dingtalk"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        field = page.get_by_role("textbox", name=name.removeprefix("Copy "))
        expect(field).to_have_value(re.compile(re.escape(ends) + "$"))


def watch_the_test(page: Page, simulator: Simulator) -> None:
    """S123, U06: rows appear while the test is still at work."""
    with held(simulator, HELD_CHECK):
        page.get_by_role("button", name="Connectivity Test").click()
        expect(
            page.get_by_role("heading", name="Testing the connection")
        ).to_be_visible()
        rows = page.locator(".sb-check")
        expect(rows.filter(has_text="Legacy API — ")).to_have_count(1)
        expect(rows.filter(has_text="New API — ")).to_have_count(1)
        expect(rows.filter(has_text="CorpId")).to_contain_text("OK")
        expect(rows.filter(has_text="Permission scope")).to_have_count(0)
        expect(page.get_by_role("button", name="Next")).to_be_disabled()
    expect(page.get_by_role("heading", name="passed")).to_be_visible()
    expect(rows.filter(has_text="Permission scope")).to_contain_text("OK")
    expect(page.get_by_text("checked at first logon").first).to_be_visible()


def see_the_mapping_live(page: Page) -> None:
    """S130, U09: values of somebody real, read without being asked for."""
    expect(page.get_by_text("Field Synchronization Mapping")).to_be_visible()
    expect(page.get_by_role("radio", name="Synchronize All")).to_be_checked()
    expect(page.locator("#sample-state")).to_contain_text("Read from")
    mobile = page.locator("[data-row]", has=page.get_by_label("Mobile", exact=True))
    expect(mobile.locator("[data-sample]")).to_have_text(
        re.compile(r"^\d{3}\*{4}\d{4}$")
    )


def watch_the_run(page: Page, simulator: Simulator) -> None:
    """S127, U20: Confirm starts the first sync; its page counts and ends by itself."""
    with held(simulator, HELD_PAGE, nth=5):
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/sync/runs/*/")
        running = page.locator("#running")
        # A message that Redis lost is found again by the sweeper, seconds later.
        expect(running).to_contain_text(
            re.compile(r"Departments read\s*[1-9]"), timeout=20_000
        )
        expect(running).to_contain_text(re.compile(r"People read\s*[1-9]"))
        expect(running.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=60_000)
    expect(running).to_have_count(0)


def browse(page: Page, site: LiveConsole, simulator: Simulator, axe: Look) -> None:
    """H10, U30 to U33: the tree, a department, a person, a search; nothing to change."""
    page.goto(site.url + reverse("sync:directory"))
    company = simulator.company
    root = company.departments[1].name
    tree = page.get_by_role("tree")
    expect(tree.get_by_text(root)).to_be_visible()
    above = next(d for d in company.children(1) if company.children(d.id))
    below = company.children(above.id)[0]
    item = tree.locator(f'[aria-level="2"][data-name="{above.name}"]').first
    item.locator("[data-toggle]").first.click()
    expect(item.get_by_text(below.name, exact=True).first).to_be_visible()
    harmless(page, axe)
    item.get_by_text(above.name, exact=True).first.click()
    expect(page.locator("#pane h2")).to_have_text(above.name)
    page.get_by_role("link", name="With sub-departments", exact=True).click()
    expect(page.get_by_role("link", name="Directly in it")).to_be_visible()
    harmless(page, axe)
    someone = Employee.objects.exclude(mobile="").filter(name__regex="^[A-Z]").first()
    assert someone is not None
    page.locator("main [name=q]").fill(someone.name)
    page.keyboard.press("Enter")
    expect(page.locator("#pane h2")).to_contain_text(someone.name)
    harmless(page, axe)
    page.locator(f'[data-person="{someone.pk}"]').click()
    expect(page.locator("#drawer-title")).to_have_text(someone.name)
    masked = f"{someone.mobile[:3]}****{someone.mobile[-4:]}"
    expect(page.locator("#drawer").get_by_text(masked)).to_be_visible()
    harmless(page, axe)


def harmless(page: Page, axe: Look) -> None:
    """No whole mobile number, and nothing that changes anything."""
    axe(page)
    shown = page.content()
    for number in Employee.objects.exclude(mobile="").values_list("mobile", flat=True):
        assert number not in shown
    assert_nothing_changes_anything(page)


def refused_to_staff(page: Page, site: LiveConsole, idp: IdentityProvider) -> None:
    """S081: the wizard is the administrators', to read and to send."""
    addresses = [reverse(f"identity:{name}", args=[idp.pk]) for name in WIZARD]
    for address in (reverse("identity:create"), *addresses):
        assert page.request.get(site.url + address).status == 403, address
        assert page.request.post(site.url + address).status == 403, address
