"""Settings: the Enterprise Authentication Identifier and the company's name."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.models import AuditEvent, Enterprise, LogonSession


def save(client: Client, identifier: str, name: str = "Acme") -> Any:
    return client.post("/settings/", {"name": name, "identifier": identifier})


def test_the_identifier_is_made_once_and_can_be_copied(
    console: Client, staff_console: Client
) -> None:
    """S172"""
    page = console.get("/settings/").content.decode()
    enterprise = Enterprise.objects.get()
    assert "Enterprise Authentication Identifier" in page
    assert f'value="{enterprise.identifier}" readonly' in page
    assert 'data-copy="enterprise-identifier"' in page
    assert enterprise.identifier in staff_console.get("/settings/").content.decode()


@pytest.mark.parametrize("identifier", ["abc", "a" * 64, "Acme_2026-DingTalk"])
def test_an_administrator_changes_it(console: Client, identifier: str) -> None:
    """S172"""
    response = save(console, identifier)
    assert response.status_code == 302
    assert Enterprise.load().identifier == identifier
    assert "Saved." in console.get("/settings/").content.decode()


@pytest.mark.parametrize(
    "identifier", ["ab", "a" * 65, "acme corp", "公司公司", "acme/1", "acme.1", ""]
)
def test_what_is_no_identifier_is_refused_at_the_field(
    console: Client, identifier: str
) -> None:
    before = Enterprise.load().identifier
    response = save(console, identifier)
    page = response.content.decode()
    assert response.status_code == 422
    assert 'aria-invalid="true"' in page
    assert f'value="{before}" readonly' in page
    assert Enterprise.load().identifier == before
    assert AuditEvent.objects.count() == 0


def test_blanks_around_it_are_no_part_of_it(console: Client) -> None:
    save(console, "  acme \n")
    assert Enterprise.load().identifier == "acme"


def test_the_change_is_written_down_with_before_and_after(console: Client) -> None:
    """U50"""
    Enterprise.objects.create(pk=1, name="Acme", identifier="old-one")
    save(console, "new-one")
    event = AuditEvent.objects.get()
    assert event.action == "settings.change"
    assert event.actor_name == "alice"
    assert event.detail == {"identifier": {"before": "old-one", "after": "new-one"}}


def test_saving_what_stands_already_is_no_change(console: Client) -> None:
    Enterprise.objects.create(pk=1, name="Acme", identifier="acme")
    assert save(console, "acme").status_code == 302
    assert AuditEvent.objects.count() == 0


def test_staff_cannot_change_it(staff_console: Client) -> None:
    Enterprise.objects.create(pk=1, name="Acme", identifier="acme")
    assert save(staff_console, "taken-over").status_code == 403
    assert Enterprise.load().identifier == "acme"
    page = staff_console.get("/settings/").content.decode()
    assert 'name="identifier"' not in page


def test_a_visitor_cannot_change_it(client: Client, db: None) -> None:
    assert save(client, "taken-over").status_code == 302
    assert not Enterprise.objects.filter(identifier="taken-over").exists()


def test_t48_less_history_needs_the_password_and_more_does_not(
    console: Client,
) -> None:
    """What is older goes for good, and with it undo and the past of the directory."""
    enterprise = Enterprise.load()
    LogonSession.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    sent = {"name": "Acme", "identifier": enterprise.identifier}
    kept = enterprise.history_days
    answer = console.post("/settings/", sent | {"history_days": "30"})
    assert answer.status_code == 422
    assert Enterprise.load().history_days == kept
    assert 'name="own_password"' in answer.text
    assert console.post("/settings/", sent | {"history_days": kept}).status_code == 302
    longer = sent | {"history_days": str(kept + 1)}
    assert console.post("/settings/", longer).status_code == 302
    proven = sent | {"history_days": "30", "own_password": "correct horse battery"}
    assert console.post("/settings/", proven).status_code == 302
    assert Enterprise.load().history_days == 30
