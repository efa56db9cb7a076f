"""The list of changes, the timelines, and the directory as of a past moment."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sync.models import Change, Department, Employee
from tests import builders
from tests.history.conftest import NOW, ago, made

pytestmark = pytest.mark.django_db


def test_u22_filter_by_left_leads_to_the_person_to_the_run_and_back(
    root: Department, staff_console: Client
) -> None:
    page = staff_console.get(reverse("sync:changes"), {"what": "employee.leave"})
    (told,) = page.context["moments"]
    li = Employee.objects.get(userid="li")
    assert told.subject.url == reverse("sync:employee", args=[li.pk])
    assert [chip.label for chip in page.context["chips"]] == ["Employee: Left"]
    run = reverse("sync:run", args=[told.change.run_id])
    assert run in page.text
    person = staff_console.get(told.subject.url).text
    assert run in person
    assert f"{reverse('sync:changes')}?person={li.pk}" in person
    assert told.subject.url in staff_console.get(run).text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 9),
        ({"what": "employee"}, 3),
        ({"what": "department.update"}, 1),
        ({"q": "Li Wei"}, 3),
        ({"q": "Closed"}, 1),
        ({"q": "selling"}, 3),
        ({"q": "nobody"}, 0),
        ({"trigger": "schedule"}, 1),
        ({"q": "Li", "what": "membership"}, 1),
    ],
)
def test_u22_each_filter_finds_its_changes(
    root: Department, staff_console: Client, asked: dict[str, str], found: int
) -> None:
    page = staff_console.get(reverse("sync:changes"), asked)
    assert len(page.context["moments"]) == found


def test_u22_days_bound_the_list(root: Department, staff_console: Client) -> None:
    day = timezone.localtime(NOW - timedelta(hours=48)).strftime("%Y-%m-%d")
    page = staff_console.get(reverse("sync:changes"), {"from": day, "to": day})
    assert {told.change.run.trigger for told in page.context["moments"]} == {"event"}


def test_u22_changes_are_paged_newest_first(
    root: Department, staff_console: Client
) -> None:
    run = builders.run(root.idp)
    Change.objects.bulk_create(
        Change(run=run, entity="employee", kind="update", key=f"p{n}")
        for n in range(60)
    )
    first = staff_console.get(reverse("sync:changes"))
    older = staff_console.get(
        reverse("sync:changes"), {"before": first.context["older"]}
    )
    keys = [t.change.pk for page in (first, older) for t in page.context["moments"]]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) == 69


def test_u22_a_department_tells_its_history(
    root: Department, staff_console: Client
) -> None:
    sales = Department.objects.get(source_id="20")
    address = {"idp": str(root.idp_id), "dept": str(sales.pk), "tab": "history"}
    page = staff_console.get(reverse("sync:directory"), address).text
    assert "Sales" in page
    assert "Li Wei" in page
    assert "Event" in page


def test_u33_the_directory_as_of_a_moment(
    root: Department, staff_console: Client
) -> None:
    """Its departments, their names and their people; staff see no whole mobile."""
    address = {"idp": str(root.idp_id), "at": ago(60), "dept": "20"}
    page = staff_console.get(reverse("sync:directory"), address)
    assert [card.name for card in page.context["cards"]] == ["Li Wei"]
    assert page.context["cards"][0].places == ("Sales",)
    assert "13900002222" not in page.text
    assert "139****2222" in page.text
    assert {n.department.name for n in page.context["tree"].nodes[0].branch.nodes} == {
        "Sales",
        "Closed office",
    }
    sales = Department.objects.get(source_id="20")
    assert page.context["back"].endswith(f"dept={sales.pk}")
    later = staff_console.get(reverse("sync:directory"), address | {"at": ago(36)})
    assert [card.name for card in later.context["cards"]] == ["Wang Fang"]
    assert later.context["department"].name == "Selling"
    branch = {"idp": str(root.idp_id), "at": ago(60), "under": "1"}
    assert "Closed office" in staff_console.get(reverse("sync:branch"), branch).text
    branches = {"idp": str(root.idp_id), "at": ago(12), "of": "1,30"}
    assert "Closed" not in staff_console.get(reverse("sync:branches"), branches).text


@pytest.mark.parametrize(
    ("hours", "words"),
    [(-24, "still to come"), (200, "does not reach back so far")],
)
def test_u33_a_moment_without_history_says_so(
    root: Department, staff_console: Client, hours: int, words: str
) -> None:
    address = {"idp": str(root.idp_id), "at": ago(hours)}
    assert words in staff_console.get(reverse("sync:directory"), address).text


def test_u33_a_department_that_was_not_there_then_says_so(
    root: Department, staff_console: Client
) -> None:
    address = {"idp": str(root.idp_id), "at": ago(12), "dept": "30"}
    page = staff_console.get(reverse("sync:directory"), address)
    assert "was not there then" in page.text
    assert len(page.context["cards"]) == 1


def test_u33_two_moments_are_compared_net(
    root: Department, staff_console: Client
) -> None:
    """From before Li left until after the office closed; who came and went in between
    is not there."""
    run = builders.run(root.idp)
    brief = builders.employee(root.idp, "brief", "Short Stay", status="left")
    made(run, 40, "employee", "create", "brief")
    gone = {"unionid": brief.unionid, "name": brief.name}
    made(run, 39, "employee", "leave", "brief", before=gone)
    address = {"idp": str(root.idp_id), "from": ago(60), "to": ago(12)}
    found = {}
    for kind in ("joined", "left", "gone", "renamed"):
        page = staff_console.get(reverse("sync:compare"), address | {"kind": kind})
        found[kind] = [row.subject.name for row in page.context["rows"]]
        assert "13900002222" not in page.text
    assert {group.kind for group in page.context["groups"]} == set(found)
    assert found == {
        "joined": ["Wang Fang"],
        "left": ["Li Wei"],
        "gone": ["Closed office"],
        "renamed": ["Selling"],
    }
    same = {"idp": str(root.idp_id), "from": ago(36), "to": ago(35)}
    assert (
        "Nothing is different" in staff_console.get(reverse("sync:compare"), same).text
    )
    early = staff_console.get(reverse("sync:compare"), address | {"from": ago(999)})
    assert "it is compared from there" in early.text
    counts = {group.kind: group.count for group in early.context["groups"]}
    assert counts == {
        "joined": 1,
        "new": 2,
    }  # nothing was there before the first change
