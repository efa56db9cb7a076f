"""Synchronization Settings: the scope, I-13, and the department picker."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from identity.connectors import registry
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.forms.scope import MOST_DEPARTMENTS, ScopeForm
from identity.gate import DatabaseGate
from identity.models import IdentityProvider
from identity.views.settings_page import SettingsPage
from tests.identity.conftest import page, words

ROOT = "1"


@pytest.fixture
def company(db: None, credentials: dict[str, str]) -> dict[str, str]:
    """Ids of a department with one below it, the leaf below, and one beside it."""
    connector = registry.get("dingtalk")(credentials, DatabaseGate())
    top, *_rest, beside = connector.departments(ROOT)
    below, leaf = top, top
    while children := connector.departments(leaf.id):
        below, leaf = (children[0] if leaf is top else below), children[0]
    assert below is not top
    return {
        "top": top.id,
        "below": below.id,
        "leaf": leaf.id,
        "beside": beside.id,
        "name": top.name,
        "beside name": beside.name,
    }


def sent(*departments: str, scope: str = "partial", **more: Any) -> QueryDict:
    data = QueryDict(mutable=True)
    data["scope"] = scope
    data.setlist("departments", list(departments))
    for name, value in more.items():
        data[name] = value
    return data


def form_of(idp: IdentityProvider, data: QueryDict) -> ScopeForm:
    form = SettingsPage(idp, data).form
    form.is_valid()
    return form


def codes(form: ScopeForm) -> dict[str, list[str]]:
    return {
        name: [str(error.code) for error in found]
        for name, found in form.errors.as_data().items()
    }


def test_S128_the_whole_structure_needs_no_departments(idp: IdentityProvider) -> None:
    form = form_of(idp, sent("501001", scope="all"))
    assert codes(form) == {}
    assert form.cleaned_data["departments"] == []


def test_S129_chosen_departments_keep_their_names_and_what_is_above_them(
    idp: IdentityProvider, company: dict[str, str]
) -> None:
    form = form_of(idp, sent(company["below"]))
    assert form.cleaned_data["departments"] == [company["below"]]
    assert form.labels[company["below"]]["path"] == [ROOT, company["top"]]


def test_I_13_a_parent_and_its_child_together_are_the_parent(
    idp: IdentityProvider, company: dict[str, str]
) -> None:
    form = form_of(idp, sent(company["below"], company["top"], company["beside"]))
    assert form.cleaned_data["departments"] == [company["top"], company["beside"]]
    assert set(form.labels) == {company["top"], company["beside"]}


def test_I_13_the_same_department_twice_is_one(
    idp: IdentityProvider, company: dict[str, str]
) -> None:
    form = form_of(idp, sent(company["top"], company["top"]))
    assert form.cleaned_data["departments"] == [company["top"]]


def test_the_root_may_be_chosen(idp: IdentityProvider, company: dict[str, str]) -> None:
    form = form_of(idp, sent(ROOT, company["top"]))
    assert form.cleaned_data["departments"] == [ROOT]


@pytest.mark.parametrize("departments", [[], [""], [" "]])
def test_I_13_choosing_nobody_is_an_error(
    idp: IdentityProvider, departments: list[str]
) -> None:
    """It would end everybody's access."""
    form = form_of(idp, sent(*departments))
    assert "departments" in codes(form)


@pytest.mark.parametrize(
    "department",
    [
        "999999",
        "0",
        "-1",
        "1.0",
        "abc",
        "01",
        "\u0000",
        "١",
        "1" * 400,
        "' OR 1=1",
        "[]",
    ],
)
def test_I_13_an_unknown_department_is_refused(
    idp: IdentityProvider, company: dict[str, str], department: str
) -> None:
    form = form_of(idp, sent(company["top"], department))
    assert codes(form) == {"departments": ["unknown"]}


def test_I_13_a_hundred_thousand_departments_are_refused_without_asking(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    before = sum(simulator.calls.values())
    form = form_of(idp, sent(*(str(n) for n in range(100_000))))
    assert codes(form) == {"departments": ["too_many"]}
    assert sum(simulator.calls.values()) == before
    assert MOST_DEPARTMENTS < 100_000


@pytest.mark.parametrize("scope", ["", "ALL", "some", "\u202eall"])
def test_another_scope_is_refused(idp: IdentityProvider, scope: str) -> None:
    assert list(codes(form_of(idp, sent("501001", scope=scope)))) == ["scope"]


def test_a_scope_that_was_sent_twice_is_refused(idp: IdentityProvider) -> None:
    data = sent("501001")
    data.setlist("scope", ["all", "partial"])
    assert codes(form_of(idp, data))["scope"] == ["twice"]


def test_a_choice_from_before_survives_while_dingtalk_is_away(
    idp: IdentityProvider, company: dict[str, str], simulator: Simulator
) -> None:
    page_before = SettingsPage(idp, sent(company["top"]))
    assert page_before.is_valid()
    page_before.put_into(idp)
    idp.save()
    simulator.permissions.clear()
    again = form_of(idp, sent(company["top"]))
    assert codes(again) == {}
    assert again.labels == idp.department_labels
    new = form_of(idp, sent(company["top"], company["beside"]))
    assert codes(new) == {"departments": ["unreachable"]}


# --- the page ---


def test_S126_S127_S128_S129_S130_S131_the_last_step_carries_the_labels(
    console: Client, tested: IdentityProvider
) -> None:
    shown = words(console.get(page(tested, "sync")))
    for text in (
        "Synchronization Settings",
        "Organizational Structure Synchronization",
        "Synchronize All",
        "Partially Synchronize",
        "Field Synchronization Mapping",
        "View Extended Fields",
        "SASE field",
        "DingTalk field",
        "Confirm",
    ):
        assert text in shown, text


def test_the_page_itself_asks_dingtalk_nothing(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    """So it opens at once, whatever DingTalk does; branches and sample come later."""
    before = sum(simulator.calls.values())
    assert console.get(page(tested, "sync")).status_code == 200
    assert sum(simulator.calls.values()) == before


def test_a_branch_is_a_fragment_with_one_box_for_each_department(
    console: Client, idp: IdentityProvider, company: dict[str, str]
) -> None:
    address = reverse("identity:departments", args=[idp.pk])
    tops = words(console.get(address))
    assert 'value="1"' in tops
    assert "<html" not in tops
    children = words(console.get(address, {"parent": ROOT}))
    assert f'id="dept-{company["top"]}"' in children
    assert 'data-parent="1"' in children
    assert company["name"] in children
    leaf = words(console.get(address, {"parent": company["leaf"]}))
    assert "No sub-departments" in leaf


@pytest.mark.parametrize("parent", ["999999", "0", "-1", "abc", "\u0000", "x" * 5000])
def test_a_branch_that_cannot_be_read_says_why(
    console: Client, idp: IdentityProvider, parent: str
) -> None:
    address = reverse("identity:departments", args=[idp.pk])
    response = console.get(address, {"parent": parent})
    assert response.status_code == 200
    assert "Try again" in words(response)


def test_without_script_branches_open_and_ticks_are_kept(
    console: Client, tested: IdentityProvider, company: dict[str, str]
) -> None:
    """Each button sends the whole form, and saves nothing."""
    shown = words(console.get(page(tested, "sync"), {"open": "top"}))
    assert 'name="open" value="1"' in shown
    step = {"scope": "partial", "departments": company["beside"], "opened": ["top"]}
    shown = words(console.post(page(tested, "sync"), step | {"open": ROOT}))
    assert f'id="dept-{company["top"]}"' in shown
    assert _is_ticked(shown, company["beside"])
    assert not _is_ticked(shown, company["top"])
    assert 'name="close" value="1"' in shown
    step["opened"] = ["top", ROOT]
    shown = words(console.post(page(tested, "sync"), step | {"close": ROOT}))
    assert f'id="dept-{company["top"]}"' not in shown
    assert f'type="hidden" name="departments" value="{company["beside"]}"' in shown
    tested.refresh_from_db()
    assert tested.is_draft
    assert tested.departments == []


def _is_ticked(shown: str, department: str) -> bool:
    box = shown.split(f'id="dept-{department}"')[1].split(">")[0]
    return " checked" in box


@pytest.fixture
def circle(simulator: Simulator) -> tuple[str, str]:
    """Two departments, each below the other, as a vendor's fault may report them."""
    company = simulator.company
    upper = company.add_department("Upper", 501001)
    lower = company.add_department("Lower", upper.id)
    company.below.setdefault(lower.id, []).append(upper.id)
    upper.parent_id = lower.id
    return str(upper.id), str(lower.id)


def test_a_department_below_itself_is_shown_once_and_the_page_ends(
    console: Client, tested: IdentityProvider, circle: tuple[str, str]
) -> None:
    opened = ["top", ROOT, "501001", *circle]
    response = console.get(page(tested, "sync"), {"open": opened})
    assert response.status_code == 200
    for one in circle:
        assert words(response).count(f'id="dept-{one}"') == 1


@pytest.mark.parametrize("turned", [False, True])
def test_two_chosen_departments_in_a_circle_leave_the_first_of_them(
    idp: IdentityProvider, circle: tuple[str, str], *, turned: bool
) -> None:
    first, second = reversed(circle) if turned else circle
    form = form_of(idp, sent(first, second))
    assert form.errors == {}
    assert form.cleaned_data["departments"] == [first]
    assert form.labels[first]["path"] == [second]


def test_one_department_of_a_circle_stays_chosen(
    idp: IdentityProvider, circle: tuple[str, str]
) -> None:
    for one in circle:
        form = form_of(idp, sent(one))
        assert form.cleaned_data.get("departments") == [one]


def test_without_script_a_button_reads_the_departments_and_nothing_seems_to_wait(
    console: Client, tested: IdentityProvider
) -> None:
    """U46: the spinner is shown by script, which also fetches what it waits for."""
    shown = words(console.get(page(tested, "sync")))
    waiting = shown.split('class="sb-loading"')[1].split(">")[0]
    assert " hidden" in waiting
    button = shown.split("<noscript>")[1].split("</noscript>")[0]
    assert 'name="open" value="top"' in button


def test_the_chosen_ones_are_named_later_without_asking(
    console: Client,
    tested: IdentityProvider,
    company: dict[str, str],
    simulator: Simulator,
) -> None:
    data = {"scope": "partial", "departments": [company["top"], company["beside"]]}
    console.post(page(tested, "sync"), data)
    tested.refresh_from_db()
    assert tested.scope == "partial"
    assert tested.departments == [company["top"], company["beside"]]
    simulator.permissions.clear()
    shown = words(console.get(page(tested, "sync")))
    assert company["name"] in shown
    assert company["beside name"] in shown


def test_a_department_above_a_chosen_one_is_marked_as_partly(
    console: Client, tested: IdentityProvider, company: dict[str, str]
) -> None:
    data = {"scope": "partial", "departments": [company["below"]]}
    console.post(page(tested, "sync"), data)
    shown = words(console.get(page(tested, "sync"), {"open": ["top", ROOT]}))
    label = shown.split(f'id="dept-{company["top"]}"')[1].split("</label>")[0]
    assert "data-partly>partly" in label


def test_errors_of_the_scope_come_back_with_the_choice(
    console: Client, tested: IdentityProvider
) -> None:
    response = console.post(
        page(tested, "sync"), {"scope": "partial", "departments": ["999999"]}
    )
    shown = words(response)
    assert response.status_code == 422
    assert "There is no department 999999" in shown
    assert 'value="partial" checked' in shown
    tested.refresh_from_db()
    assert tested.is_draft


def test_while_dingtalk_is_away_the_page_works_and_says_so(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    simulator.permissions.clear()
    response = console.get(page(tested, "sync"), {"open": "top"})
    shown = words(response)
    assert response.status_code == 200
    assert "could not be asked" in shown
    assert "Confirm" in shown


def test_a_lost_key_is_said_in_the_picker_too(
    console: Client, idp: IdentityProvider, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = ["another key"]
    for name in ("departments", "sample"):
        response = console.get(reverse(f"identity:{name}", args=[idp.pk]))
        assert response.status_code == 200
        assert "ENCRYPTION_KEYS" in words(response)
