"""Set X at Synchronization Settings: I-13 to I-15, said at the field, nothing saved."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from identity.forms.mapping import KEPT, MOST_CUSTOM
from identity.models import IdentityProvider
from sync import runs
from sync.models import Employee, SyncRun
from tests.bad_input.pages import Page
from tests.bad_input.set_x import FORM, MILLION, VALUES, encoded, received, told
from tests.identity.conftest import page, words

OWN_KEYS = ("name", "title", "email")
GOOD = [("scope", "all"), ("source.name", "name"), ("source.title", "title")]


def send(client: Client, idp: IdentityProvider, pairs: list[tuple[str, str]]) -> Any:
    return client.generic("POST", page(idp, "sync"), encoded(pairs), content_type=FORM)


def kept(idp: IdentityProvider) -> tuple[Any, ...]:
    found = IdentityProvider.objects.get(pk=idp.pk)
    return (found.scope, found.departments, found.department_labels, found.mapping)


def problems_of(response: Any, said: str) -> set[str]:
    """Where the summary's links lead; each field says so itself, and is marked."""
    assert response.status_code == 422, said
    shown = Page(response.content.decode())
    for field_id, line in shown.problems().items():
        assert shown.message_at(field_id), f"nothing stands at {field_id}: {said}"
        assert shown.message_at(field_id) in line, said
        grouped = field_id == "id_departments"
        assert grouped or shown.is_marked(field_id), f"{field_id}: {said}"
    ids = [one["id"] for one in shown.elements if one["id"]]
    assert len(ids) == len(set(ids)), said
    return set(shown.problems())


def test_a_department_may_be_anything(console: Client, idp: IdentityProvider) -> None:
    """I-13, set X: `0`, `-1`, `01`, `١٢`, what is no id at all, and nothing."""
    before = kept(idp)
    for value in VALUES:
        pairs = [("scope", "partial"), ("departments", value)]
        found = problems_of(send(console, idp, pairs), told(value))
        assert found == {"id_departments"}, told(value)
    assert kept(idp) == before


@pytest.mark.django_db(transaction=True)
def test_a_department_may_be_anything_where_a_sync_has_stored_some(
    console: Client, idp: IdentityProvider
) -> None:
    """I-13: the stored departments are asked for what was sent, NUL included."""
    runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))
    for value in ("a\0b", "\0", "0", "'"):
        pairs = [("scope", "partial"), ("departments", value)]
        found = problems_of(send(console, idp, pairs), told(value))
        assert found == {"id_departments"}, told(value)
        effect = reverse("identity:effect", args=[idp.pk])
        answer = console.generic("POST", effect, encoded(pairs), content_type=FORM)
        assert answer.status_code == 200, told(value)


def test_a_row_of_the_mapping_may_be_anything(
    console: Client, idp: IdentityProvider
) -> None:
    """I-14, I-15, set X: as a source, as a name, and as a source of one's own; and
    as the scope."""
    before = kept(idp)
    for value in [one[:200_000] for one in VALUES]:
        name = received(value).strip(" ")
        pairs = [
            ("scope", value),
            ("source.name", "name"),
            ("source.title", value),
            ("custom_name", value),
            ("custom_source", "extension.A"),
            ("custom_name", "desk"),
            ("custom_source", value),
        ]
        wrong = {"id_scope", "id_custom_2"}
        wrong |= {"id_source.title"} if value else set()
        wrong |= set() if is_plain_name(name) else {"id_custom_1"}
        said = f"a row with {told(value)}"
        assert problems_of(send(console, idp, pairs), said) == wrong, said
    assert kept(idp) == before


def is_plain_name(text: str) -> bool:
    plain = text.isascii() and text.replace("_", "a").isalnum() and len(text) <= 32
    return plain and text[0].isalpha()


@pytest.mark.parametrize("count", [MOST_CUSTOM + 1, 3000])
def test_I_15_too_many_custom_fields_are_a_page_and_no_hang(
    console: Client, idp: IdentityProvider, count: int
) -> None:
    """Each row offers every source: without an end the page grows with the square."""
    rows = [
        pair
        for number in range(count)
        for pair in (
            ("custom_name", f"f{number}"),
            ("custom_source", f"extension.f{number}"),
        )
    ]
    response = send(console, idp, [*GOOD, *rows])
    shown = Page(response.content.decode())
    assert response.status_code == 422
    assert f"At most {MOST_CUSTOM} custom fields" in words(response)
    assert len(shown.named("custom_name")) == min(count, KEPT)


def test_I_15_two_rows_of_one_name_are_two_fields(
    console: Client, idp: IdentityProvider
) -> None:
    """The second is marked, and Remove takes away the one that is meant."""
    rows = [
        ("custom_name", "Desk"),
        ("custom_source", "extension.a"),
        ("custom_name", "desk"),
        ("custom_source", "extension.b"),
    ]
    response = send(console, idp, [*GOOD, *rows])
    assert problems_of(response, "two of a name") == {"id_custom_2"}
    shown = Page(words(send(console, idp, [*GOOD, *rows, ("remove", "2")])))
    assert [one["value"] for one in shown.named("custom_name")] == ["Desk"]


def test_I_14_the_same_row_twice_and_many_sources_are_refused(
    console: Client, idp: IdentityProvider
) -> None:
    many = [("source.title", f"extension.x{number}") for number in range(500)]
    response = send(console, idp, [*GOOD, *many])
    assert problems_of(response, "500 sources") == {"id_source.title"}


def test_I_14_ten_unknown_rows_are_told_in_a_few_lines(
    console: Client, idp: IdentityProvider
) -> None:
    rows = [(f"source.{MILLION[:50]}{number}", "name") for number in range(900)]
    response = send(console, idp, [*GOOD, *rows])
    assert response.status_code == 422
    assert words(response).count("is not a field of the directory") == 5


def test_I_13_a_department_of_another_company_is_refused(
    console: Client, idp: IdentityProvider
) -> None:
    """Ids are asked for with this IdP's own credentials, so others' are unknown."""
    pairs = [("scope", "partial"), ("departments", "987654321"), *GOOD[1:]]
    assert problems_of(send(console, idp, pairs), "foreign") == {"id_departments"}


def perform(idp: IdentityProvider) -> SyncRun:
    idp.refresh_from_db()
    return runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))


@pytest.mark.django_db(transaction=True)
def test_I_13_a_scope_that_removes_people_is_held_by_the_guard(
    console: Client, idp: IdentityProvider
) -> None:
    """The choice is saved; the next run is held, and nobody has lost anything."""
    assert perform(idp).state == SyncRun.State.SUCCESS
    active = Employee.objects.filter(idp=idp, status="active").count()
    smallest = min(
        idp.directory_departments.exclude(source_id="1"), key=lambda one: one.total
    )
    pairs = [("scope", "partial"), ("departments", smallest.source_id), *GOOD[1:]]
    assert send(console, idp, pairs).status_code == 302
    SyncRun.objects.filter(state__in=SyncRun.OPEN).delete()
    held = perform(idp)
    assert held.state == SyncRun.State.HELD
    assert Employee.objects.filter(idp=idp, status="active").count() == active


@pytest.mark.django_db(transaction=True)
def test_I_15_words_of_databases_are_harmless_and_a_deleted_field_goes(
    console: Client, idp: IdentityProvider
) -> None:
    """Mapped, synchronized, taken out of the mapping, and synchronized again."""
    names = ["select", "constructor", "DROP"]
    rows = [
        pair
        for name in names
        for pair in (("custom_name", name), ("custom_source", "extension.CostCentre"))
    ]
    assert send(console, idp, [*GOOD, *rows]).status_code == 302
    SyncRun.objects.filter(state__in=SyncRun.OPEN).delete()
    assert perform(idp).state == SyncRun.State.SUCCESS
    filled = [one.attributes for one in Employee.objects.filter(idp=idp)]
    assert any(set(names) <= set(attributes) for attributes in filled)
    assert send(console, idp, [*GOOD, *rows[:2]]).status_code == 302
    SyncRun.objects.filter(state__in=SyncRun.OPEN).delete()
    assert perform(idp).state == SyncRun.State.SUCCESS
    left = {name for one in Employee.objects.filter(idp=idp) for name in one.attributes}
    assert left == {"select"}
