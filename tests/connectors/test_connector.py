"""DingTalk's answers to the contract: lookups, live departments, samples, fields."""

from collections import Counter
from typing import Any

import pytest

from identity import mapping
from identity.connectors import errors, registry
from identity.connectors.base import Addresses
from identity.connectors.dingtalk import client as calls
from identity.connectors.dingtalk.connector import DingTalk
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.records import FaultKind, Standing
from tests.connectors.conftest import CountingGate

pytestmark = pytest.mark.alone

# --- lookup ---


def test_a_person_who_is_there_is_found_with_details_and_places(
    dingtalk: DingTalk, simulator: Simulator, gate: CountingGate
) -> None:
    company = simulator.company
    person = company.hire("Found", 501001, 501002, manager_userid="boss", title="Head")
    company.lead(person.userid, 501002)
    found = dingtalk.lookup(person.userid)
    assert found.standing is Standing.FOUND
    assert found.employee is not None
    assert found.employee.values["manager_userid"] == "boss"
    assert found.employee.values["title"] == "Head"
    assert found.employee.known == {"", "fieldMobile", "fieldEmail", "detail"}
    assert found.employee.unionid == person.unionid
    places = {m.department_id: (m.order, m.leader) for m in found.memberships}
    assert places == {
        "501001": (person.departments[501001], False),
        "501002": (person.departments[501002], True),
    }
    assert [found.read] == gate.passed[calls.USER]
    assert simulator.calls[calls.USER] == 1


def test_only_no_such_person_is_gone(
    dingtalk: DingTalk, simulator: Simulator, gate: CountingGate
) -> None:
    """T-09."""
    simulator.faults.add(effects.error("60121"), calls.USER)
    found = dingtalk.lookup("u1")
    assert found.standing is Standing.GONE
    assert found.fault is None
    assert [found.read] == gate.passed[calls.USER]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("50002", FaultKind.OUT_OF_SCOPE),
        ("50004", FaultKind.OUT_OF_SCOPE),
        ("60011", FaultKind.PERMISSION),
        ("33012", FaultKind.CHANGED),
        ("60003", FaultKind.CHANGED),
        ("31415", FaultKind.MALFORMED),
    ],
)
def test_a_person_who_may_not_be_read_is_unreadable_and_not_gone(
    dingtalk: DingTalk, simulator: Simulator, code: str, kind: FaultKind
) -> None:
    """S049, T-09: nobody loses access by a permission."""
    simulator.faults.add(effects.error(code), calls.USER)
    found = dingtalk.lookup("u1")
    assert found.standing is Standing.UNREADABLE
    assert found.fault is not None
    assert found.fault.kind is kind
    assert found.fault.where == "u1"


def test_an_answer_about_somebody_else_is_unreadable(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    one, other = list(simulator.company.people)[:2]

    def exchange(content: dict[str, dict[str, str]]) -> None:
        content["result"]["userid"] = other

    simulator.faults.add(effects.altered(exchange), calls.USER)
    found = dingtalk.lookup(one)
    assert found.standing is Standing.UNREADABLE
    assert found.employee is None


def test_a_malformed_person_is_unreadable(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    userid = next(iter(simulator.company.people))
    simulator.company.distort(userid, dept_id_list=["x"])
    found = dingtalk.lookup(userid)
    assert found.standing is Standing.UNREADABLE
    assert found.fault is not None
    assert found.fault.kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("busy", errors.Unreachable),
        ("quota_used_up", errors.Throttled),
        ("token_invalid", errors.CredentialsRejected),
        ("address_refused", errors.AddressRejected),
    ],
)
def test_a_lookup_that_says_nothing_about_the_person_raises(
    dingtalk: DingTalk,
    simulator: Simulator,
    fault: str | effects.Effect,
    kind: type[errors.ConnectorError],
) -> None:
    """R7: never gone, never found."""
    simulator.faults.add(fault, calls.USER)
    with pytest.raises(kind):
        dingtalk.lookup(next(iter(simulator.company.people)))


# --- departments, live ---


def test_the_top_of_a_whole_range_is_the_root(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    (root,) = dingtalk.departments(None)
    assert (root.id, root.name, root.parent_id) == ("1", simulator.company.name, None)


def test_the_tops_of_a_narrow_range_are_its_departments(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    simulator.narrow({501001, 501002})
    tops = dingtalk.departments(None)
    assert [top.id for top in tops] == ["501001", "501002"]
    assert {top.parent_id for top in tops} == {"1"}


def test_children_are_live_in_order_and_without_ids_below_zero(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    added = simulator.company.add_department("Brand New")
    found = dingtalk.departments("1")
    wanted = [d for d in simulator.company.children(1) if d.real]
    assert [d.id for d in found] == [str(d.id) for d in wanted]
    assert [d.order for d in found] == list(range(len(wanted)))
    assert found[-1].id == str(added.id)
    assert {d.parent_id for d in found} == {"1"}


def test_one_department_is_asked_for_by_its_id(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    found = dingtalk.department("501001")
    assert (found.id, found.parent_id) == ("501001", "1")
    assert found.name == simulator.company.department(501001).name


@pytest.mark.parametrize("key", ["0", "-1", "01", "x", "", "9" * 20, "１"])
def test_an_id_that_dingtalk_never_gave_out_is_gone_without_a_call(
    dingtalk: DingTalk, simulator: Simulator, key: str
) -> None:
    """I-13."""
    with pytest.raises(errors.Gone):
        dingtalk.department(key)
    with pytest.raises(errors.Gone):
        dingtalk.departments(key)
    assert not simulator.calls


# --- the sample of the mapping page ---


def test_a_sample_meets_people_below_a_root_that_has_few(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    people = [e for batch in dingtalk.sample() for e in batch.employees]
    assert len(people) > 5
    assert {e.userid for e in people} <= simulator.company.people.keys()
    assert simulator.calls[calls.USER] == 0
    assert simulator.calls[calls.MEMBERS] <= 6


def test_a_sample_is_no_larger_than_asked_for(dingtalk: DingTalk) -> None:
    people = [e for batch in dingtalk.sample(3) for e in batch.employees]
    assert len(people) == 3


def test_a_sample_shows_custom_fields(dingtalk: DingTalk, simulator: Simulator) -> None:
    """S131."""
    simulator.company.hire("Custom", extension={"Badge": "B7"})
    people = [e for batch in dingtalk.sample() for e in batch.employees]
    assert "B7" in {e.values.get("extension.Badge") for e in people}


def test_a_sample_of_an_empty_company_is_empty(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    for userid in list(simulator.company.people):
        simulator.company.let_go(userid)
    assert not [e for batch in dingtalk.sample() for e in batch.employees]


# --- what it declares ---


def test_the_registry_finds_it_by_its_kind() -> None:
    assert registry.get("dingtalk") is DingTalk


def test_fields_have_labels_in_both_languages_and_keys_of_their_own() -> None:
    """S130."""
    fields = DingTalk.source_fields()
    assert max(Counter(field.key for field in fields).values()) == 1
    for field in fields:
        assert field.label.isascii()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in field.label_zh)


def test_the_default_mapping_feeds_every_field_without_a_call_per_person() -> None:
    """Design 8; `org_email` only as a fallback of `email`."""
    built = mapping.build([], DingTalk.source_fields())
    assert not built.details
    feeding = {row.target: row.sources for row in built.rows}
    assert feeding["email"] == ("email", "org_email")
    assert feeding.keys() == mapping.FIELDS.keys() - {"manager_userid"}
    assert built.gates["mobile"] == "fieldMobile"
    assert {built.gates[f] for f in ("email", "work_place", "remark")} == {"fieldEmail"}


def test_custom_fields_share_the_permission_of_all_custom_fields() -> None:
    rows = [
        {"target": "name", "sources": ["name"]},
        {"target": "attributes.Cost", "sources": ["extension.CostCentre"]},
        {"target": "manager_userid", "sources": ["manager_userid"]},
    ]
    built = mapping.build(rows, DingTalk.source_fields())
    assert built.gates["attributes.Cost"] == "fieldEmail"
    assert built.gates["manager_userid"] == mapping.DETAIL
    assert built.details


def test_three_values_to_copy_say_where_they_go() -> None:
    """S088 to S091, S063, S066."""
    values = DingTalk.copy_values(
        Addresses("https://a/e/", "https://a/h/", "https://a/c")
    )
    assert [(v.label, v.value) for v in values] == [
        ("Request URL", "https://a/e/"),
        ("Application Homepage Address", "https://a/h/"),
        ("Callback Domain Name", "https://a/c"),
    ]
    assert all(value.used_in for value in values)
    assert "Login Integration" in values[2].used_in


def test_its_own_form_asks_for_its_own_settings() -> None:
    names = {*DingTalk.plain_settings, *DingTalk.secret_settings}
    assert names == set(DingTalk.credentials_form().base_fields)
    assert set(DingTalk.tested_settings) <= names


# --- what a detail field costs ---


def test_the_headcount_is_one_call_and_knows_no_scope(
    dingtalk: DingTalk, simulator: Simulator, gate: CountingGate
) -> None:
    simulator.authed_departments = {501001}
    people = len(simulator.company.people)
    assert dingtalk.headcount() == people
    assert len(gate.passed[calls.USER_COUNT]) == 1


def test_a_headcount_that_may_not_be_asked_is_an_error(
    dingtalk: DingTalk, simulator: Simulator
) -> None:
    simulator.permissions.clear()
    with pytest.raises(errors.PermissionMissing):
        dingtalk.headcount()


def test_the_rate_is_what_the_pacer_keeps(dingtalk: DingTalk, settings: Any) -> None:
    settings.DINGTALK_RATE = 20.0
    assert dingtalk.rate() == 20
