"""Every page of the console, found by its address: axe in both themes, and phones."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from identity.models import IdentityProvider, User
from tests.journeys.pages import NO_PAGES, PAGES, World, furnished, names
from tests.plugins.browser import SETTLED, LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]
WIDTHS = (390, 320)


@pytest.fixture
def world(transactional_db: None, idp: IdentityProvider) -> World:
    """A company in which no page is empty."""
    return furnished(idp, IdentityProvider.objects.create(kind=idp.kind))


def addresses(world: World) -> list[str]:
    return [address for found in PAGES.values() for address in found(world)]


def test_every_address_is_looked_at_or_has_its_reason() -> None:
    """Pages' rule 11: a new page joins the list, or says why not."""
    assert names() == {*PAGES, *NO_PAGES}
    assert not PAGES.keys() & NO_PAGES.keys()


def test_axe_finds_nothing_to_mend_on_any_page(
    live_console: LiveConsole,
    world: World,
    axe: Callable[[Page], None],
    axe_of_colours: Callable[[Page], None],
) -> None:
    """U42, pages' rule 11: every page in the state that shows most, in both themes."""
    User.objects.update(theme="light")
    live_console.page.emulate_media(reduced_motion="reduce")  # colours change at once
    for address in addresses(world):
        page = live_console.open(address)
        assert page.get_attribute("html", "data-bs-theme") == "light", address
        axe(page)
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        page.evaluate(SETTLED)
        axe_of_colours(page)


def test_no_page_scrolls_sideways_on_a_phone(
    live_console: LiveConsole, world: World
) -> None:
    """U44: at 390 and at 320 px (WCAG 1.4.10)."""
    for address in addresses(world):
        page = live_console.open(address)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate(SETTLED)
            assert wide_parts(page) == [], f"{address} at {width} px"


def wide_parts(page: Page) -> list[str]:
    """What is wider than the window; nothing where the page does not scroll."""
    found: list[str] = page.evaluate(
        """() => {
          const root = document.documentElement;
          if (root.scrollWidth <= root.clientWidth) return [];
          const wide = [...document.querySelectorAll("body *")].filter(
            (one) => one.getBoundingClientRect().right > root.clientWidth + 1);
          return ["it scrolls", ...wide.map((one) => one.outerHTML.slice(0, 120))];
        }"""
    )
    return found
