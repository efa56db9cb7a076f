"""The same path without a mouse, and without script."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, User
from tests.engine.oracle import assert_equal
from tests.journeys.walking import (
    TYPED,
    assert_nothing_changes_anything,
    create,
    fail_with_a_wrong_secret,
    fill_in,
    log_off,
    log_on,
    tab_to,
    until_the_run_ends,
)
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("celery"),
]
CUSTOM = {"target": "attributes.CostCentre", "sources": ["extension.CostCentre"]}


def test_the_wizard_works_with_tab_enter_and_space_alone(
    worker: None,
    live_console: LiveConsole,
    simulator: Simulator,
    credentials: dict[str, str],
) -> None:
    """S085 to S131, U46: no step asks for a mouse."""
    page = live_console.open("/identity/new/")
    keys = page.keyboard
    tab_to(page, page.get_by_role("button", name="Configure"))
    keys.press("Enter")
    page.wait_for_url("**/setup/basic/")
    tab_to(page, page.get_by_role("button", name="Copy Request URL"))
    keys.press("Enter")
    tab_to(page, page.locator("#id_name"))
    keys.type("Headquarters")
    for name in TYPED:
        tab_to(page, page.locator(f"#id_{name}"))
        keys.type(credentials[name])
    tab_to(page, page.locator("summary", has_text="Advanced Settings"))
    keys.press("Enter")
    expect(page.locator("#id_token")).to_be_visible()
    people = page.locator("#id_sync_users")
    tab_to(page, people)
    keys.press("Space")
    expect(people).not_to_be_checked()
    keys.press("Space")
    tab_to(page, page.get_by_role("button", name="Connectivity Test"))
    keys.press("Enter")
    expect(page.get_by_role("heading", name="passed")).to_be_visible()
    tab_to(page, page.locator("details.sb-check summary").first)
    keys.press("Enter")
    expect(page.get_by_text("Proves").first).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Next"))
    keys.press("Enter")
    page.wait_for_url("**/setup/sync/")
    expect(page.locator("#sample-state")).to_contain_text("Read from")
    tab_to(page, page.get_by_role("button", name="View Extended Fields"))
    keys.press("Enter")
    tab_to(page, page.get_by_role("button", name="Add CostCentre"))
    keys.press("Enter")
    expect(page.locator("[name=custom_name]")).to_have_value("CostCentre")
    # The focus stays in the open list although the button that had it is gone (U51).
    expect(page.locator("#extended :focus")).to_have_count(1)
    tab_to(page, page.locator("#extended").get_by_role("button", name="Close"))
    keys.press("Enter")
    tab_to(page, page.get_by_role("button", name="Confirm"))
    keys.press("Enter")
    page.wait_for_url("**/sync/runs/*/")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=60_000)
    assert CUSTOM in IdentityProvider.objects.get().mapping


@pytest.fixture
def plain(live_server: object, browser: Browser) -> Iterator[Page]:
    """A browser without script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_same_path_works_without_script(
    worker: None,
    live_site: LiveConsole,
    plain: Page,
    administrator: User,
    staff: User,
    simulator: Simulator,
    credentials: dict[str, str],
) -> None:
    """U46: forms, wizard, tree links and lists are plain HTML."""
    site = LiveConsole(plain, live_site.url)
    page = log_on(site, administrator)
    create(page)
    the_warning_of_closed_is_there(page)
    fill_in(page, credentials)
    fail_with_a_wrong_secret(page)
    page.fill("[name=app_secret]", credentials["app_secret"])
    page.get_by_role("button", name="Connectivity Test").click()
    expect(page.get_by_role("heading", name="passed")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    add_an_extended_field(page)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Run")).to_be_visible()
    until_the_run_ends()
    page.reload()
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()
    idp = IdentityProvider.objects.get()
    assert_equal(idp, simulator.company)
    assert CUSTOM in idp.mapping
    log_off(page)

    page = log_on(site, staff)
    page.goto(site.url + reverse("sync:directory"))
    department = simulator.company.children(1)[0].name
    tree = page.get_by_role("tree")
    tree.get_by_role("link", name=department, exact=True).click()
    expect(page.locator("#pane h2")).to_have_text(department)
    assert_nothing_changes_anything(page)
    page.locator("table a").first.press("Enter")
    page.wait_for_url("**/directory/u/*/")
    assert_nothing_changes_anything(page)


def the_warning_of_closed_is_there(page: Page) -> None:
    """S092, S100."""
    warning = page.get_by_text("end users cannot access internal applications")
    page.get_by_role("radio", name="Closed").check()
    expect(warning).to_be_visible()
    page.get_by_role("radio", name="Enabled").check()


def add_an_extended_field(page: Page) -> None:
    """S131, U09: a button reads the sample; the list of fields opens and adds."""
    page.get_by_role("button", name="Read a sample").click()
    expect(page.locator("#sample-state")).to_contain_text("Read from")
    expect(page.locator("[data-row]").first).to_contain_text("100 %")
    page.get_by_role("button", name="View Extended Fields").click()
    page.get_by_role("button", name="Add CostCentre").click()
    expect(page.locator("[name=custom_name]")).to_have_value("CostCentre")
