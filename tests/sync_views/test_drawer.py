"""A person beside the list: where there is room, by an address, and away again."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from sync.models import Department, Employee
from tests import builders
from tests.plugins.browser import SETTLED, LiveConsole
from tests.sync_views.reading import links, read, words

HERE = reverse("sync:directory")
HELD_UP = """(address) => {
  const { open, send } = XMLHttpRequest.prototype;
  const waiting = [];
  window.release = () => waiting.forEach((go) => go());
  XMLHttpRequest.prototype.open = function (method, url) {
    this.late = url.includes(address);
    return open.apply(this, arguments);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (!this.late) return send.call(this, body);
    waiting.push(() => send.call(this, body));
  };
}"""
"""Requests for an address wait in the browser until `release()`."""


def drawer(client: Client, address: str) -> str:
    """The drawer alone, as htmx asks for it."""
    return read(client, address, **{"HX-Request": "true", "HX-Target": "drawer"})


@pytest.mark.django_db
def test_drawer_and_page_tell_the_same_of_a_person(
    console: Client, root: Department, person: Employee
) -> None:
    beside = words(drawer(console, f"{HERE}?idp={root.idp_id}&user={person.pk}"))
    page = words(read(console, reverse("sync:employee", args=[person.pk])))
    for text in ("张三丰", "13900001111", "Wudang", "Acme 集团", "First seen"):
        assert text in beside
        assert text in page


@pytest.mark.django_db
def test_the_drawer_keeps_the_filters_in_the_way_back(
    console: Client, root: Department, person: Employee
) -> None:
    query = f"idp={root.idp_id}&dept={root.pk}&sub=1&q=zsf"
    close = links(drawer(console, f"{HERE}?{query}&user={person.pk}"))
    assert f"{HERE}?{query}" in close
    assert drawer(console, f"{HERE}?{query}") == ""


@pytest.mark.django_db
def test_a_person_of_another_idp_is_not_beside_this_list(
    console: Client, root: Department
) -> None:
    other = builders.employee(builders.idp("Other"), "o", "Olga")
    headers = {"HX-Request": "true", "HX-Target": "drawer"}
    address = f"{HERE}?idp={root.idp_id}&user={other.pk}"
    assert console.get(address, headers=headers).status_code == 404


@pytest.mark.django_db
def test_staff_see_no_whole_mobile_in_the_drawer(
    staff_console: Client, root: Department, person: Employee
) -> None:
    shown = drawer(staff_console, f"{HERE}?idp={root.idp_id}&user={person.pk}")
    assert "139****1111" in shown
    assert "13900001111" not in shown


@pytest.mark.django_db
def test_without_script_the_address_of_a_person_offers_the_page(
    console: Client, root: Department, person: Employee
) -> None:
    """U46."""
    source = read(console, f"{HERE}?idp={root.idp_id}&user={person.pk}")
    assert reverse("sync:employee", args=[person.pk]) in links(source)
    assert "Open this person's page" in words(source)


@pytest.fixture
def wide(live_staff_console: LiveConsole, root: Department) -> Page:
    """The list on a wide screen."""
    live_staff_console.page.set_viewport_size({"width": 1440, "height": 900})
    return live_staff_console.open(f"{HERE}?idp={root.idp_id}&dept={root.pk}")


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_a_click_opens_it_escape_closes_it_and_the_focus_comes_and_goes(
    wide: Page,
) -> None:
    link = wide.locator("a[data-person]").nth(1)
    name = link.inner_text()
    link.click()
    title = wide.locator("#drawer-title")
    expect(title).to_have_text(name)
    expect(title).to_be_focused()
    key = link.get_attribute("data-person")
    expect(wide).to_have_url(re.compile(rf"dept=\d+&user={key}$"))
    wide.keyboard.press("Escape")
    expect(wide.locator("#drawer")).to_be_empty()
    expect(link).to_be_focused()
    expect(wide).to_have_url(re.compile(r"dept=\d+$"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_back_closes_it_and_its_address_opens_the_same_view(
    wide: Page, live_staff_console: LiveConsole
) -> None:
    """U33."""
    link = wide.locator("a[data-person]").first
    name = link.inner_text()
    link.click()
    expect(wide.locator("#drawer-title")).to_have_text(name)
    address = wide.url
    wide.go_back()
    expect(wide.locator("#drawer-title")).to_have_count(0)
    wide.goto(address)
    expect(wide.locator("#drawer-title")).to_have_text(name)
    expect(wide.locator("#pane h2")).to_have_text("Acme 集团")
    assert wide.url == address
    wide.get_by_role("tree").get_by_text("Department 1 部").click()
    expect(wide.locator("#pane h2")).to_have_text("Department 1 部")
    expect(wide.locator("#drawer")).to_be_empty()
    expect(wide).not_to_have_url(re.compile("user="))


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_of_two_quick_clicks_the_last_one_is_shown_and_a_double_click_is_one_step(
    wide: Page,
) -> None:
    first, second = (wide.locator("a[data-person]").nth(place) for place in (0, 1))
    key, name = second.get_attribute("data-person"), second.inner_text()
    wide.evaluate(HELD_UP, f"user={first.get_attribute('data-person')}")
    first.click()
    second.click()
    expect(wide.locator("#drawer-title")).to_have_text(name)
    with wide.expect_response(re.compile("user=")):
        wide.evaluate("release()")
    wide.wait_for_load_state("networkidle")
    expect(wide.locator("#drawer-title")).to_have_text(name)
    expect(wide).to_have_url(re.compile(f"user={key}$"))
    steps = wide.evaluate("history.length")
    second.dblclick()
    expect(wide.locator("#drawer-title")).to_be_focused()
    assert wide.evaluate("history.length") == steps


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_escape_gives_up_a_person_who_is_still_on_the_way(wide: Page) -> None:
    link = wide.locator("a[data-person]").first
    wide.evaluate(HELD_UP, f"user={link.get_attribute('data-person')}")
    link.click()
    wide.keyboard.press("Escape")
    with wide.expect_response(re.compile("user=")):
        wide.evaluate("release()")
    wide.wait_for_load_state("networkidle")
    expect(wide.locator("#drawer")).to_be_empty()


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_back_and_escape_after_a_direct_visit_bring_the_focus_to_the_name(
    wide: Page,
) -> None:
    link = wide.locator("a[data-person]").nth(1)
    link.click()
    expect(wide.locator("#drawer-title")).to_be_focused()
    address = wide.url
    wide.go_back()
    expect(link).to_be_focused()
    wide.goto(address)
    expect(wide.locator("#drawer-title")).to_be_visible()
    wide.keyboard.press("Escape")
    expect(link).to_be_focused()


@pytest.mark.django_db
def test_the_address_of_a_person_on_a_later_page_keeps_the_page(
    console: Client, root: Department, person: Employee
) -> None:
    """U33."""
    here = f"{HERE}?idp={root.idp_id}&after=somewhere&user={person.pk}"
    fetched = re.search(r'hx-get="([^"]+)" hx-trigger="load"', read(console, here))
    assert fetched
    assert "after=somewhere" in fetched[1]


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_enter_and_a_narrow_screen_open_the_page(wide: Page) -> None:
    here = wide.url
    wide.locator("a[data-person]").first.press("Enter")
    wide.wait_for_url("**/directory/u/*/")
    wide.goto(here)
    wide.set_viewport_size({"width": 1100, "height": 800})
    wide.locator("a[data-person]").first.click()
    wide.wait_for_url("**/directory/u/*/")


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390, 320])
def test_axe_finds_nothing_in_it_and_no_page_scrolls_sideways(
    live_console: LiveConsole,
    root: Department,
    person: Employee,
    axe: Callable[[Page], None],
    theme: str,
    width: int,
) -> None:
    live_console.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    live_console.page.set_viewport_size({"width": width, "height": 800})
    for query in (f"user={person.pk}", "q=三&title=Grandmaster&status=any"):
        page = live_console.open(f"{HERE}?idp={root.idp_id}&{query}")
        if "user" in query:
            expect(page.locator("#drawer-title")).to_be_visible()
        else:
            page.locator(".sb-more-filters > summary").click()
        axe(page)
        overflow = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(overflow) <= 0


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_the_filters_open_inside_the_window_at_every_width(wide: Page) -> None:
    summary = wide.locator(".sb-more-filters > summary")
    for width in (1440, 1280, 1100, 992, 991, 768, 600, 390, 320):
        wide.set_viewport_size({"width": width, "height": 800})
        summary.click()
        wide.evaluate(SETTLED)
        box = wide.locator(".sb-more-panel").bounding_box()
        assert box
        assert box["x"] >= 0, width
        assert box["x"] + box["width"] <= width, width
        summary.click()
