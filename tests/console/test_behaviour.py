"""console.js on small pages of its own: trees, boxes, counters, toasts."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.browser, pytest.mark.alone]

TREE = """
<ul role="tree" aria-label="Departments">
  <li role="treeitem" tabindex="-1" aria-expanded="true" data-name="Acme" id="acme">
    <button type="button" tabindex="-1" data-toggle>-</button> Acme
    <ul role="group">
      <li role="treeitem" tabindex="-1" aria-expanded="false" data-name="Sales" id="sales">
        <button type="button" tabindex="-1" data-toggle>+</button> Sales
      </li>
      <li role="treeitem" tabindex="-1" data-name="Support" id="support">Support</li>
      <li role="treeitem" tabindex="-1" data-name="工程" id="works">工程</li>
    </ul>
  </li>
</ul>
"""
BOXES = """
<div data-tree>
  <input type="checkbox" value="1" aria-label="Acme">
  <input type="checkbox" value="10" data-parent="1" aria-label="Sales">
  <input type="checkbox" value="11" data-parent="1" aria-label="Support">
  <input type="checkbox" value="100" data-parent="10" aria-label="East">
  <input type="checkbox" value="101" data-parent="10" aria-label="West">
</div>
"""


@pytest.fixture
def blank(live_console: LiveConsole) -> Any:
    """A function that puts markup into a page of the console."""
    live_console.open("/settings/")
    return live_console.put


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_a_tree_has_one_tab_stop_and_the_whole_key_set(blank: Any) -> None:
    """U31"""
    page = blank(TREE)
    assert page.locator('[role=treeitem][tabindex="0"]').count() == 1
    page.locator("#acme").focus()
    walk = [
        ("ArrowDown", "sales"),
        ("ArrowDown", "support"),
        ("ArrowUp", "sales"),
        ("ArrowLeft", "acme"),
        ("ArrowRight", "sales"),
        ("End", "works"),
        ("ArrowDown", "works"),
        ("Home", "acme"),
        ("ArrowUp", "acme"),
    ]
    for key, where in walk:
        page.keyboard.press(key)
        assert focused(page) == where, key
    assert page.locator('[role=treeitem][tabindex="0"]').count() == 1


def test_right_opens_and_left_closes_a_branch(blank: Any) -> None:
    """U31"""
    page = blank(TREE)
    page.evaluate(
        """() => document.addEventListener("click", (event) => {
          if (event.target.matches("[data-toggle]"))
            event.target.closest("[role=treeitem]").dataset.toggled = "yes";
        })"""
    )
    page.locator("#sales").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#sales")).to_have_attribute("data-toggled", "yes")
    page.locator("#acme").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#acme")).to_have_attribute("data-toggled", "yes")


def test_typing_finds_a_department(blank: Any) -> None:
    """U31: type-ahead; the same letter again goes on to the next."""
    page = blank(TREE)
    page.locator("#acme").focus()
    page.keyboard.press("s")
    assert focused(page) == "sales"
    page.wait_for_timeout(800)
    page.keyboard.press("s")
    assert focused(page) == "support"
    page.wait_for_timeout(800)
    page.keyboard.type("sa")
    assert focused(page) == "sales"


def state(page: Page, label: str) -> str:
    box = page.get_by_label(label)
    if box.evaluate("box => box.indeterminate"):
        return "some"
    return "all" if box.is_checked() else "none"


def test_a_ticked_department_covers_what_is_under_it(blank: Any) -> None:
    """U08"""
    page = blank(BOXES)
    page.get_by_label("Sales").check()
    assert [state(page, name) for name in ("East", "West")] == ["all", "all"]
    assert state(page, "Support") == "none"
    assert state(page, "Acme") == "some"


def test_a_part_taken_out_unticks_what_is_above_it(blank: Any) -> None:
    """U08"""
    page = blank(BOXES)
    page.get_by_label("Acme").check()
    page.get_by_label("West").uncheck()
    assert state(page, "Acme") == "some"
    assert state(page, "Sales") == "some"
    assert state(page, "East") == "all"
    assert state(page, "Support") == "all"
    page.get_by_label("East").uncheck()
    assert state(page, "Sales") == "none"


def test_a_branch_that_arrives_later_takes_its_departments_tick(blank: Any) -> None:
    """U08"""
    page = blank(BOXES.replace('value="10"', 'value="10" checked'))
    assert [state(page, name) for name in ("East", "West")] == ["all", "all"]
    assert state(page, "Acme") == "some"


def test_a_counter_counts_characters(blank: Any) -> None:
    """S094: characters, not bytes or UTF-16 units."""
    page = blank(
        '<input id="field" maxlength="100" aria-label="Field" value="钉钉">'
        '<output data-count="field"></output>'
    )
    counter = page.locator("output")
    expect(counter).to_have_text("2/100")
    page.get_by_label("Field").fill("钉钉𠮷a")
    expect(counter).to_have_text("4/100")


def test_toasts_stand_three_deep_and_leave(blank: Any) -> None:
    """U40"""
    page = blank("")
    page.evaluate(
        """() => { for (const words of ["one", "two", "three", "four"])
          document.dispatchEvent(new CustomEvent("sb:toast", { detail: words })); }"""
    )
    toasts = page.locator("#toasts .sb-notice")
    expect(toasts).to_have_text(["two", "three", "four"])
    expect(page.locator("#toasts")).to_have_attribute("role", "status")
    toasts.nth(0).hover()
    page.wait_for_timeout(5500)
    expect(toasts).to_have_text(["two"])


def test_a_part_that_cannot_be_fetched_says_so_in_place_and_once(
    blank: Any, complaints: list[str]
) -> None:
    """U40: an error is never only a toast."""
    page = blank('<button type="button" id="ask" hx-get="/nothing/">Ask</button>')
    page.evaluate("htmx.process(document.querySelector('#ask'))")
    for _ in range(2):
        with page.expect_response("**/nothing/"):
            page.get_by_role("button", name="Ask").click()
    alert = page.get_by_role("alert")
    expect(alert).to_have_count(1)
    expect(alert).to_contain_text("could not be fetched")
    complaints.clear()  # the 404 itself
