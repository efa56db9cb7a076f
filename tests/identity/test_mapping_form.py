"""Field Synchronization Mapping: S130, S131, I-14, I-15."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from identity import mapping
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.forms.mapping import MappingForm
from identity.models import IdentityProvider
from identity.sampling import masked
from tests.identity.conftest import page, words

pytestmark = pytest.mark.alone

DEFAULTS: dict[str, list[str]] = {
    "source.name": ["name"],
    "source.mobile": ["mobile"],
    "source.email": ["email", "org_email"],
    "source.title": ["title"],
}


def sent(**changed: Any) -> QueryDict:
    """The rows as a browser sends them, some changed (`__` stands for the dot)."""
    data = QueryDict(mutable=True)
    rows = DEFAULTS | {name.replace("__", "."): v for name, v in changed.items()}
    for name, values in rows.items():
        data.setlist(name, [values] if isinstance(values, str) else values)
    return data


def form_of(idp: IdentityProvider, data: QueryDict | None = None) -> MappingForm:
    return MappingForm(idp, idp.connector_class.source_fields(), data)


def test_S130_a_mapping_is_what_the_directory_reads(idp: IdentityProvider) -> None:
    form = form_of(idp, sent())
    assert form.is_valid()
    built = mapping.build(form.rows(), idp.connector_class.source_fields())
    assert [(row.target, row.sources) for row in built.rows] == [
        ("name", ("name",)),
        ("mobile", ("mobile",)),
        ("email", ("email", "org_email")),
        ("title", ("title",)),
    ]


def test_rows_that_were_not_sent_leave_the_mapping_as_it_is(
    idp: IdentityProvider,
) -> None:
    idp.mapping = [{"target": "name", "sources": ["nickname", "name"]}]
    data = QueryDict("scope=all")
    assert form_of(idp, data).rows() == idp.mapping


def test_an_idp_without_rows_shows_the_default_ones(idp: IdentityProvider) -> None:
    rows = {row["target"]: row["sources"] for row in form_of(idp).rows()}
    assert rows["email"] == ["email", "org_email"]
    assert "manager_userid" not in rows


def test_what_is_stored_comes_back_as_it_was(idp: IdentityProvider) -> None:
    stored = [
        {"target": "name", "sources": ["name"]},
        {"target": "email", "sources": ["org_email", "email"]},
        {"target": "attributes.CostCentre", "sources": ["extension.CostCentre"]},
    ]
    idp.mapping = stored
    assert form_of(idp).rows() == stored


def errors(idp: IdentityProvider, **changed: Any) -> list[str]:
    return [label for _where, label, _text in form_of(idp, sent(**changed)).errors()]


def test_I_14_a_required_field_needs_a_source(idp: IdentityProvider) -> None:
    assert errors(idp, source__name=[""]) == ["Name"]
    assert errors(idp, source__name=[]) == ["Name"]


@pytest.mark.parametrize(
    "source", ["nonsense", "userid", "__class__", "extension.", "other.key"]
)
def test_I_14_an_unknown_source_is_refused(idp: IdentityProvider, source: str) -> None:
    assert errors(idp, source__title=source) == ["Title"]


@pytest.mark.parametrize(
    "target", ["id", "sub", "unionid", "is_active", "is_staff", "password", "tenant"]
)
def test_I_14_protected_and_unknown_targets_are_refused(
    idp: IdentityProvider, target: str
) -> None:
    form = form_of(idp, sent(**{f"source__{target}": "name"}))
    assert not form.is_valid()
    named = sent(custom_name=target, custom_source="extension.CostCentre")
    assert not form_of(idp, named).is_valid()


def test_three_sources_for_one_field_are_too_many(idp: IdentityProvider) -> None:
    assert errors(idp, source__email=["email", "org_email", "remark"]) == ["E-mail"]


@pytest.mark.parametrize("name", ["CostCentre", "a", "x" * 32, "select", "constructor"])
def test_I_15_a_custom_field_has_a_plain_name(idp: IdentityProvider, name: str) -> None:
    """SQL words and names of Python's are harmless: they are only keys."""
    form = form_of(idp, sent(custom_name=name, custom_source="extension.CostCentre"))
    assert form.is_valid()
    assert {
        "target": f"attributes.{name}",
        "sources": ["extension.CostCentre"],
    } in form.rows()


@pytest.mark.parametrize(
    "name",
    ["", "1st", "_x", "__class__", "a b", "a.b", "成本", "x" * 33, "a\u200b", "ａ"],
)
def test_I_15_another_name_is_refused(idp: IdentityProvider, name: str) -> None:
    form = form_of(idp, sent(custom_name=name, custom_source="extension.CostCentre"))
    assert len(form.errors()) == 1


def test_I_15_the_same_name_twice_is_refused_ignoring_case(
    idp: IdentityProvider,
) -> None:
    data = sent(
        custom_name=["Desk", "desk"], custom_source=["extension.a", "extension.b"]
    )
    assert [label for _w, label, _t in form_of(idp, data).errors()] == ["desk"]


def test_I_15_more_than_fifty_custom_fields_are_refused(idp: IdentityProvider) -> None:
    names = [f"f{n}" for n in range(51)]
    keys = [f"extension.f{n}" for n in range(51)]
    form = form_of(idp, sent(custom_name=names, custom_source=keys))
    assert [text for _w, label, text in form.errors() if not label]


def test_a_custom_row_without_a_source_is_refused(idp: IdentityProvider) -> None:
    for source in ([], [""]):
        form = form_of(idp, sent(custom_name="Desk", custom_source=source))
        assert not form.is_valid()


def test_a_field_with_a_chinese_key_gets_a_name_that_can_be_changed(
    idp: IdentityProvider,
) -> None:
    form = form_of(idp, sent())
    form.add("extension.工位")
    form.add("extension.成本")
    form.add("extension.CostCentre")
    assert [entry.name for entry in form.entries if entry.custom] == [
        "field1",
        "field2",
        "CostCentre",
    ]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13900001111", "139****1111"),
        ("12345", "*****"),
        ("", ""),
        ("1234567", "1234567"),
    ],
)
def test_numbers_of_people_are_shown_with_their_middle_hidden(
    number: str, shown: str
) -> None:
    assert masked(number) == shown


# --- the page ---


@pytest.fixture
def sample(console: Client, idp: IdentityProvider) -> str:
    return words(console.get(reverse("identity:sample", args=[idp.pk])))


def test_S131_extended_fields_come_with_a_value_and_a_button(sample: str) -> None:
    assert "CostCentre" in sample
    assert "工位" in sample
    assert 'name="add" value="extension.CostCentre"' in sample
    assert "% filled" in sample


def test_fields_that_cost_a_call_per_person_say_so(sample: str) -> None:
    manager = sample.split("Direct manager")[1].split("</li>")[0]
    assert "one call per person" in manager
    for free in ("Nickname", "CostCentre"):
        assert "one call per person" not in sample.split(free)[1].split("</li>")[0]


def test_no_whole_mobile_number_is_in_the_sample(
    sample: str, simulator: Simulator
) -> None:
    numbers = [person.mobile for person in simulator.company.people.values()]
    assert any(numbers)
    assert not [number for number in numbers if number and number in sample]
    assert "****" in sample


def test_adding_and_removing_a_row_saves_nothing_and_loses_nothing(
    console: Client, tested: IdentityProvider
) -> None:
    rows = {"scope": "all", "source.name": "name", "source.title": "remark"}
    shown = words(
        console.post(page(tested, "sync"), rows | {"add": "extension.CostCentre"})
    )
    assert 'name="custom_name" id="id_custom_1"' in shown
    title = shown.split('name="source.title"')[1].split("</select>")[0]
    assert '<option value="remark" selected>' in title
    rows |= {"custom_name": "CostCentre", "custom_source": "extension.CostCentre"}
    shown = words(console.post(page(tested, "sync"), rows | {"remove": "1"}))
    assert 'name="custom_name"' not in shown
    tested.refresh_from_db()
    assert tested.is_draft


def test_a_mapping_with_an_error_is_not_saved(
    console: Client, tested: IdentityProvider
) -> None:
    rows = {"scope": "all", "source.name": "name", "source.password": "name"}
    response = console.post(page(tested, "sync"), rows)
    assert response.status_code == 422
    assert "password is not a field of the directory" in words(response)
    tested.refresh_from_db()
    assert tested.is_draft


def test_the_live_sample_is_shown_beside_its_row(
    console: Client, tested: IdentityProvider
) -> None:
    shown = words(console.get(page(tested, "sync"), {"open": "top"}))
    row = shown.split('name="source.name"')[1].split("</tr>")[0]
    assert "100 %" in row
    assert "data-sample>–" not in row


def row_of(shown: str, name: str) -> str:
    return shown.split(f' id="id_source.{name}"')[1].split("</tr>")[0]


def test_U09_the_share_is_of_all_sources_of_a_row(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    """S130: and a sample out of the second one says so."""
    for number, person in enumerate(simulator.company.people.values()):
        person.remark = ""
        person.title = "Boss" if number % 2 else ""
        person.job_number = "" if number % 2 else "J1"
    rows: dict[str, Any] = {"scope": "all", "source.name": "name", "read": "sample"}
    rows |= {"source.title": ["remark", "job_number"]}
    shown = words(console.post(page(tested, "sync"), rows))
    listed = int(shown.split("Read from ")[1].split()[0])
    title = row_of(shown, "title")
    assert "100 %" not in title
    assert "J1" in title
    assert "data-second-hand>" in title
    rows["source.title"] = ["title", "job_number"]
    title = row_of(words(console.post(page(tested, "sync"), rows)), "title")
    assert "100 %" in title
    assert f"{listed} of {listed}" in title
    assert "Boss" in title
    assert "data-second-hand hidden" in title
    again = shown.split('id="sample-state"')[1].split("</div>")[0]
    assert 'name="read" value="sample"' in again.split("<noscript>")[1]


def test_detail_fields_have_a_sample_of_those_who_were_asked_alone(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    """U09: 0 percent would be a lie about everybody else."""
    for person in simulator.company.people.values():
        person.manager_userid = "boss-1"
    rows = {"scope": "all", "source.name": "name", "read": "sample"}
    rows |= {"source.manager_userid": "manager_userid"}
    manager = row_of(words(console.post(page(tested, "sync"), rows)), "manager_userid")
    assert "boss-1" in manager
    assert "100 %" in manager
    assert "10 of 10" in manager


def test_a_sample_is_shown_although_nobody_may_be_asked_alone(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    simulator.faults.add("banned_page", "/topapi/v2/user/get")
    rows = {"scope": "all", "source.name": "name", "read": "sample"}
    rows |= {"source.manager_userid": "manager_userid"}
    shown = words(console.post(page(tested, "sync"), rows))
    assert "100 %" in row_of(shown, "name")
    assert "data-filled>–" in row_of(shown, "manager_userid")


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        (["1", "-2.5"], "Number"),
        (["2024-01-31", "2024/2/1"], "Date"),
        (["true", "false"], "Yes/No"),
        (["是", "否"], "Yes/No"),
        (['["a", "b"]'], "List"),
        (["a@example.test"], "E-mail"),
        (["C9", "12"], "Text"),
        (["1" * 40], "Text"),
    ],
)
def test_S131_the_type_of_a_custom_field_is_what_all_values_look_like(
    console: Client,
    idp: IdentityProvider,
    simulator: Simulator,
    values: list[str],
    seen: str,
) -> None:
    for number, person in enumerate(simulator.company.people.values()):
        person.extension = {"Odd": values[number % len(values)]}
    shown = words(console.get(reverse("identity:sample", args=[idp.pk])))
    field = shown.split('data-key="extension.Odd"')[1].split("</li>")[0]
    assert f"{seen} (" in field
    assert "type as the values look" in field


def test_S131_each_field_has_its_type_in_both_languages(sample: str) -> None:
    for key, kind in (
        ("hired_date", "Date (日期)"),
        ("roles", "List (列表)"),
        ("nickname", "Text (文本)"),
        ("manager_userid", "Person (人员)"),
    ):
        field = sample.split(f'data-key="{key}"')[1].split("</li>")[0]
        assert kind in field, key


def test_what_is_mapped_is_not_offered_again(sample: str) -> None:
    assert ' data-key="mobile" hidden' in sample
    assert ' data-key="nickname">' in sample


def test_S131_a_sample_that_cannot_be_read_says_what_why_and_what_now(
    console: Client, idp: IdentityProvider, simulator: Simulator
) -> None:
    simulator.permissions.clear()
    shown = words(console.get(reverse("identity:sample", args=[idp.pk])))
    assert "The sample could not be read" in shown
    assert "qyapi" in shown.split("The sample could not be read")[1].split("</p>")[0]
    assert "custom fields are missing" in shown
    assert "Try again" in shown
    assert 'name="add" value="nickname"' in shown


def test_a_field_goes_to_the_row_it_is_meant_for_if_that_is_free(
    idp: IdentityProvider,
) -> None:
    form = form_of(idp, sent(source__title=""))
    assert form.add("title") == "Title"
    assert form.add("manager_userid") == "Manager"
    assert form.add("mobile") == "mobile"
    rows = {row["target"]: row["sources"] for row in form.rows()}
    assert rows["title"] == ["title"]
    assert rows["manager_userid"] == ["manager_userid"]
    assert rows["attributes.mobile"] == ["mobile"]
    assert rows["mobile"] == ["mobile"]


def test_S131_without_script_the_button_brings_the_list_with_a_sample(
    console: Client, tested: IdentityProvider
) -> None:
    """And it stays while fields are added."""
    rows = {"scope": "all", "source.name": "name"}
    shown = words(console.post(page(tested, "sync"), rows | {"read": "extended"}))
    section = shown.split('id="extended"')[1]
    assert not section.split(">")[0].endswith(" popover")
    assert "CostCentre" in section
    assert 'name="listed" value="extended"' in shown
    rows |= {"listed": "extended", "sampled": "1", "add": "extension.CostCentre"}
    shown = words(console.post(page(tested, "sync"), rows))
    assert "Added to the mapping as CostCentre" in shown
    assert ' data-key="extension.CostCentre" hidden' in shown
