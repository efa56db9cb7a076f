"""The wizard in a real browser, with and without script, in both themes."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, User
from tests.identity.conftest import page as address
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.fill(f"#id_{name}", value)


def keys_of(credentials: dict[str, str]) -> dict[str, str]:
    return {name: credentials[name] for name in ("corp_id", "app_key", "app_secret")}


def test_the_wizard_from_create_to_the_first_run(
    live_console: LiveConsole,
    simulator: Simulator,
    credentials: dict[str, str],
    complaints: list[str],
) -> None:
    """S080, S083 to S131, U06, U07, with a policy that stops any inline script."""
    page = live_console.open("/identity/new/")
    page.get_by_role("button", name="Configure").click()
    fill(page, {"name": "two words", "description": "DingTalk Logon"})
    page.get_by_role("button", name="Connectivity Test").click()
    expect(page.get_by_text("4 values need your attention")).to_be_visible()
    # The browser reports the status 422 of a form with errors.
    assert [text for text in complaints if "422" not in text] == []
    complaints.clear()

    fill(page, {"name": "test"} | keys_of(credentials) | {"app_secret": "wrong-one-1"})
    page.get_by_role("button", name="Connectivity Test").click()
    expect(page.get_by_role("heading", name="Connection Failed")).to_be_visible()
    expect(page.locator("details[data-state=fail]")).to_have_attribute("open", "")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()

    page.get_by_role("link", name="Back").click()
    fill(page, {"app_secret": credentials["app_secret"]})
    page.get_by_role("button", name="Connectivity Test").click()
    page.get_by_role("link", name="Next").click()

    page.get_by_text("Partially Synchronize").click()
    root = page.locator("[data-tree] > ul > li > .sb-node")
    root.locator("summary").click()
    below = page.locator(".sb-below .sb-node")
    below.nth(0).get_by_role("checkbox").check()
    expect(page.locator("[data-chosen] li")).to_have_count(1)
    assert root.get_by_role("checkbox").evaluate("box => box.indeterminate")

    expect(page.locator("#sample-state")).to_contain_text("Read from")
    calls = simulator.calls.copy()
    page.get_by_role("button", name="View Extended Fields").click()
    page.get_by_role("button", name="Add CostCentre").click()
    page.keyboard.press("Escape")
    expect(page.locator("[name=custom_name]")).to_have_value("CostCentre")
    expect(page.locator("[data-row]", has_text="Name").first).to_contain_text("100 %")
    expect(page.locator("[data-chosen] li")).to_have_count(1)
    expect(page.locator("#sample-state")).to_contain_text("Read from")
    assert simulator.calls == calls, "the sample was read again"

    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/sync/runs/*/")
    idp = IdentityProvider.objects.get()
    assert idp.confirmed_at is not None
    assert len(idp.departments) == 1
    assert {
        "target": "attributes.CostCentre",
        "sources": ["extension.CostCentre"],
    } in idp.mapping


@pytest.mark.alone
def test_U01_the_card_beside_the_form_follows_the_field(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    for field, title in (
        ("app_secret", "Credentials And Basic Information"),
        ("corp_id", "Home page"),
        ("auto_sync", "Permission Management"),
    ):
        page.focus(f"#id_{field}")
        expect(page.locator("[data-guide]:visible")).to_have_count(1)
        expect(page.locator("[data-guide]:visible h3")).to_contain_text(title)


@pytest.mark.alone
def test_S119_switching_the_cycle_off_switches_people_off(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    page.uncheck("#id_auto_sync")
    expect(page.locator("#id_sync_users")).to_be_disabled()
    expect(page.locator("#id_sync_users")).not_to_be_checked()
    page.check("#id_auto_sync")
    expect(page.locator("#id_sync_users")).to_be_enabled()


@pytest.mark.alone
def test_S092_the_warning_appears_with_closed(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    warning = page.get_by_text("If you disable an identity source")
    expect(warning).to_be_hidden()
    page.get_by_role("radio", name="Closed").check()
    expect(warning).to_be_visible()


@pytest.mark.alone
def test_S095_the_rule_of_the_name_is_known_to_the_browser_too(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    name = page.locator("#id_name")
    for value, right in (("测试", True), ("𠮷𠮷", True), ("a b", False), ("a", False)):
        name.fill(value)
        assert name.evaluate("field => field.checkValidity()") is right
    expect(page.locator("output[for=id_name]")).to_have_text("1/100")


@pytest.mark.alone
def test_another_source_shows_another_sample(
    live_console: LiveConsole, tested: IdentityProvider
) -> None:
    """U09."""
    page = live_console.open(address(tested, "sync"))
    row = page.locator("[data-row]", has=page.get_by_label("Title", exact=True))
    before = row.locator("[data-sample]").inner_text()
    page.get_by_label("Title", exact=True).select_option("name")
    expect(row.locator("[data-sample]")).not_to_have_text(before)
    expect(row.locator("[data-filled]")).to_have_text("100 %")


def test_the_sample_says_that_it_is_being_read_and_fills_in_by_itself(
    live_console: LiveConsole, tested: IdentityProvider, simulator: Simulator
) -> None:
    """U09."""
    gate = threading.Event()
    simulator.faults.before("/topapi/v2/user/list", 1, lambda: gate.wait(20))
    page = live_console.open(address(tested, "sync"))
    state = page.locator("#sample-state")
    expect(state.get_by_text("Reading a sample from DingTalk")).to_be_visible()
    expect(state.get_by_role("button")).to_be_hidden()
    gate.set()
    expect(state).to_contain_text("Read from")
    expect(page.locator("[data-row]").first).to_contain_text("100 %")


def test_a_sample_that_cannot_be_read_says_why_and_can_be_tried_again(
    live_console: LiveConsole, tested: IdentityProvider, simulator: Simulator
) -> None:
    """U09: the page works all the same."""
    rule = simulator.faults.add("banned_page", "/topapi/v2/user/list")
    page = live_console.open(address(tested, "sync"))
    state = page.locator("#sample-state")
    expect(state).to_contain_text("DingTalk could not be asked")
    simulator.faults.remove(rule)
    state.get_by_role("button", name="Try again").click()
    expect(state).to_contain_text("Read from")


@pytest.mark.alone
def test_U06_the_report_can_be_copied_as_text(
    live_console: LiveConsole, tested: IdentityProvider
) -> None:
    context = live_console.page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = live_console.open(address(tested, "test"))
    page.get_by_text("Report as text").click()
    page.get_by_role("button", name="Copy report").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "[OK] Credentials: AppKey and AppSecret" in copied


@pytest.mark.alone
def test_U01_below_the_desk_the_card_is_folded(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    """At 1100 px it moves beside the form, and opens."""
    card = live_console.page.locator("[data-guide-card]")
    live_console.page.set_viewport_size({"width": 1099, "height": 800})
    live_console.open(address(draft, "basic"))
    expect(card).not_to_have_attribute("open", "")
    live_console.page.set_viewport_size({"width": 1100, "height": 800})
    expect(card).to_have_attribute("open", "")


@pytest.mark.alone
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(
    live_console: LiveConsole,
    administrator: User,
    tested: IdentityProvider,
    axe: Callable[[Page], None],
    theme: str,
) -> None:
    User.objects.update(theme=theme)
    for path in ("/identity/new/", *(address(tested, s) for s in STEPS)):
        axe(live_console.open(path))
    live_console.page.get_by_text("Partially Synchronize").click()
    expect(live_console.page.locator(".sb-node")).to_have_count(1)
    axe(live_console.page)


STEPS = ("basic", "test", "sync")


@pytest.mark.alone
def test_U44_no_step_scrolls_sideways_on_a_small_phone(
    live_console: LiveConsole, tested: IdentityProvider
) -> None:
    live_console.page.set_viewport_size({"width": 320, "height": 640})
    for path in ("/identity/new/", *(address(tested, step) for step in STEPS)):
        page = live_console.open(path)
        wide = page.evaluate(
            "document.documentElement.scrollWidth - "
            "document.documentElement.clientWidth"
        )
        assert wide == 0, path


@pytest.fixture
def plain(browser: Browser, live_server: object) -> Iterator[Page]:
    """A browser without script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def log_on(page: Page, base: str, account: User) -> None:
    page.goto(base)
    page.fill("[name=username]", account.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")


def test_S092_S131_edit_warns_and_fields_open_without_script(
    plain: Page, live_server: Client, administrator: User, idp: IdentityProvider
) -> None:
    """The warning of Closed; View Extended Fields leads to the list with its sample."""
    page, base = plain, str(live_server)
    log_on(page, f"{base}/identity/{idp.pk}/edit/", administrator)
    warning = page.locator(".sb-notice-body", has_text="If you disable an identity")
    expect(warning).to_be_hidden()
    page.get_by_role("radio", name="Closed").check()
    expect(warning).to_be_visible()
    page.get_by_role("link", name="Synchronization Settings").click()
    page.get_by_role("button", name="View Extended Fields").click()
    assert page.url.endswith("#extended")
    expect(page.get_by_role("button", name="Add Nickname")).to_be_visible()
    page.get_by_role("button", name="Add CostCentre").click()
    expect(page.get_by_text("Added to the mapping as CostCentre")).to_be_visible()
    expect(page.locator("[name=custom_name]")).to_have_value("CostCentre")
    expect(page.get_by_role("button", name="Add CostCentre")).to_be_hidden()


def test_U46_the_wizard_works_without_script(
    plain: Page,
    live_server: Client,
    administrator: User,
    simulator: Simulator,
    credentials: dict[str, str],
) -> None:
    page, base = plain, str(live_server)
    log_on(page, base + "/identity/new/", administrator)
    page.get_by_role("button", name="Configure").click()
    fill(page, {"name": "test"} | keys_of(credentials))
    page.press("#id_name", "Enter")
    expect(page.get_by_role("heading", name="passed")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("radio", name="Partially Synchronize").check()
    page.get_by_role("button", name="Show departments and a sample").click()
    page.get_by_role("button", name="Open", exact=False).first.click()
    expect(page.get_by_text("No department is chosen")).to_be_hidden()
    page.locator(".sb-below").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/sync/runs/*/")
    assert len(IdentityProvider.objects.get().departments) == 1
