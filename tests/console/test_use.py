"""How the frame is used in a real browser: menus, keys, copying, and no script."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from identity.models import IdentityProvider, User
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


@pytest.mark.alone
def test_the_navigation_of_a_phone_opens_and_closes(
    live_console: LiveConsole,
) -> None:
    """U44"""
    live_console.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page = live_console.open("/")
    link = page.get_by_role("link", name="Identity Access")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    link.click()
    expect(page).to_have_url(live_console.url + "/identity/")


@pytest.mark.alone
def test_a_value_is_copied_and_said_once(live_console: LiveConsole, page: Page) -> None:
    """U03, S172"""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live_console.open("/settings/")
    value = page.input_value("#enterprise-identifier")
    button = page.get_by_role("button", name="Copy Enterprise")
    button.click()
    expect(button).to_contain_text("Copied")
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == value
    expect(button).to_have_text("Copy", timeout=4000)


@pytest.mark.alone
def test_a_value_is_copied_on_plain_http_too(
    live_console: LiveConsole, page: Page
) -> None:
    """U03: without the clipboard API the text is selected and copied the old way."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live_console.open("/settings/")
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(Error('http')) }"
    )
    button = page.get_by_role("button", name="Copy Enterprise")
    button.click()
    expect(button).to_contain_text("Copied")
    value = page.input_value("#enterprise-identifier")
    assert page.evaluate("getSelection().toString()") == value
    assert page.evaluate("navigator.clipboard.readText()") == value


def test_a_theme_applies_at_once_and_stays(
    live_console: LiveConsole, administrator: User
) -> None:
    """U42"""
    page = live_console.open("/")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.get_by_label("Theme").click()
    with page.expect_response("**/choices/theme/"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator('[data-theme-icon="dark"]')).to_be_visible()
    expect(page.locator('[data-theme-icon="system"]')).to_be_hidden()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    administrator.refresh_from_db()
    assert administrator.theme == "dark"


@pytest.mark.alone
def test_as_the_system_follows_the_system(live_site: LiveConsole) -> None:
    """U42"""
    page = live_site.page
    page.emulate_media(color_scheme="dark")
    live_site.open("/accounts/login/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_the_language_switch_keeps_the_page(live_console: LiveConsole) -> None:
    """U43"""
    page = live_console.open("/settings/")
    page.get_by_label("Language").click()
    page.get_by_role("button", name="简体中文").click()
    expect(page).to_have_url(live_console.url + "/settings/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


@pytest.mark.alone
def test_menus_close_on_escape_and_on_a_click_elsewhere(
    live_console: LiveConsole,
) -> None:
    page = live_console.open("/")
    menu = page.get_by_label("Account alice")
    log_off = page.get_by_role("button", name="Log off")
    menu.click()
    expect(log_off).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Security")).to_be_focused()
    page.keyboard.press("Tab")
    expect(log_off).to_be_focused()
    page.keyboard.press("Escape")
    expect(log_off).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    page.locator("h1").click()
    expect(log_off).to_be_hidden()


@pytest.mark.alone
def test_a_slash_reaches_the_search_but_not_from_inside_a_field(
    live_console: LiveConsole,
) -> None:
    """U32, U41"""
    page = live_console.open("/settings/")
    search = page.locator("#sb-search")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    assert search.input_value() == ""
    name = page.get_by_label("Company name")
    name.focus()
    page.keyboard.press("/")
    expect(name).to_be_focused()
    assert name.input_value() == "/"


@pytest.mark.alone
def test_the_first_tab_skips_to_the_content(live_console: LiveConsole) -> None:
    page = live_console.open("/identity/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


@pytest.mark.alone
def test_unsaved_changes_ask_before_they_are_lost(live_console: LiveConsole) -> None:
    """U13"""
    page = live_console.open("/settings/")
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.get_by_role("link", name="Dashboard").click()
    assert asked == []
    live_console.open("/settings/")
    page.get_by_label("Company name").press_sequentially("Acme")
    page.get_by_role("link", name="Dashboard").click()
    expect(page).to_have_url(live_console.url + "/")
    assert asked == ["beforeunload"]


def test_saving_asks_nothing(live_console: LiveConsole) -> None:
    """U13"""
    page = live_console.open("/settings/")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.get_by_label("Company name").fill("Acme")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_somebody_logs_on_looks_around_and_logs_off(
    live_site: LiveConsole, administrator: User
) -> None:
    """S081, S082, S083, S084"""
    page = live_site.open("/identity/")
    page.get_by_label("User name").fill("alice")
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Show password").click()
    expect(page.locator("#id_password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Log on").click()
    expect(page).to_have_url(live_site.url + "/identity/")
    expect(page.get_by_role("link", name="Create IdP").first).to_be_visible()
    page.get_by_label("Account alice").click()
    page.get_by_role("button", name="Log off").click()
    expect(page).to_have_url(live_site.url + "/accounts/login/")


@pytest.fixture
def scriptless(browser: Browser, live_server: Any) -> Iterator[Page]:
    """A page in a browser without script."""
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    yield context.new_page()
    context.close()


def test_everything_of_the_frame_works_without_script(
    scriptless: Page, administrator: User
) -> None:
    """U46"""
    page = scriptless
    page.goto("/settings/")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log on").click()
    page.get_by_label("Company name").fill("Acme")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_label("Theme").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("Account alice").click()
    page.get_by_role("button", name="Log off").click()
    expect(page.get_by_role("button", name="Log on")).to_be_visible()


@pytest.mark.alone
def test_the_rows_of_the_list_are_links(
    live_console: LiveConsole, hangzhou: IdentityProvider
) -> None:
    page = live_console.open("/identity/")
    page.get_by_role("cell", name="DingTalk", exact=True).first.click(
        force=True  # the link lies over the whole row
    )
    expect(page).to_have_url(f"{live_console.url}/identity/{hangzhou.pk}/")


def test_the_session_of_a_closed_account_ends_in_the_browser(
    live_console: LiveConsole, administrator: User
) -> None:
    live_console.open("/")
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    page = live_console.open("/settings/")
    expect(page).to_have_url(f"{live_console.url}/accounts/login/?next=/settings/")
    assert Client().get("/").status_code == 302
