"""The frame in a real browser: policy, accessibility, phones, keys, and no script."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from identity.models import IdentityProvider, User
from tests import builders
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def hangzhou(transactional_db: None) -> IdentityProvider:
    """An IdP with people and runs, so that no page is empty."""
    idp = builders.idp(
        "Hangzhou",
        description="DingTalk Logon",
        settings={"corp_id": "ding3608be7c4e5266ce4ac5d6980864"},
    )
    builders.company(idp, people=30, departments=6)
    builders.run(idp)
    builders.run(idp, "held", error_cause="30 people would lose their access")
    builders.idp("", draft=True)
    return idp


def paths(idp: IdentityProvider) -> list[str]:
    return ["/", "/identity/", f"/identity/{idp.pk}/", "/settings/", "/nothing/"]


def scrolls_sideways(page: Page) -> bool:
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth > "
            "document.documentElement.clientWidth"
        )
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_in_either_theme(
    live_console: LiveConsole,
    administrator: User,
    hangzhou: IdentityProvider,
    axe: Callable[[Page], None],
    complaints: list[str],
    theme: str,
) -> None:
    """Pages' rule 11"""
    User.objects.update(theme=theme)
    for path in paths(hangzhou):
        page = live_console.open(path)
        assert page.get_attribute("html", "data-bs-theme") == theme
        axe(page)
    complaints.clear()  # the 404 itself is one


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_on_the_logon_page(
    live_site: LiveConsole, axe: Callable[[Page], None], theme: str
) -> None:
    live_site.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    axe(live_site.open("/accounts/login/"))


def test_before_anything_is_set_up_axe_is_content_too(
    live_console: LiveConsole, axe: Callable[[Page], None]
) -> None:
    for path in ("/", "/identity/"):
        axe(live_console.open(path))


@pytest.mark.parametrize("width", [320, 390, 768, 899, 900, 1100, 1280])
def test_nothing_scrolls_sideways_at_any_width(
    live_console: LiveConsole,
    hangzhou: IdentityProvider,
    complaints: list[str],
    width: int,
) -> None:
    """U44"""
    live_console.page.set_viewport_size({"width": width, "height": 800})
    for path in [*paths(hangzhou), "/accounts/login/"]:
        assert not scrolls_sideways(live_console.open(path)), path
    complaints.clear()


def test_targets_are_big_enough_for_a_thumb(
    live_console: LiveConsole, hangzhou: IdentityProvider
) -> None:
    """U44: 44 px"""
    live_console.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("/", "/identity/", "/settings/"):
        page = live_console.open(path)
        small = page.eval_on_selector_all(
            "button, summary, .btn, input:not([type=hidden])",
            "all => all.filter(e => e.checkVisibility() && "
            "e.getBoundingClientRect().height < 44).map(e => e.outerHTML)",
        )
        assert small == [], path


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


def test_menus_close_on_escape_and_on_a_click_elsewhere(
    live_console: LiveConsole,
) -> None:
    page = live_console.open("/")
    menu = page.get_by_label("Account alice")
    log_off = page.get_by_role("button", name="Log off")
    menu.click()
    expect(log_off).to_be_visible()
    page.keyboard.press("Tab")
    expect(log_off).to_be_focused()
    page.keyboard.press("Escape")
    expect(log_off).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    page.locator("h1").click()
    expect(log_off).to_be_hidden()


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


def test_the_first_tab_skips_to_the_content(live_console: LiveConsole) -> None:
    page = live_console.open("/identity/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_focus_ring_is_seen_in_both_themes(live_console: LiveConsole) -> None:
    """U51: 3:1 against what is behind it, worked out from the colours themselves."""
    page = live_console.open("/settings/")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.get_by_label("Company name").focus()
        outline, behind = page.evaluate(
            """() => {
              const field = document.activeElement;
              const card = field.closest(".card");
              return [getComputedStyle(field).outlineColor,
                      getComputedStyle(card).backgroundColor];
            }"""
        )
        assert contrast(outline, behind) >= 3, theme


def test_borders_of_fields_are_seen_in_both_themes(live_console: LiveConsole) -> None:
    """WCAG 1.4.11; axe does not look at this."""
    page = live_console.open("/settings/")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        border, behind = page.evaluate(
            """() => {
              const field = document.querySelector("#id_name");
              const card = field.closest(".card");
              return [getComputedStyle(field).borderTopColor,
                      getComputedStyle(card).backgroundColor];
            }"""
        )
        assert contrast(border, behind) >= 3, theme


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours written as rgb(r, g, b)."""

    def luminance(colour: str) -> float:
        numbers = colour.removeprefix("rgb(").removesuffix(")").split(",")
        parts = [int(number) / 255 for number in numbers]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


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


def test_the_rows_of_the_list_are_links(
    live_console: LiveConsole, hangzhou: IdentityProvider
) -> None:
    page = live_console.open("/identity/")
    page.get_by_role("cell", name="DingTalk", exact=True).first.click(
        force=True  # the link lies over the whole row
    )
    expect(page).to_have_url(f"{live_console.url}/identity/{hangzhou.pk}/")


def test_the_admin_keeps_to_the_policy(
    live_console: LiveConsole, administrator: User
) -> None:
    """The strict policy holds for /admin/ too: `complaints` must stay empty."""
    for path in (
        "/admin/",
        "/admin/identity/user/",
        "/admin/identity/user/add/",
        f"/admin/identity/user/{administrator.pk}/change/",
        "/admin/identity/auditevent/",
    ):
        assert live_console.open(path).title().endswith("sasebridge")


def test_a_page_prints_without_its_frame(
    live_console: LiveConsole, hangzhou: IdentityProvider
) -> None:
    """U45"""
    page = live_console.open("/identity/")
    page.emulate_media(media="print")
    expect(page.locator(".sb-top")).to_be_hidden()
    expect(page.locator(".sb-nav")).to_be_hidden()
    expect(page.get_by_text("Hangzhou")).to_be_visible()


def test_the_session_of_a_closed_account_ends_in_the_browser(
    live_console: LiveConsole, administrator: User
) -> None:
    live_console.open("/")
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    page = live_console.open("/settings/")
    expect(page).to_have_url(f"{live_console.url}/accounts/login/?next=/settings/")
    assert Client().get("/").status_code == 302
