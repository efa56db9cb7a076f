"""The page of one person."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Change, Department, Employee
from tests import builders
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db
Entity, Kind = Change.Entity, Change.Kind


def page_of(employee: Employee) -> str:
    """The address of a person's page."""
    return reverse("sync:employee", args=[employee.pk])


def test_a_person_is_shown_with_values_sources_departments_and_manager(
    console: Client, root: Department, person: Employee
) -> None:
    boss = builders.employee(root.idp, "boss", "Boss", [root])
    leaf = Department.objects.get(idp=root.idp, source_id="501")
    person.memberships.create(department=leaf, leader=True)
    person.manager_userid = "boss"
    person.save()
    vendor = root.idp.connector_class.label

    source = read(console, page_of(person))
    shown = words(source)

    for text in ("张三丰", "13900001111", "Grandmaster", "W-1", "Wudang", "Leader"):
        assert text in shown
    assert re.search(rf"Mobile 13900001111 comes from {vendor}: \w+", shown)
    assert page_of(boss) in links(source)
    assert reverse("sync:department", args=[leaf.pk]) in links(source)


def test_nothing_on_the_page_of_a_person_can_be_changed(
    console: Client, person: Employee
) -> None:
    """U25: it comes from the IdP. The one form asks for it again, and takes no value."""
    source = read(console, page_of(person))
    main = source[source.index('class="sb-page"') :]
    again = reverse("sync:employee-read", args=[person.pk])
    assert re.findall(r'<form action="([^"]*)"', main) == [again]
    assert len(re.findall(r"<(?:form|button)\b", main)) == 2
    assert re.findall(r'<input\b[^>]*name="(\w+)"', main) == ["csrfmiddlewaretoken"]
    assert not re.search(r"<(select|textarea)\b", main)


def test_a_value_links_to_the_run_that_last_changed_it(
    console: Client, root: Department, person: Employee
) -> None:
    run = builders.run(root.idp)
    builders.change(
        run,
        Entity.EMPLOYEE,
        Kind.UPDATE,
        person.userid,
        before={"title": "Novice"},
        after={"title": "Grandmaster"},
    )
    source = read(console, page_of(person))
    assert reverse("sync:run", args=[run.pk]) in links(source)
    assert "Title before Novice → after Grandmaster" in words(source)


def test_changes_are_listed_newest_first_and_older_ones_follow(
    console: Client, root: Department, person: Employee
) -> None:
    run = builders.run(root.idp)
    for number in range(25):
        builders.change(
            run,
            Entity.EMPLOYEE,
            Kind.UPDATE,
            person.userid,
            before={"title": f"Rank {number:02}"},
            after={"title": f"Rank {number + 1:02}"},
        )
    first = read(console, page_of(person))
    assert "after Rank 25" in words(first)
    assert "after Rank 05" not in words(first)
    older = next(link for link in links(first) if "before=" in link)
    second = words(read(console, older))
    assert "after Rank 05" in second
    assert "Newest changes" in second


def test_joining_and_leaving_a_department_is_told_with_its_name(
    console: Client, root: Department, person: Employee
) -> None:
    run = builders.run(root.idp)
    for kind in (Kind.CREATE, Kind.REMOVE):
        builders.change(run, Entity.MEMBERSHIP, kind, f"{person.userid}/501")
    shown = words(read(console, page_of(person)))
    assert "Joined a department: Department 1 部" in shown
    assert "Left a department: Department 1 部" in shown


@pytest.mark.parametrize(
    ("status", "sentence"),
    [("left", "This person left"), ("out_of_scope", "This person is out of scope")],
)
def test_a_person_who_is_not_active_keeps_the_page_and_it_says_why(
    console: Client, person: Employee, status: str, sentence: str
) -> None:
    assert sentence not in words(read(console, page_of(person)))
    Employee.objects.filter(pk=person.pk).update(status=status)
    assert sentence in words(read(console, page_of(person)))


def test_a_manager_who_is_not_in_the_directory_is_said_to_be_outside(
    console: Client, person: Employee
) -> None:
    Employee.objects.filter(pk=person.pk).update(manager_userid="stranger")
    assert "Manager not in this directory" in words(read(console, page_of(person)))
