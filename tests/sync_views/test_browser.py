"""The directory in a real browser: keys, branches in place, back and forward, axe."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from sync.models import Department, Employee, SyncRun
from tests import builders
from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
HERE = reverse("sync:directory")


@pytest.fixture
def root(db: None) -> Department:
    """A company of 60 people with three levels of departments."""
    idp = builders.idp()
    root = builders.company(idp, people=60, departments=14, fanout=3)
    builders.employee(idp, "evil", "<img src=x onerror=alert(1)>", [root])
    return root


def focused(page: Page) -> str:
    """The name of the tree item that has the focus."""
    return str(page.evaluate("document.activeElement.dataset.name"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_keys_alone_open_three_levels_choose_a_department_and_read_its_people(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U31: Up, Down, Left, Right, Home, End, letters, one stop for Tab."""
    page = live_staff_console.open(HERE)
    tree = page.get_by_role("tree")
    expect(tree.locator('[tabindex="0"]')).to_have_count(1)
    tree.locator('[tabindex="0"]').focus()
    assert focused(page) == "Acme 集团"

    press(page, "ArrowRight")
    assert focused(page) == "Department 1 部"
    press(page, "ArrowRight")
    expect(tree.get_by_text("Department 4 部")).to_be_visible()
    press(page, "ArrowRight")
    assert focused(page) == "Department 4 部"
    press(page, "ArrowRight")
    expect(tree.get_by_text("Department 13 部")).to_be_visible()
    expect(tree.locator(".htmx-added")).to_have_count(0)
    press(page, "ArrowDown")
    assert focused(page) == "Department 13 部"
    press(page, "Enter")

    heading = page.locator("#pane h2")
    expect(heading).to_have_text("Department 13 部")
    chosen = Department.objects.get(source_id="513")
    expect(page).to_have_url(re.compile(f"dept={chosen.pk}"))
    expect(page).to_have_title("Department 13 部 · sasebridge")
    expect(tree.locator('[aria-selected="true"]')).to_have_attribute(
        "id", f"dept-{chosen.pk}"
    )
    assert focused(page) == "Department 13 部"

    press(page, "ArrowLeft")
    assert focused(page) == "Department 4 部"
    press(page, "ArrowLeft")
    expect(tree.get_by_text("Department 13 部")).to_be_hidden()
    press(page, "End")
    assert focused(page) == "Department 3 部"
    press(page, "Home")
    assert focused(page) == "Acme 集团"


@pytest.mark.alone
def test_a_branch_that_could_not_be_fetched_stays_closed_and_can_be_tried_again(
    live_staff_console: LiveConsole, root: Department, complaints: list[str]
) -> None:
    page = live_staff_console.open(HERE)
    item = page.locator('[data-name="Department 1 部"]')
    page.route("**/branch/**", lambda route: route.abort())
    item.locator("[data-toggle]").first.click()
    expect(item).to_have_attribute("aria-expanded", "false")
    page.unroute("**/branch/**")
    complaints.clear()
    item.locator("[data-toggle]").first.click()
    expect(page.get_by_role("tree").get_by_text("Department 4 部")).to_be_visible()


def test_back_and_forward_show_what_was_shown_and_the_tree_keeps_one_tab_stop(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U33."""
    page = live_staff_console.open(HERE)
    heading = page.locator("#pane h2")
    for name in ("Department 1 部", "Department 2 部"):
        page.get_by_role("tree").get_by_text(name).click()
        expect(heading).to_have_text(name)
    page.go_back()
    expect(heading).to_have_text("Department 1 部")
    page.go_forward()
    expect(heading).to_have_text("Department 2 部")
    page.reload()
    expect(heading).to_have_text("Department 2 部")
    expect(page.get_by_role("tree").locator('[tabindex="0"]')).to_have_count(1)


def test_typing_searches_and_leaves_the_focus_in_the_field(
    live_staff_console: LiveConsole, root: Department
) -> None:
    page = live_staff_console.open(HERE)
    field = page.locator("#dir-q")
    field.press_sequentially("user7@")
    expect(page.locator("#pane h2")).to_have_text("Search: user7@")
    expect(page.locator(".sb-people tbody tr")).to_have_count(1)
    expect(field).to_be_focused()
    expect(page).to_have_url(re.compile("q=user7"))
    expect(page.get_by_role("tree").locator('[aria-selected="true"]')).to_have_count(0)


def test_a_search_keeps_the_filters_that_are_on_typed_or_sent(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U34."""
    page = live_staff_console.open(f"{HERE}?title=Engineer")
    page.locator(".sb-choices").get_by_text("Any status").click()
    expect(page.locator(".sb-chips li")).to_have_count(1)
    field = page.locator("#dir-q")
    for text, sent in (("user7", False), ("user8", True)):
        field.fill(text)
        if sent:
            field.press("Enter")
        expect(page.locator(".sb-pane-title")).to_have_text(f"Search: {text}")
        expect(page.locator(".sb-chips li")).to_have_count(2)
        expect(page).to_have_url(re.compile("(?=.*title=Engineer)(?=.*status=any)"))


def test_whoever_pages_goes_on_at_the_new_list(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U51: a link that the answer replaced hands the focus to the new heading."""
    page = live_staff_console.open(HERE)
    page.get_by_role("link", name="Next").press("Enter")
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    expect(page.locator("#pane h2")).to_be_focused()


def test_a_branch_shows_the_next_200_in_place(
    live_staff_console: LiveConsole, root: Department
) -> None:
    builders.teams(root, 250)
    page = live_staff_console.open(HERE)
    tree = page.get_by_role("tree")
    expect(tree.get_by_role("treeitem")).to_have_count(202)
    tree.get_by_text("Show 200 more").click()
    expect(tree.get_by_role("treeitem")).to_have_count(254)
    expect(tree.get_by_text("Show 200 more")).to_have_count(0)


def test_a_run_counts_up_ends_by_itself_and_stops_asking(
    live_console: LiveConsole, root: Department
) -> None:
    """U20."""
    run = builders.run(
        root.idp, "running", stage="fetch", employees_read=10, departments_seen=14
    )
    page = live_console.open(reverse("sync:run", args=[run.pk]))
    expect(page.get_by_text("10 of about 60 people")).to_be_visible()
    SyncRun.objects.filter(pk=run.pk).update(employees_read=42)
    expect(page.get_by_text("42 of about 60 people")).to_be_visible()
    SyncRun.objects.filter(pk=run.pk).update(state="success", counts={"created": 3})
    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    expect(page.get_by_text("People joined")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    live = reverse("sync:progress", args=[run.pk])
    assert not [url for url in asked if url.endswith(live)]


def test_cancel_is_a_button_that_works(
    live_console: LiveConsole, root: Department
) -> None:
    run = builders.run(root.idp, "running", stage="fetch")
    page = live_console.open(reverse("sync:run", args=[run.pk]))
    page.get_by_role("button", name="Cancel this run").click()
    expect(page.get_by_text("Cancelling")).to_be_visible()
    run.refresh_from_db()
    assert run.cancel_requested


@pytest.fixture
def places(root: Department) -> list[str]:
    """A page of each kind."""
    idp = root.idp
    person = Employee.objects.filter(idp=idp).order_by("pk")[10]
    held = builders.run(idp, "held", held_because=[{"reason": "people", "count": 9}])
    builders.change(held, "employee", "remove", person.userid, applied=False)
    done = builders.run(idp, "partial", counts={"updated": 1}, faults=[{"where": "5"}])
    builders.change(
        done,
        "employee",
        "update",
        person.userid,
        before={"title": "A"},
        after={"title": "B"},
    )
    running = builders.run(idp, "running", stage="fetch", departments_seen=14)
    return [
        HERE,
        f"{HERE}?dept={root.pk}&sub=1",
        f"{HERE}?dept={root.pk}&tab=departments",
        f"{HERE}?q=部",
        f"{HERE}?q=nobody",
        reverse("sync:employee", args=[person.pk]),
        reverse("sync:runs"),
        *(reverse("sync:run", args=[r.pk]) for r in (held, done, running)),
    ]


@pytest.mark.alone
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(
    live_console: LiveConsole,
    places: list[str],
    axe: Callable[[Page], None],
    theme: str,
) -> None:
    live_console.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for place in places:
        axe(live_console.open(place))


@pytest.mark.alone
@pytest.mark.parametrize("width", [320, 390, 850, 1000, 1280])
def test_no_page_scrolls_sideways(
    live_console: LiveConsole, places: list[str], width: int
) -> None:
    """U44."""
    live_console.page.set_viewport_size({"width": width, "height": 800})
    for place in places:
        page = live_console.open(place)
        overflow = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(overflow) <= 0, place


def test_without_script_the_main_path_works(
    live_site: LiveConsole, staff: object, root: Department, browser: object
) -> None:
    """U46: tree, filters, people and pages are links."""
    live_site.log_on(staff)  # type: ignore[arg-type]
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    context.add_cookies(live_site.page.context.cookies())
    page = context.new_page()
    page.goto(live_site.url + HERE)
    page.get_by_role("tree").get_by_text("Department 2 部").click()
    expect(page.locator("#pane h2")).to_have_text("Department 2 部")
    expect(page.get_by_role("tree").get_by_text("Department 7 部")).to_be_visible()
    page.get_by_role("link", name="With sub-departments", exact=True).click()
    page.locator(".sb-people .sb-row-link").first.click()
    expect(page.get_by_role("heading", name="Information")).to_be_visible()
    context.close()


def test_star_opens_the_siblings_with_one_request_and_the_keys_go_on(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U31."""
    page = live_staff_console.open(HERE)
    tree = page.get_by_role("tree")
    tree.locator('[tabindex="0"]').focus()
    press(page, "ArrowRight")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    press(page, "*")
    for number in (4, 7, 10):
        expect(tree.get_by_text(f"Department {number} 部")).to_be_visible()
    assert len([url for url in asked if "/branches/" in url]) == 1
    assert focused(page) == "Department 1 部"
    expect(tree.locator(".htmx-added")).to_have_count(0)
    press(page, "ArrowDown")
    assert focused(page) == "Department 4 部"
    expect(tree.locator('[tabindex="0"]')).to_have_count(1)


def test_star_opens_nothing_where_more_than_500_would_appear(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U36: it says so in words, too."""
    Department.objects.filter(idp=root.idp, depth=1).update(children=200)
    page = live_staff_console.open(HERE)
    page.get_by_role("tree").locator('[tabindex="0"]').focus()
    press(page, "ArrowRight", "*")
    expect(page.get_by_role("status").filter(has_text="one by one")).to_be_visible()
    expect(page.locator('[data-name="Department 1 部"]')).to_have_attribute(
        "aria-expanded", "false"
    )


def test_letters_find_an_item_by_name_and_by_the_sound_of_a_chinese_one(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U31, U32: the same letter again goes on to the next."""
    builders.department(root.idp, "900", "华东销售部", root, order=7)
    builders.department(root.idp, "901", "华南", root, order=8)
    builders.department(root.idp, "902", "Legal", root, order=9)
    page = live_staff_console.open(HERE)
    page.get_by_role("tree").locator('[tabindex="0"]').focus()
    press(page, "l")
    assert focused(page) == "Legal"
    page.wait_for_timeout(800)
    press(page, "h", "d", "x")
    assert focused(page) == "华东销售部"
    page.wait_for_timeout(800)
    press(page, "h")
    assert focused(page) == "华南"
    press(page, "h")
    assert focused(page) == "华东销售部"
    page.wait_for_timeout(800)
    page.keyboard.type("department 2")
    assert focused(page) == "Department 2 部"


@pytest.mark.alone
def test_closing_a_branch_takes_the_focus_and_the_tab_stop_out_of_it(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U31: what is hidden holds neither."""
    page = live_staff_console.open(HERE)
    tree = page.get_by_role("tree")
    tree.locator('[tabindex="0"]').focus()
    press(page, "ArrowRight", "ArrowRight")
    expect(tree.get_by_text("Department 4 部")).to_be_visible()
    press(page, "ArrowRight")
    assert focused(page) == "Department 4 部"
    page.locator('[data-name="Acme 集团"] > .sb-node [data-toggle]').click()
    assert focused(page) == "Acme 集团"
    expect(tree.locator('[tabindex="0"]')).to_have_count(1)
    expect(tree.locator('[tabindex="0"]')).to_have_attribute("data-name", "Acme 集团")


def test_the_next_200_are_reached_by_keys_and_the_focus_goes_on_at_the_first(
    live_staff_console: LiveConsole, root: Department
) -> None:
    """U31, U51."""
    builders.teams(root, 250)
    page = live_staff_console.open(HERE)
    tree = page.get_by_role("tree")
    tree.locator('[tabindex="0"]').focus()
    press(page, "End")
    more = tree.locator(".sb-node-more")
    expect(more).to_be_focused()
    expect(more).to_have_attribute("aria-posinset", "201")
    expect(more).to_have_attribute("aria-setsize", "253")
    press(page, "Enter")
    expect(tree.get_by_role("treeitem")).to_have_count(254)
    expect(tree.locator('[data-name="Team 197"]')).to_be_focused()
    press(page, "ArrowUp")
    assert focused(page) == "Team 196"
    expect(tree.locator('[tabindex="0"]')).to_have_count(1)


@pytest.mark.alone
def test_going_back_leaves_the_focus_in_the_tree(
    live_staff_console: LiveConsole, root: Department
) -> None:
    page = live_staff_console.open(HERE)
    page.get_by_role("tree").locator('[tabindex="0"]').focus()
    press(page, "ArrowRight", "Enter")
    expect(page.locator("#pane h2")).to_have_text("Department 1 部")
    page.go_back()
    expect(page.locator("#pane h2")).to_have_text("All employees")
    expect(page.locator('[data-name="Department 1 部"]')).to_be_focused()
