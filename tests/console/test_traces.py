"""Traces of logons for administrators and staff: the list, its search, one attempt."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.connectors.records import LogonStage
from identity.logon import Outcome
from identity.logon.causes import CAUSES, STAGES, cause_of, steps_of
from identity.models import IdentityProvider
from tests import builders
from tests.sync_views.reading import read, words

pytestmark = [pytest.mark.alone, pytest.mark.django_db]
LIST = reverse("console:logons")


@pytest.fixture
def acme() -> IdentityProvider:
    return builders.idp("Acme")


def test_every_outcome_has_a_cause_and_a_fix_and_every_stage_a_name() -> None:
    """U21: an error says what, why, what now."""
    assert set(CAUSES) == set(Outcome) - {Outcome.SUCCESS}
    assert set(STAGES) == set(LogonStage)
    assert all(str(cause) and str(fix) for cause, fix in CAUSES.values())


@pytest.mark.parametrize("outcome", set(Outcome) - {Outcome.SUCCESS})
def test_the_words_of_every_outcome_can_be_filled(
    acme: IdentityProvider, outcome: Outcome
) -> None:
    cause, fix = cause_of(builders.attempt(acme, outcome, "status"))
    assert cause
    assert fix
    assert "%(" not in cause + fix


def test_a_trace_shows_what_was_passed_what_failed_and_what_was_not_reached(
    console: Client, acme: IdentityProvider
) -> None:
    """S176: the failing stage is the open one, with its fix."""
    failed = builders.attempt(acme, "stranger", "company", facts={"code": "60121"})
    assert [step.state for step in steps_of(failed)] == [
        *(["pass"] * 3),
        "fail",
        *(["skipped"] * 3),
    ]
    shown = words(read(console, reverse("console:logon", args=[failed.trace_id])))
    assert "The person is not, or no longer, in this company's DingTalk." in shown
    assert "DingTalk's code 60121" in shown


def test_a_trace_is_found_by_its_id_its_person_and_its_outcome(
    console: Client, acme: IdentityProvider
) -> None:
    fine = builders.attempt(acme, name="张三", userid="u-1", trace_id="abc123")
    failed = builders.attempt(acme, "left", "status", name="李四", userid="u-2")
    for query, found in (
        ("", {fine, failed}),
        ("?q=ABC123", {fine}),
        ("?q=u-2", {failed}),
        ("?q=张", {fine}),
        ("?q=u-", set()),
        ("?outcome=failed", {failed}),
        ("?outcome=success", {fine}),
        ("?outcome=odd", {fine, failed}),
    ):
        source = read(console, f"{LIST}{query}")
        shown = {one for one in (fine, failed) if f"/logons/{one.trace_id}/" in source}
        assert shown == found, query


def test_staff_see_no_mobile_in_a_trace(
    staff_console: Client, console: Client, acme: IdentityProvider
) -> None:
    one = builders.attempt(acme, name="Li 13900001111", userid="13900001111")
    for path in (LIST, reverse("console:logon", args=[one.trace_id])):
        assert "13900001111" not in read(staff_console, path)
        assert "13900001111" in read(console, path)


def test_a_trace_leads_to_its_person(console: Client, acme: IdentityProvider) -> None:
    person = builders.employee(acme, "u-1", "张三")
    one = builders.attempt(acme, name="张三", userid="u-1")
    source = read(console, reverse("console:logon", args=[one.trace_id]))
    assert reverse("sync:employee", args=[person.pk]) in source


def test_an_unknown_trace_is_not_found(console: Client) -> None:
    assert console.get(reverse("console:logon", args=["nope"])).status_code == 404
