"""How the frame looks in a real browser: policy, accessibility, phones, print."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from identity.models import IdentityProvider, User
from tests import builders
from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.browser, pytest.mark.alone]

PHONE = {"width": 390, "height": 844}


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
def test_axe_finds_nothing_to_mend_where_there_is_no_page(
    live_console: LiveConsole,
    administrator: User,
    axe: Callable[[Page], None],
    complaints: list[str],
    theme: str,
) -> None:
    """Pages' rule 11; the pages themselves are in tests/journeys/test_every_page.py."""
    User.objects.update(theme=theme)
    page = live_console.open("/nothing/")
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


def test_the_top_bar_stays_however_long_the_page_is(
    live_console: LiveConsole, hangzhou: IdentityProvider
) -> None:
    """U41: search, language and account stay within reach."""
    live_console.page.set_viewport_size({"width": 1280, "height": 300})
    page = live_console.open(f"/identity/{hangzhou.pk}/edit/")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.evaluate("scrollY") > 600
    top = page.locator(".sb-top").bounding_box()
    assert top
    assert top["y"] == 0


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


def test_the_search_of_a_phone_grows_when_it_is_used(
    live_console: LiveConsole, hangzhou: IdentityProvider
) -> None:
    """U44: also beside the chip of a running synchronization."""
    builders.run(hangzhou, "running")
    live_console.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page = live_console.open("/settings/")
    search = page.locator("#sb-search")
    search.focus()
    box = search.bounding_box()
    assert box
    assert box["width"] > 300
    assert not scrolls_sideways(page)


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
