"""Synchronization Settings in a real browser: search, the chosen list, the fields."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, User
from tests import builders
from tests.identity.conftest import page as address
from tests.journeys.walking import tab_to
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_walk_of_another_test() -> None:
    cache.clear()


@pytest.fixture
def deep(simulator: Simulator) -> str:
    """The id of a department three levels below what the page opens."""
    team = simulator.company.add_department("Team Nine", 501001)
    return str(simulator.company.add_department("Night Watch", team.id).id)


@pytest.fixture
def synced(tested: IdentityProvider, simulator: Simulator) -> IdentityProvider:
    """With counts of the simulated departments, as a synchronization stores them."""
    company = simulator.company
    root = builders.department(tested, "1", "Acme")
    top = builders.department(tested, "501001", company.departments[501001].name, root)
    builders.employee(tested, "ann", departments=[top])
    builders.employee(tested, "bob", departments=[root])
    builders.recount(tested)
    return tested


def chosen(page: Page) -> Locator:
    return page.locator("[data-chosen] li")


def sent(page: Page) -> list[str]:
    """The departments that the form would send now."""
    found: list[str] = page.evaluate(
        "new FormData(document.getElementById('sync-form')).getAll('departments')"
    )
    return found


def partially(page: Page) -> None:
    page.get_by_text("Partially Synchronize").click()
    page.locator("[data-tree]").scroll_into_view_if_needed()
    expect(page.locator(".sb-node")).to_have_count(1)


def test_a_department_is_sought_chosen_seen_and_removed(
    live_console: LiveConsole, tested: IdentityProvider, deep: str
) -> None:
    """U08, U32: its way is shown; the tree takes over once its branch is open."""
    page = live_console.open(address(tested, "sync"))
    partially(page)
    page.fill("#department-q", "night")
    hit = page.locator("[data-hit]")
    expect(hit).to_have_count(1)
    expect(hit).to_contain_text("› Team Nine")
    hit.get_by_role("button", name="Choose").click()
    expect(hit.get_by_role("button", name="Chosen Night Watch")).to_be_visible()
    expect(chosen(page)).to_contain_text(["Night Watch"])
    expect(chosen(page)).to_contain_text(["› Team Nine"])
    assert sent(page) == [deep]

    root = page.locator("[data-tree] > ul > li > .sb-node")
    assert root.get_by_role("checkbox").evaluate("box => box.indeterminate")
    root.locator("summary").click()
    page.locator(".sb-node:has(#dept-501001) summary").click()
    team = page.get_by_role("checkbox", name="Team Nine")
    expect(team).not_to_be_checked()
    assert team.evaluate("box => box.indeterminate")
    assert sent(page) == [deep]
    team.check()
    expect(chosen(page)).to_have_count(1)
    expect(chosen(page)).to_contain_text(["Team Nine"])
    expect(hit.get_by_role("button", name="Included Night Watch")).to_be_visible()
    page.get_by_role("button", name="Remove Team Nine").click()
    expect(chosen(page)).to_have_count(0)
    expect(team).not_to_be_checked()
    assert not root.get_by_role("checkbox").evaluate("box => box.indeterminate")
    assert sent(page) == []


@pytest.fixture
def kept(tested: IdentityProvider, deep: str) -> IdentityProvider:
    """With a stored choice: a department that no open branch shows, and a visible one."""
    way = {"path": ["1"], "names": ["Acme"]}
    tested.scope, tested.departments = "partial", [deep, "501002"]
    tested.department_labels = {
        deep: {"name": "Night Watch", **way},
        "501002": {"name": "Second", **way},
    }
    tested.save()
    return tested


def test_U08_what_was_removed_stays_removed_when_its_branch_is_opened(
    live_console: LiveConsole, kept: IdentityProvider, deep: str
) -> None:
    page = live_console.open(address(kept, "sync"))
    partially(page)
    for name in ("Night Watch", "Second"):
        page.get_by_role("button", name=f"Remove {name}").click()
    page.locator("[data-tree] > ul > li > .sb-node summary").click()
    page.locator(".sb-node:has(#dept-501001) summary").click()
    page.get_by_label("Sub-departments of Team Nine").click()
    expect(page.locator(f"#dept-{deep}")).not_to_be_checked()
    expect(page.locator("#dept-501002")).not_to_be_checked()
    expect(chosen(page)).to_have_count(0)
    assert sent(page) == []


def test_U08_a_branch_below_a_ticked_department_is_ticked_whatever_is_stored(
    live_console: LiveConsole, kept: IdentityProvider, deep: str
) -> None:
    page = live_console.open(address(kept, "sync"))
    partially(page)
    page.locator("[data-tree] > ul > li > .sb-node summary").click()
    page.locator("#dept-501001").check()
    page.get_by_role("button", name="Remove Night Watch").click()
    page.locator(".sb-node:has(#dept-501001) summary").click()
    expect(page.get_by_role("checkbox", name="Team Nine")).to_be_checked()
    page.get_by_label("Sub-departments of Team Nine").click()
    expect(page.locator(f"#dept-{deep}")).to_be_checked()
    expect(chosen(page)).to_have_count(2)


def test_I85_a_refused_page_keeps_what_was_unticked(
    live_console: LiveConsole, kept: IdentityProvider, complaints: list[str]
) -> None:
    """Refused for its empty choice (422), then for a save in between (409)."""
    page = live_console.open(address(kept, "sync"))
    partially(page)
    page.locator("[data-tree] > ul > li > .sb-node summary").click()
    page.locator("#dept-501002").uncheck()
    page.get_by_role("button", name="Remove Night Watch").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#problems")).to_contain_text("No department is chosen")
    page.locator("[data-tree]").scroll_into_view_if_needed()
    page.locator("[data-tree] > ul > li > .sb-node summary").click()
    expect(page.locator("#dept-501002")).not_to_be_checked()
    page.locator("#dept-501001").check()
    kept.refresh_from_db()
    kept.scope, kept.departments = "all", ["501002"]
    kept.save()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#messages")).to_contain_text("Somebody else saved")
    page.locator("[data-tree]").scroll_into_view_if_needed()
    page.locator("[data-tree] > ul > li > .sb-node summary").click()
    expect(page.locator("#dept-501001")).to_be_checked()
    expect(page.locator("#dept-501002")).not_to_be_checked()
    expect(chosen(page)).to_have_count(1)
    complaints.clear()  # the browser's own lines about 422 and 409


def test_I85_back_shows_the_settings_as_stored_and_not_as_chosen_before(
    live_console: LiveConsole, tested: IdentityProvider
) -> None:
    page = live_console.open(address(tested, "sync"))
    page.on("dialog", lambda dialog: dialog.accept())  # it asks before it leaves
    page.locator("[name='source.name']").first.select_option("nickname")
    page.get_by_text("Partially Synchronize").click()
    page.goto(live_console.url + "/identity/")
    page.go_back()
    expect(page.get_by_role("radio", name="Synchronize All")).to_be_checked()
    expect(page.locator("[name='source.name']").first).to_have_value("name")


def test_U08_the_sum_follows_each_tick(
    live_console: LiveConsole, synced: IdentityProvider
) -> None:
    page = live_console.open(address(synced, "sync"))
    expect(page.locator("#effect")).to_contain_text("2 departments, 2 people in")
    partially(page)
    expect(page.locator("#effect")).to_contain_text("Nothing is chosen")
    page.locator(".sb-node summary").click()
    page.locator("#dept-501001").check()
    expect(page.locator("#effect")).to_contain_text("1 department, 1 person in")
    expect(page.locator("#effect")).to_contain_text("1 who is active now would go")
    expect(chosen(page)).to_contain_text(["1 person"])
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#effect")).to_contain_text("Nothing is chosen")


def test_U51_search_and_choice_by_keys_alone(
    live_console: LiveConsole, tested: IdentityProvider, deep: str
) -> None:
    """Enter in the search seeks and does not confirm; the focus is never lost."""
    page = live_console.open(address(tested, "sync"))
    partially(page)
    tab_to(page, page.locator("#department-q"))
    page.keyboard.type("night")
    page.keyboard.press("Enter")
    choose = page.locator("[data-hit] button")
    tab_to(page, choose)
    page.keyboard.press("Enter")
    expect(chosen(page)).to_have_count(1)
    expect(choose).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Remove Night Watch"))
    page.keyboard.press("Space")
    expect(chosen(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="Chosen")).to_be_focused()
    tested.refresh_from_db()
    assert tested.is_draft


@pytest.mark.alone
def test_the_cost_of_a_detail_field_follows_the_choice(
    live_console: LiveConsole, synced: IdentityProvider
) -> None:
    page = live_console.open(address(synced, "sync"))
    cost, manager = (
        page.locator("#mapping-cost"),
        page.get_by_label("Manager", exact=True),
    )
    expect(page.locator("#sample-state")).to_contain_text("Read from")
    expect(cost).to_be_empty()
    row = page.locator("[data-row]", has=manager)
    manager.select_option("manager_userid")
    expect(cost).to_contain_text("2 more calls")
    expect(row.locator("[data-costly]")).to_be_visible()
    expect(row.locator("span[data-of]")).to_have_text("8 of 10")
    partially(page)
    page.locator(".sb-node summary").click()
    page.locator("#dept-501001").check()
    expect(cost).to_contain_text("1 more call")
    manager.select_option("")
    expect(cost).to_be_empty()
    expect(row.locator("[data-costly]")).to_be_hidden()


@pytest.mark.alone
def test_the_fill_rate_follows_both_sources(
    live_console: LiveConsole, tested: IdentityProvider, simulator: Simulator
) -> None:
    """U09."""
    for number, person in enumerate(simulator.company.people.values()):
        person.title = "Boss" if number % 2 else ""
        person.job_number = "" if number % 2 else "J1"
    page = live_console.open(address(tested, "sync"))
    title = page.get_by_label("Title", exact=True)
    row = page.locator("[data-row]", has=title)
    expect(row).to_contain_text("Boss")
    expect(row.locator("[data-filled]")).not_to_have_text("100 %")
    page.get_by_label("Title, if that is blank").select_option("job_number")
    expect(row.locator("[data-filled]")).to_have_text("100 %")
    title.select_option("nickname")
    expect(row.locator("[data-sample]")).to_have_text("J1")
    expect(row.get_by_text("from the field for blanks")).to_be_visible()


@pytest.mark.alone
def test_S131_a_field_that_lost_its_row_can_be_added_again(
    live_console: LiveConsole, tested: IdentityProvider
) -> None:
    page = live_console.open(address(tested, "sync"))
    expect(page.locator("#sample-state")).to_contain_text("Read from")
    view = page.get_by_role("button", name="View Extended Fields")
    view.click()
    add = page.get_by_role("button", name="Add CostCentre")
    add.click()
    expect(page.locator("#extended-added")).to_contain_text("as CostCentre")
    expect(add).to_be_hidden()
    page.keyboard.press("Escape")
    expect(view).to_be_focused()
    page.get_by_role("button", name="Remove CostCentre").click()
    expect(page.locator("[name=custom_name]")).to_have_count(0)
    view.click()
    expect(add).to_be_visible()
    add.click()
    expect(page.locator("[name=custom_name]")).to_have_value("CostCentre")


@pytest.mark.alone
def test_S131_the_list_says_why_the_sample_is_missing_and_tries_again(
    live_console: LiveConsole, tested: IdentityProvider, simulator: Simulator
) -> None:
    rule = simulator.faults.add("banned_page", "/topapi/v2/user/list")
    page = live_console.open(address(tested, "sync"))
    page.get_by_role("button", name="View Extended Fields").click()
    fields = page.locator("#extended")
    expect(fields).to_contain_text("The sample could not be read")
    simulator.faults.remove(rule)
    fields.get_by_role("button", name="Try again").click()
    expect(fields.get_by_role("button", name="Add CostCentre")).to_be_visible()
    expect(fields).not_to_contain_text("could not be read")


@pytest.mark.alone
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_in_any_state(
    live_console: LiveConsole,
    synced: IdentityProvider,
    deep: str,
    axe: Callable[[Page], None],
    theme: str,
) -> None:
    User.objects.update(theme=theme)
    page = live_console.open(address(synced, "sync"))
    expect(page.locator("#sample-state")).to_contain_text("Read from")
    partially(page)
    page.locator(".sb-node summary").click()
    page.locator("#dept-501001").check()
    page.fill("#department-q", "a")
    expect(page.locator("[data-hit]").first).to_be_visible()
    page.get_by_label("Manager", exact=True).select_option("manager_userid")
    expect(page.locator("#mapping-cost")).to_contain_text("more call")
    axe(page)
    page.get_by_role("button", name="View Extended Fields").click()
    expect(page.get_by_role("button", name="Add Nickname")).to_be_visible()
    axe(page)


@pytest.mark.alone
@pytest.mark.parametrize("width", [390, 320])
def test_U44_nothing_scrolls_sideways_on_a_phone(
    live_console: LiveConsole, synced: IdentityProvider, width: int
) -> None:
    live_console.page.set_viewport_size({"width": width, "height": 640})
    page = live_console.open(address(synced, "sync"))
    partially(page)
    page.locator(".sb-node summary").click()
    page.locator("#dept-501001").check()
    page.fill("#department-q", "a")
    expect(page.locator("[data-hit]").first).to_be_visible()
    page.get_by_label("Manager", exact=True).select_option("manager_userid")
    expect(page.locator("#mapping-cost")).to_contain_text("more call")
    for opened in (False, True):
        if opened:
            page.get_by_role("button", name="View Extended Fields").click()
        element = (
            "document.getElementById('extended')"
            if opened
            else ("document.documentElement")
        )
        assert page.evaluate(f"{element}.scrollWidth - {element}.clientWidth") == 0


@pytest.fixture
def plain(browser: Browser, live_server: object) -> Iterator[Page]:
    """A browser without script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_U46_search_and_choice_without_script(
    plain: Page,
    live_server: Client,
    administrator: User,
    tested: IdentityProvider,
    deep: str,
) -> None:
    page = plain
    page.goto(f"{live_server}{address(tested, 'sync')}")
    page.fill("[name=username]", administrator.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.get_by_role("radio", name="Partially Synchronize").check()
    page.fill("#department-q", "night")
    page.press("#department-q", "Enter")
    expect(page.locator("[data-hit]")).to_contain_text("› Team Nine")
    page.get_by_role("button", name="Choose Night Watch").click()
    expect(chosen(page)).to_contain_text(["Night Watch"])
    page.locator("[data-chosen]").get_by_role("button", name="Remove").click()
    expect(chosen(page)).to_have_count(0)
    page.get_by_role("button", name="Choose Night Watch").click()
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/sync/runs/*/")
    tested.refresh_from_db()
    assert tested.departments == [deep]
