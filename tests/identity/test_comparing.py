"""Another field mapping shows what it would change, before it is saved (U09)."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from identity.comparing import compare
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.records import EmployeeRecord
from identity.mapping import build
from identity.models import IdentityProvider
from sync.models import Employee
from tests.engine.conftest import Sync
from tests.engine.conftest import sync as sync
from tests.identity.conftest import words
from tests.identity.test_picker import plain

DEFAULT = {"scope": "all", "source.name": "name", "source.mobile": "mobile"}
DEFAULT |= {"source.title": "title", "source.job_number": "job_number"}


def compared(console: Client, idp: IdentityProvider, name: str, **rows: Any) -> str:
    """The fragment, or the whole page without script."""
    address = reverse(name, args=[idp.pk])
    sent = {**DEFAULT, "compare": "1", **rows}
    return plain(words(console.post(address, sent)))


def test_U09_what_is_shown_is_what_a_run_with_that_mapping_then_writes(
    idp: IdentityProvider, simulator: Simulator, sync: Sync, console: Client
) -> None:
    """A title from the number, and no number any more; told with whom it empties."""
    idp.mapping = [
        {"target": name, "sources": [name]}
        for name in ("name", "mobile", "title", "job_number")
    ]
    idp.save()
    company = simulator.company
    for number, userid in enumerate(company.people):
        company.update(userid, job_number=f"N{number}", title="Old title")
    sync()
    have = Employee.objects.filter(status="active").exclude(job_number="").count()
    rows = {"source.title": "job_number", "source.job_number": ""}
    shown = compared(console, idp, "identity:compare", **rows)
    assert (
        f"{have} people of the directory have a value now, and would lose it" in shown
    )
    assert "would be emptied for" in shown
    row = Employee.objects.filter(name__in=shown.split()).exclude(job_number="").first()
    assert row
    taken_over = row.job_number
    assert f"Title before Old title → after {taken_over}" in shown
    assert f"Job number before {taken_over} → after empty" in shown
    assert compared(console, idp, "identity:setup-sync", **rows).count("would lose it")
    idp.refresh_from_db()
    assert len(idp.mapping) == 4, "nothing is saved"
    idp.mapping = [
        *({"target": name, "sources": [name]} for name in ("name", "mobile")),
        {"target": "title", "sources": ["job_number"]},
    ]
    idp.save()
    sync()
    row.refresh_from_db()
    assert (row.title, row.job_number) == (taken_over, "")


@pytest.mark.django_db
def test_U09_a_vendor_that_cannot_be_asked_and_rows_that_cannot_be_used_are_said(
    tested: IdentityProvider, simulator: Simulator, console: Client
) -> None:
    shown = compared(console, tested, "identity:compare", **{"source.name": ""})
    assert "there is nothing to compare" in shown
    simulator.faults.add("banned_page")
    shown = compared(console, tested, "identity:compare", **{"source.title": "email"})
    assert "could not be asked" in shown


# --- who is chosen, what is hidden, what stays ---


@pytest.fixture
def sources(idp: IdentityProvider) -> Any:
    return idp.connector_class.source_fields()


def person(number: int, **values: str) -> EmployeeRecord:
    known = frozenset({"", "fieldMobile", "fieldEmail"})
    values = {"name": f"P{number}", **values}
    return EmployeeRecord(f"u{number}", f"union{number}", values, known=known)


def row(target: str, *keys: str) -> dict[str, Any]:
    return {"target": target, "sources": list(keys)}


@pytest.mark.django_db
def test_U09_people_are_shown_whom_it_changes_each_in_another_way_first(
    sources: Any,
) -> None:
    old = build([row("name", "name"), row("title", "title")], sources)
    new = build([row("name", "name"), row("title", "remark")], sources)
    people = [person(n, title="A") for n in range(9)]
    people += [person(9, title="A", remark="B"), person(10, title="A", remark="A")]
    found = compare(people, old, new, sources, {})
    assert [one.name for one in found.people] == ["P0", "P9", "P1", "P2", "P3"]
    (title,) = found.sums
    assert (title.changed, title.emptied, title.stored) == (10, 9, None)


@pytest.mark.django_db
def test_T_44_numbers_are_shown_with_their_middle_hidden(sources: Any) -> None:
    old = build([row("name", "name"), row("title", "title")], sources)
    new = build([row("name", "name"), row("title", "mobile")], sources)
    found = compare([person(1, mobile="13900001111")], old, new, sources, {})
    assert "13900001111" not in repr(found)
    assert found.people[0].turns[0].after == "139****1111"
