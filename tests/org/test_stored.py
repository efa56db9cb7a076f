"""What the wizard asks of the directory: counts, ways, departments by name (U08)."""

import pytest

from identity.models import IdentityProvider
from identity.signals import Size, Step, stored_directory
from sync.models import Employee
from sync.org.stored import Stored
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> IdentityProvider:
    """1 > 501 > 503, and 1 > 502; Ann is in two, Eve has left, Bob is in the root."""
    idp = builders.idp("Acme")
    root = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "501", "Sales", root)
    labs = builders.department(idp, "502", "Labs", root)
    north = builders.department(idp, "503", "Sales North", sales)
    builders.employee(idp, "ann", departments=[sales, labs])
    builders.employee(idp, "bob", departments=[root])
    builders.employee(idp, "cid", departments=[north])
    builders.employee(idp, "dee", departments=[labs])
    builders.employee(idp, "eve", departments=[north], status=Employee.Status.LEFT)
    builders.recount(idp)
    return idp


def test_before_the_first_synchronization_nothing_is_known() -> None:
    assert stored_directory(builders.idp("New")) is None


def test_the_answer_is_about_this_idp_alone(acme: IdentityProvider) -> None:
    other = builders.idp("Other")
    builders.company(other)
    assert Stored(acme).company() == Size(departments=4, people=4)


@pytest.mark.parametrize(
    ("chosen", "departments", "people"),
    [
        (["1"], 4, 4),
        (["501"], 2, 2),
        (["503"], 1, 1),
        (["501", "502"], 3, 3),  # Ann counts once
        (["502", "503"], 2, 3),
        (["501", "503"], 2, 2),  # 503 is below 501
        ([], 0, 0),
    ],
)
def test_U08_each_person_counts_once(
    acme: IdentityProvider, chosen: list[str], departments: int, people: int
) -> None:
    assert Stored(acme).size(chosen) == Size(departments, people)


def test_what_no_synchronization_has_read_is_named(acme: IdentityProvider) -> None:
    assert Stored(acme).size(["503", "999"]) == Size(1, 1, missing=("999",))


def test_two_hundred_chosen_departments_are_one_question() -> None:
    idp = builders.idp("Wide")
    builders.company(idp, people=400, departments=250, fanout=249)
    chosen = [str(500 + number) for number in range(1, 201)]
    size = Stored(idp).size(chosen)
    assert size.departments == 200
    assert 0 < size.people < 400


def test_a_department_comes_with_its_way_and_its_people(
    acme: IdentityProvider,
) -> None:
    place = Stored(acme).places(["503", "999"])["503"]
    assert place.way == (Step("1", "Acme"), Step("501", "Sales"))
    assert place.path == "Acme › Sales"
    assert place.people == 1


def test_the_search_finds_by_a_part_of_the_name_the_largest_first(
    acme: IdentityProvider,
) -> None:
    found = Stored(acme).search("sales", 10)
    assert [place.name for place in found] == ["Sales", "Sales North"]
    assert len(Stored(acme).search("sales", 1)) == 1
    assert Stored(acme).search("%", 10) == ()


def test_chosen_departments_alone_are_not_the_whole() -> None:
    idp = builders.idp("Part")
    builders.department(idp, "501", "Sales")
    found = stored_directory(idp)
    assert found
    assert not found.whole
