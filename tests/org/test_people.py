"""Lists of people: whose, in which order, page by page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.models import IdentityProvider
from sync.models import Department, Employee
from sync.org.departments import Lineage, lineage
from sync.org.people import PeopleQuery, count_gone, people
from tests import builders

pytestmark = pytest.mark.django_db
Status = Employee.Status


def names(query: PeopleQuery, **options: object) -> list[str]:
    """Who is on the first page."""
    page = people(query, lineage(query.idp, query.department), **options)  # type: ignore[arg-type]
    return [person.employee.name for person in page.rows]


def all_pages(query: PeopleQuery, size: int) -> list[list[int]]:
    """Every page of a list as ids, by following it to its end."""
    way_there, after, pages = lineage(query.idp, query.department), None, []
    while True:
        page = people(query, way_there, after, size)
        pages.append([person.employee.pk for person in page.rows])
        after = page.after
        if after is None:
            return pages


@pytest.fixture
def idp() -> IdentityProvider:
    return builders.idp()


@pytest.fixture
def offices(idp: IdentityProvider) -> dict[str, Department]:
    """Acme with Sales > Asia, and Legal; people in one, two or no department."""
    root = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "2", "Sales", root)
    asia = builders.department(idp, "3", "Asia", sales)
    legal = builders.department(idp, "4", "Legal", root)
    builders.employee(idp, "u1", "Ann", [root])
    builders.employee(idp, "u2", "Bob", [sales])
    builders.employee(idp, "u3", "Cho", [sales, asia, legal])
    builders.employee(idp, "u4", "Dan", [asia])
    builders.employee(idp, "u5", "Eve")
    builders.employee(idp, "u6", "Fay", status=Status.LEFT)
    builders.employee(idp, "u7", "Gil", [legal], status=Status.OUT_OF_SCOPE)
    builders.recount(idp)
    tree = Department.objects.filter(idp=idp)
    return {department.name: department for department in tree}


def test_a_department_shows_the_people_directly_in_it(
    idp: IdentityProvider, offices: dict[str, Department]
) -> None:
    assert names(PeopleQuery(idp, offices["Sales"])) == ["Bob", "Cho"]
    assert names(PeopleQuery(idp, offices["Acme"])) == ["Ann"]


@pytest.mark.parametrize("company", [1, 10**6], ids=["by EXISTS", "by IN"])
def test_with_sub_departments_everyone_below_is_shown_once(
    idp: IdentityProvider, offices: dict[str, Department], company: int
) -> None:
    for name, expected in {
        "Sales": ["Bob", "Cho", "Dan"],
        "Asia": ["Cho", "Dan"],
        "Legal": ["Cho"],
    }.items():
        way_there = Lineage((offices["Acme"], offices[name]), company)
        assert way_there.wide is (company == 1)
        page = people(PeopleQuery(idp, offices[name], sub=True), way_there)
        assert [person.employee.name for person in page.rows] == expected


def test_the_company_and_its_only_root_show_people_without_a_department_too(
    idp: IdentityProvider, offices: dict[str, Department]
) -> None:
    everybody = ["Ann", "Bob", "Cho", "Dan", "Eve"]
    assert names(PeopleQuery(idp)) == everybody
    assert names(PeopleQuery(idp, offices["Acme"], sub=True)) == everybody


def test_one_of_several_tops_shows_its_own_people_only(idp: IdentityProvider) -> None:
    north, south = builders.department(idp, "7"), builders.department(idp, "8")
    builders.employee(idp, "u1", "Ann", [north])
    builders.employee(idp, "u2", "Bob", [south])
    builders.employee(idp, "u3", "Eve")
    builders.recount(idp)
    north.refresh_from_db()
    assert names(PeopleQuery(idp, north, sub=True)) == ["Ann"]


@pytest.mark.parametrize("sub", [True, False])
@pytest.mark.parametrize("company", [1, 10**6], ids=["wide", "narrow"])
def test_a_search_inside_a_department_stays_inside_it(
    idp: IdentityProvider, offices: dict[str, Department], company: int, sub: bool
) -> None:
    way_there = Lineage((offices["Acme"], offices["Sales"]), company)
    query = PeopleQuery(idp, offices["Sales"], sub=sub, text="n")
    page = people(query, way_there)
    expected = ["Dan"] if sub else []
    assert [person.employee.name for person in page.rows] == expected


def test_people_are_chosen_by_status_and_any_status_groups_them(
    idp: IdentityProvider, offices: dict[str, Department]
) -> None:
    assert names(PeopleQuery(idp, status=Status.LEFT)) == ["Fay"]
    assert names(PeopleQuery(idp, status=Status.OUT_OF_SCOPE)) == ["Gil"]
    assert names(PeopleQuery(idp, status=""))[-3:] == ["Eve", "Fay", "Gil"]
    assert names(PeopleQuery(idp, offices["Legal"], status="")) == ["Cho", "Gil"]


def test_people_who_are_not_active_are_counted_by_status(
    idp: IdentityProvider, offices: dict[str, Department]
) -> None:
    assert count_gone(idp) == {"left": 1, "out_of_scope": 1}
    assert count_gone(builders.idp("Empty")) == {}


def test_people_of_another_idp_are_never_in_a_list(
    idp: IdentityProvider, offices: dict[str, Department]
) -> None:
    other = builders.idp("Other")
    builders.employee(other, "u1", "Mallory", [builders.department(other, "1")])
    for query in (
        PeopleQuery(idp, status=""),
        PeopleQuery(idp, offices["Acme"], sub=True),
        PeopleQuery(idp, text="Mallory"),
    ):
        assert "Mallory" not in names(query)


@pytest.mark.parametrize("size", [1, 3, 7, 50])
@pytest.mark.parametrize("status", [Status.ACTIVE, ""])
def test_pages_by_key_show_everyone_once_in_one_order(
    idp: IdentityProvider, size: int, status: str
) -> None:
    """Equal names, Chinese names and both cases of letters included."""
    root = builders.department(idp, "1")
    states = (Status.ACTIVE, Status.ACTIVE, Status.LEFT)
    for number, name in enumerate(
        ["Zed", "ann", "张三", "Ann", "张三", "张三", "李 四"] * 2
    ):
        builders.employee(idp, f"u{number}", name, [root], status=states[number % 3])
    builders.recount(idp)

    query = PeopleQuery(idp, root, sub=True, status=status)
    pages = all_pages(query, size)

    chosen = Employee.objects.filter(idp=idp)
    if status:
        chosen = chosen.filter(status=status)
    expected = sorted(
        chosen, key=lambda person: (person.status, person.name, person.pk)
    )
    assert [pk for page in pages for pk in page] == [person.pk for person in expected]
    assert all(len(page) == size for page in pages[:-1])


def test_a_person_who_joins_while_somebody_pages_moves_nobody(
    idp: IdentityProvider,
) -> None:
    for name in ("B", "D", "F"):
        builders.employee(idp, name, name)
    query = PeopleQuery(idp)
    first = people(query, lineage(idp, None), size=2)
    builders.employee(idp, "A", "A")

    second = people(query, lineage(idp, None), first.after, size=2)

    assert [person.employee.name for person in second.rows] == ["F"]


def test_a_person_comes_with_three_departments_and_the_rest_as_a_number(
    idp: IdentityProvider, offices: dict[str, Department]
) -> None:
    extra = builders.department(idp, "9", "Zoo", offices["Acme"])
    builders.employee(idp, "busy", "Xi", [*offices.values(), extra])

    page = people(PeopleQuery(idp, text="Xi"), lineage(idp, None))
    (busy,) = page.rows

    assert [department.name for department in busy.departments] == [
        "Acme",
        "Sales",
        "Asia",
    ]
    assert busy.others == 2
    assert names(PeopleQuery(idp)) == ["Ann", "Bob", "Cho", "Dan", "Eve", "Xi"]


@pytest.mark.parametrize("size", [10, 1000])
@pytest.mark.parametrize("sub", [True, False])
def test_a_page_of_people_is_two_queries_however_many_there_are(
    idp: IdentityProvider, size: int, sub: bool
) -> None:
    root = builders.company(idp, people=size, departments=10)
    way_there = lineage(idp, root)
    with CaptureQueriesContext(connection) as queries:
        people(PeopleQuery(idp, root, sub=sub), way_there)
    assert len(queries) == 2
    assert not any("OFFSET" in query["sql"] for query in queries)
