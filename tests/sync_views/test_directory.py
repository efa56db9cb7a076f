"""The org tree browser: every view has an address and works without script."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider
from sync.models import Department, Employee
from tests import builders
from tests.sync_views.reading import links, pane, read, words

pytestmark = pytest.mark.django_db
HERE = reverse("sync:directory")


def address(department: Department, **more: object) -> str:
    """The address of a department in the browser."""
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{HERE}?idp={department.idp_id}&dept={department.pk}{rest}"


def people_in(source: str) -> list[str]:
    """Names in the list of people."""
    found = re.findall(r'class="sb-row-link"[^>]*><bdi>(.*?)</bdi>', source)
    return [re.sub(r"</?mark>", "", name) for name in found]


def test_the_first_look_shows_everybody_and_the_root_open(
    console: Client, root: Department
) -> None:
    """U30: tree left, people right."""
    source = read(console, HERE)
    assert len(people_in(source)) == 40
    tree = source[source.index('role="tree"') : source.index('id="pane"')]
    assert tree.count('role="treeitem"') == 6
    assert "Acme 集团" in tree


def test_a_tree_item_says_level_place_siblings_and_whether_it_is_open(
    console: Client, root: Department
) -> None:
    """U31: branches are lazy, so the server must say it."""
    chosen = Department.objects.get(idp=root.idp, source_id="503")
    item = re.search(
        rf'<li role="treeitem" id="dept-{chosen.pk}"[^>]*>',
        read(console, address(chosen)),
    )
    assert item
    for attribute in (
        'aria-level="2"',
        'aria-posinset="3"',
        'aria-setsize="5"',
        'aria-selected="true"',
        'tabindex="0"',
    ):
        assert attribute in item[0]


def test_exactly_one_item_is_selected_and_only_open_ones_say_so(
    console: Client, root: Department
) -> None:
    source = read(
        console, address(Department.objects.get(idp=root.idp, source_id="501"))
    )
    assert source.count('aria-selected="true"') == 1
    assert source.count('aria-expanded="true"') == 2


def test_every_link_of_the_page_works_without_script(
    console: Client, root: Department, person: Employee
) -> None:
    """U33, U46: tree, tabs, filters, people and departments are links with addresses."""
    seen: set[str] = set()
    for start in (HERE, f"{HERE}?q=部", address(root, tab="departments")):
        for link in links(read(console, start)):
            if link.startswith("?"):
                link = f"{HERE}{link}"
            if link.startswith("/directory/") and link not in seen:
                seen.add(link)
                assert console.get(link, follow=True).status_code == 200, link
    assert len(seen) > 60


def test_a_department_shows_its_people_and_with_the_switch_those_below(
    console: Client, root: Department
) -> None:
    below = builders.department(root.idp, "900", "Far away", root)
    builders.employee(root.idp, "far", "Farah", [below])
    builders.recount(root.idp)

    assert "Farah" not in people_in(read(console, address(root)))
    assert "Farah" in people_in(read(console, address(root, sub=1)))
    assert people_in(read(console, address(below))) == ["Farah"]


def test_the_switch_goes_along_from_department_to_department(
    console: Client, root: Department
) -> None:
    tree_links = [
        link for link in links(read(console, address(root, sub=1))) if "dept=" in link
    ]
    assert any("&sub=1&dept=" in link for link in tree_links)


def test_the_way_to_a_department_is_shown_as_links(
    console: Client, root: Department
) -> None:
    middle = builders.department(root.idp, "900", "Middle", root)
    leaf = builders.department(root.idp, "901", "Leaf", middle)
    shown = pane(console, address(leaf))
    crumbs = shown[shown.index("<ol") : shown.index("</ol>")]
    assert words(crumbs) == "Acme 集团 Middle"
    assert f"dept={middle.pk}" in crumbs


def test_sub_departments_are_a_list_that_pages(
    console: Client, root: Department
) -> None:
    """Phones walk the tree this way."""
    builders.teams(root, 110)
    first = read(console, address(root, tab="departments"))
    assert len(people_in(first)) == 100
    following = next(
        link for link in links(first) if "after=" in link and "tab=" in link
    )
    second = read(console, f"{HERE}{following}")
    assert people_in(second)[-1] == "Team 109"
    assert not set(people_in(first)) & set(people_in(second))


def test_people_are_paged_by_key_and_every_page_has_an_address(
    console: Client, root: Department
) -> None:
    for number in range(75):
        builders.employee(root.idp, f"extra{number}", f"Extra {number:03}", [root])
    names, link = [], f"?idp={root.idp_id}"
    while link:
        source = read(console, f"{HERE}{link}")
        names += people_in(source)
        nexts = re.findall(r'rel="next" href="([^"]+)"', source)
        link = nexts[0].replace("&amp;", "&") if nexts else ""
    assert len(names) == 115
    assert names == sorted(names)


def test_htmx_gets_the_right_side_alone_with_a_title_and_a_heading(
    console: Client, root: Department
) -> None:
    shown = pane(console, address(root))
    assert "<title>" in shown
    assert 'role="tree"' not in shown
    assert "<html" not in shown
    assert shown.count("<h2") == 1


def test_going_back_gets_the_whole_page(console: Client, root: Department) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Target": "pane",
        "HX-History-Restore-Request": "true",
    }
    response = console.get(address(root), headers=headers)
    assert "<html" in response.content.decode()
    assert "HX-Target" in response["Vary"]


def test_a_branch_comes_alone_and_200_at_a_time(
    console: Client, root: Department
) -> None:
    wide = builders.department(root.idp, "900", "Wide", root)
    builders.teams(wide, 230)
    branch = f"{reverse('sync:branch')}?idp={root.idp_id}&under={wide.pk}"

    first = read(console, branch)
    following = re.search(r'hx-get="([^"]+after=[^"]+)"', first)
    assert following
    second = read(console, following[1].replace("&amp;", "&"))

    assert first.count('id="dept-') == 200
    assert "Show 200 more" in words(first)
    assert second.count('id="dept-') == 30
    assert "Show 200 more" not in words(second)
    assert 'aria-level="3"' in first
    assert 'aria-posinset="201"' in second
    assert 'aria-setsize="230"' in second


def test_a_search_shows_people_and_departments_with_the_way_to_each(
    console: Client, root: Department, person: Employee
) -> None:
    """U32: search finds and shows where."""
    sect = builders.department(root.idp, "900", "张家口 branch", root)
    builders.department(root.idp, "901", "三 below", sect)
    shown = words(pane(console, f"{HERE}?q=三"))
    assert "张三丰" in shown
    assert "三 below Acme 集团 › 张家口 branch" in shown


def test_a_search_keeps_to_what_the_address_names(
    console: Client, root: Department, person: Employee
) -> None:
    legal = Department.objects.get(idp=root.idp, source_id="501")
    assert "张三丰" not in people_in(pane(console, address(legal, q="张三丰")))
    assert "张三丰" in people_in(pane(console, address(root, q="张三丰")))
    assert "Search everywhere" in words(pane(console, address(legal, q="张三丰")))


def test_people_who_left_are_listed_by_status_and_counted(
    console: Client, root: Department
) -> None:
    builders.employee(root.idp, "gone", "Gone", status="left")
    assert "Gone" not in people_in(read(console, HERE))
    assert people_in(read(console, f"{HERE}?status=left")) == ["Gone"]
    assert "Gone" in people_in(read(console, f"{HERE}?status=any"))
    assert "Left 1" in words(read(console, HERE))


def test_the_short_address_of_a_department_leads_into_the_browser(
    console: Client, root: Department
) -> None:
    response = console.get(reverse("sync:department", args=[root.pk]))
    assert response.status_code == 302
    assert response["Location"] == address(root)


def test_several_idps_are_a_choice_and_one_is_none(
    console: Client, root: Department
) -> None:
    assert 'id="dir-idp"' not in read(console, HERE)
    other = builders.idp("Second")
    builders.employee(other, "x", "Xenia")
    source = read(console, f"{HERE}?idp={other.pk}")
    assert 'id="dir-idp"' in source
    assert people_in(source) == ["Xenia"]


def test_drafts_are_not_offered(console: Client, root: Department) -> None:
    """A11."""
    draft = builders.idp("Draft", draft=True)
    assert "Draft" not in words(read(console, HERE))
    assert console.get(f"{HERE}?idp={draft.pk}").status_code == 404


def test_an_enabled_idp_is_shown_first_and_a_closed_one_stays_readable(
    console: Client, db: None
) -> None:
    closed = builders.idp("Old", status="closed")
    builders.employee(closed, "o", "Olga")
    assert people_in(read(console, HERE)) == ["Olga"]
    builders.employee(builders.idp("New"), "n", "Nils")
    assert people_in(read(console, HERE)) == ["Nils"]
    assert "Old (Closed)" in words(read(console, HERE))


@pytest.mark.parametrize(
    ("query", "heading", "action"),
    [
        ("?q=nobody-is-called-this", "No one matches", "Search every status"),
        ("?q=nobody-is-called-this&status=any", "No one matches", "Clear the search"),
        ("?status=left", "Nobody has this status here", "Show active people"),
    ],
)
def test_an_empty_list_says_why_and_what_to_do(
    console: Client, root: Department, query: str, heading: str, action: str
) -> None:
    """U35: each has a heading and one action."""
    shown = words(pane(console, f"{HERE}{query}"))
    assert heading in shown
    assert action in shown


def test_a_department_with_people_only_below_it_offers_to_show_them(
    console: Client, root: Department
) -> None:
    empty = builders.department(root.idp, "900", "Holding", root)
    leaf = builders.department(root.idp, "901", "Leaf", empty)
    builders.employee(root.idp, "far", "Farah", [leaf])
    builders.recount(root.idp)
    source = pane(console, address(empty))
    assert "1 person is in its sub-departments." in words(source)
    assert people_in(pane(console, f"{HERE}{links(source)[-1]}")) == ["Farah"]
    assert "Nobody is in this department" in words(
        pane(console, address(builders.department(root.idp, "902", "Empty", root)))
    )


def test_before_the_first_run_the_page_says_so(
    console: Client, staff_console: Client, idp: IdentityProvider
) -> None:
    """U35: never synced."""
    assert "Not synchronized yet" in words(read(console, HERE))
    assert reverse("console:overview", args=[idp.pk]) in links(read(console, HERE))
    assert "Not synchronized yet" in words(read(staff_console, HERE))


def test_before_there_is_an_idp_only_an_administrator_is_offered_to_make_one(
    console: Client, staff_console: Client
) -> None:
    assert reverse("identity:create") in links(read(console, HERE))
    assert reverse("identity:create") not in links(read(staff_console, HERE))
    assert "No company is connected yet" in words(read(staff_console, HERE))
