"""One person: departments, manager, where values come from, and what happened."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from identity.connectors.records import SourceField
from identity.models import IdentityProvider
from sync.models import Change, Employee
from sync.org.history import differences, last_changes, timeline
from sync.org.person import MOBILE, Value, label_of, private_fields, profile
from tests import builders

pytestmark = pytest.mark.django_db
Entity, Kind = Change.Entity, Change.Kind


def source_of(idp: IdentityProvider, target: str) -> SourceField:
    """The vendor's field that feeds a directory field unless somebody says otherwise."""
    sources = idp.connector_class.source_fields()
    return next(source for source in sources if source.default_target == target)


def value_of(employee: Employee, key: str) -> Value:
    """One value of a person's page."""
    return next(value for value in profile(employee).values if value.key == key)


def run_of(employee: Employee, key: str) -> int | None:
    """Which run changed a value last."""
    last = value_of(employee, key).last
    return last.run if last else None


def test_a_person_is_shown_with_every_department_the_way_to_it_and_the_lead() -> None:
    idp = builders.idp()
    root = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "2", "Sales", root)
    asia = builders.department(idp, "3", "Asia", sales)
    person = builders.employee(idp, "u1", "Ann", [asia, root])
    person.memberships.filter(department=asia).update(leader=True)

    seats = profile(person).seats

    assert [seat.place.department for seat in seats] == [root, asia]
    assert [step.name for step in seats[1].place.way] == ["Acme", "Sales"]
    assert [seat.leader for seat in seats] == [None, True]


def test_the_manager_is_the_person_of_this_idp_who_has_not_left() -> None:
    idp = builders.idp()
    builders.employee(builders.idp("Other"), "boss", "Stranger")
    builders.employee(idp, "boss", "Old", status=Employee.Status.LEFT)
    boss = builders.employee(idp, "boss", "Boss")
    person = builders.employee(idp, "u1", "Ann", manager_userid="boss")

    assert profile(person).manager == boss
    assert profile(boss).manager is None


def test_a_value_says_which_field_of_the_vendor_feeds_it_in_the_readers_language() -> (
    None
):
    idp = builders.idp()
    person = builders.employee(idp, "u1", title="Engineer")
    source = source_of(idp, "title")

    assert value_of(person, "title").sources == (source.label,)
    with translation.override("zh-hans"):
        assert value_of(person, "title").sources == (source.label_zh,)


def test_a_mapping_of_the_idp_decides_what_feeds_a_value() -> None:
    idp = builders.idp()
    name, title = source_of(idp, "name"), source_of(idp, "title")
    idp.mapping = [
        {"target": "name", "sources": [name.key]},
        {"target": "attributes.Rank", "sources": [title.key, "unheard.of"]},
    ]
    idp.save()
    person = builders.employee(idp, "u1", attributes={"Rank": "7"})

    rank = value_of(person, "attributes.Rank")

    assert (rank.label, rank.text) == ("Rank", "7")
    assert rank.sources == (title.label, "unheard.of")
    assert [v.key for v in profile(person).values] == ["name", "attributes.Rank"]


def test_a_mapping_that_cannot_be_used_hides_the_sources_and_no_value() -> None:
    idp = builders.idp(mapping=[{"target": "nonsense", "sources": ["x"]}])
    person = builders.employee(idp, "u1", "Ann", title="Engineer")
    assert value_of(person, "title").text == "Engineer"
    assert value_of(person, "title").sources == ()
    assert MOBILE in private_fields(idp)


def test_every_field_that_the_vendors_mobile_feeds_is_private() -> None:
    idp = builders.idp()
    name, mobile = source_of(idp, "name"), source_of(idp, MOBILE)
    idp.mapping = [
        {"target": "name", "sources": [name.key]},
        {"target": "telephone", "sources": ["other", mobile.key]},
        {"target": "attributes.Phone", "sources": [mobile.key]},
    ]
    assert private_fields(idp) >= {MOBILE, "telephone", "attributes.Phone", "Phone"}
    assert "name" not in private_fields(idp)


def test_the_run_that_last_changed_a_value_is_named_and_else_the_one_that_began() -> (
    None
):
    idp = builders.idp()
    first, second, third = (builders.run(idp) for _ in range(3))
    builders.change(first, Entity.EMPLOYEE, Kind.CREATE, "u1")
    person = builders.employee(idp, "u1", title="C", created_at=first.queued_at)
    for run, (old, new) in ((second, "AB"), (third, "BC")):
        builders.change(
            run,
            Entity.EMPLOYEE,
            Kind.UPDATE,
            "u1",
            before={"title": old},
            after={"title": new},
        )

    assert run_of(person, "title") == third.pk
    assert run_of(person, "name") == first.pk


def test_a_value_without_history_names_no_run() -> None:
    person = builders.employee(builders.idp(), "u1")
    assert value_of(person, "name").last is None


def test_a_planned_change_of_a_held_run_is_no_history() -> None:
    idp = builders.idp()
    person = builders.employee(idp, "u1")
    held = builders.run(idp, "held")
    builders.change(held, Entity.EMPLOYEE, Kind.REMOVE, "u1", applied=False)
    assert timeline(person) == ([], None)
    assert last_changes(person) == ({}, None)


def test_the_timeline_has_the_person_and_the_memberships_newest_first_in_pages() -> (
    None
):
    idp = builders.idp()
    run = builders.run(idp)
    person = builders.employee(idp, "u1", created_at=run.queued_at)
    keys = ["u1", "u1/5", "u1/6", "u10", "u10/5", "u", "1"]
    made = {
        key: builders.change(
            run,
            Entity.MEMBERSHIP if "/" in key else Entity.EMPLOYEE,
            Kind.CREATE,
            key,
        )
        for key in keys
    }
    builders.change(builders.run(builders.idp("B")), Entity.EMPLOYEE, Kind.CREATE, "u1")

    page, before = timeline(person, size=2)
    rest, end = timeline(person, before, size=2)

    assert [*page, *rest] == [made["u1/6"], made["u1/5"], made["u1"]]
    assert end is None


def test_another_person_with_the_same_userid_has_another_history() -> None:
    """Design 2.11: the old row is left, and a new row begins."""
    idp = builders.idp()
    then = timezone.now() - timedelta(days=9)
    old_run = builders.run(idp, queued_at=then, started_at=then, finished_at=then)
    begun = builders.change(old_run, Entity.EMPLOYEE, Kind.CREATE, "u1", label="Old")
    new_run = builders.run(idp)
    later = builders.change(new_run, Entity.EMPLOYEE, Kind.CREATE, "u1", label="New")
    yesterday = timezone.now() - timedelta(days=1)
    old = builders.employee(
        idp,
        "u1",
        "Old",
        status=Employee.Status.LEFT,
        created_at=then,
        left_at=yesterday,
    )
    new = builders.employee(idp, "u1", "New", created_at=new_run.queued_at)

    assert timeline(old)[0] == [begun]
    assert timeline(new)[0] == [later]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"title": "A"}, {"title": "B"}, [("title", "A", "B")]),
        ({"title": "A"}, {"title": None}, [("title", "A", "")]),
        ({"leader": None}, {"leader": True}, [("leader", "", "yes")]),
        ({"leader": True}, {"leader": False}, [("leader", "yes", "no")]),
        ({"order": 1, "name": "X"}, {"order": 2, "name": "X"}, [("order", "1", "2")]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("b", "1", "2")]),
        ({"a": ["x", "y"]}, {"a": []}, [("a", "x, y", "")]),
        (None, None, []),
        ("odd", ["odd"], []),
    ],
)
def test_differences_are_the_values_that_are_not_the_same(
    before: object, after: object, expected: list[tuple[str, str, str]]
) -> None:
    change = Change(before=before, after=after)
    found = [(d.field, d.before, d.after) for d in differences(change)]
    assert found == expected


@pytest.mark.parametrize(
    ("field", "label"),
    [("title", "Title"), ("attributes.Rank", "Rank"), ("odd", "odd")],
)
def test_fields_are_called_as_in_the_directory(field: str, label: str) -> None:
    assert label_of(field) == label
