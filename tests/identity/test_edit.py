"""Edit Identity Source: a whole form, saved after a test of exactly the new values."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.connection import has_pass
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider
from tests.identity.conftest import page, words

WRONG = "wrong-secret-0123456789"


def test_S142_S143_S157_the_request_address_stands_beside_the_two_keys(
    console: Client, idp: IdentityProvider, path: str
) -> None:
    shown = words(console.get(path))
    block = shown.split('aria-labelledby="block-events"')[1].split("</section>")[0]
    assert "Edit Identity Source" in shown
    for text in ("AES Encryption Key", "Encryption Token", "Request Address"):
        assert text in block
    for text in ("Request URL", "Encryption Aes_key", "Signature Token"):
        assert text in block  # what DingTalk calls them
    assert f"/events/dingtalk/{idp.pk}/" in block
    assert "Save the keys here first, and press Save in DingTalk last" in block
    assert shown.count('name="aes_key"') == shown.count('name="token"') == 1


def test_A1_a_draft_has_the_keys_among_its_advanced_settings(
    console: Client, draft: IdentityProvider
) -> None:
    shown = words(console.get(reverse("identity:setup-basic", args=[draft.pk])))
    advanced = shown.split("<details")[-2].split("</details>")[0]
    assert 'name="aes_key"' in advanced
    assert 'name="token"' in advanced
    assert "block-events" not in shown


def test_S158_S159_S160_keys_of_the_event_push_are_saved_without_a_test(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
    simulator: Simulator,
) -> None:
    key = "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AMabcdeQ"
    before = sum(simulator.calls.values())
    response = console.post(path, kept | {"aes_key": key, "token": "a-token"})
    assert response.headers["Location"] == reverse("console:overview", args=[idp.pk])
    assert idp.secret("aes_key") == key
    assert idp.secret("token") == "a-token"
    assert sum(simulator.calls.values()) == before
    assert key not in words(console.get(path))


def test_an_empty_secret_keeps_the_old_one(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    before = idp.secret("app_secret")
    console.post(path, kept | {"description": "New title"})
    idp.refresh_from_db()
    assert idp.description == "New title"
    assert idp.secret("app_secret") == before


def test_one_wrong_field_saves_nothing(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    sent = kept | {"description": "New title", "sync_interval_hours": "25"}
    response = console.post(path, sent)
    idp.refresh_from_db()
    assert response.status_code == 422
    assert 'value="New title"' in words(response)
    assert idp.description == ""


def test_new_credentials_that_fail_are_refused_with_the_cause(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    before = idp.secret("app_secret")
    response = console.post(path, kept | {"app_secret": WRONG, "description": "New"})
    shown = words(response)
    idp.refresh_from_db()
    assert response.status_code == 422
    assert "Connection Failed" in shown
    assert "verify that the server address and server port are correct" in shown
    assert "DingTalk does not accept AppKey and AppSecret" in shown
    assert WRONG not in shown
    assert idp.secret("app_secret") == before
    assert idp.description == ""
    assert not AuditEvent.objects.exists()


def test_new_credentials_that_pass_are_saved_with_their_report(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
    typed: dict[str, Any],
) -> None:
    idp.set_secret("app_secret", WRONG)
    assert not has_pass(idp)
    console.post(path, kept | {"app_secret": typed["app_secret"]})
    assert idp.secret("app_secret") == typed["app_secret"]
    assert has_pass(idp)
    detail = AuditEvent.objects.get(action="idp.change").detail
    assert detail["app_secret"] == "changed"
    assert typed["app_secret"] not in str(detail)


def test_S092_closing_shows_the_warning(console: Client, path: str) -> None:
    assert "If you disable an identity source" in words(console.get(path))


def test_a_shorter_cycle_brings_the_next_synchronization_nearer(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    idp.next_due_at = timezone.now() + timedelta(hours=20)
    idp.save()
    console.post(path, kept | {"sync_interval_hours": "2"})
    idp.refresh_from_db()
    assert idp.next_due_at is not None
    assert idp.next_due_at <= timezone.now() + timedelta(hours=2)
    off = {k: v for k, v in kept.items() if k not in ("auto_sync", "sync_users")}
    console.post(path, off)
    idp.refresh_from_db()
    assert idp.next_due_at is None


def test_mended_credentials_are_tried_at_once_and_a_new_title_is_no_reason_to(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
    typed: dict[str, Any],
) -> None:
    """A wrong secret failed three times: nobody waits for the next attempt then."""
    later = timezone.now() + timedelta(hours=1)
    idp.failed_runs, idp.retry_at = 3, later
    idp.save()
    console.post(path, kept | {"description": "New title"})
    idp.refresh_from_db()
    assert (idp.failed_runs, idp.retry_at) == (3, later)
    idp.set_secret("app_secret", WRONG)
    console.post(path, kept | {"app_secret": typed["app_secret"]})
    idp.refresh_from_db()
    assert idp.failed_runs == 0
    assert idp.next_attempt_at is not None
    assert idp.next_attempt_at <= timezone.now()


def test_the_cycle_says_when_the_next_synchronization_is_due(
    console: Client, idp: IdentityProvider, path: str
) -> None:
    at = timezone.localtime().replace(hour=3, minute=17) + timedelta(days=1)
    IdentityProvider.objects.update(next_due_at=at)
    said = f"The next one is due at {at:%-d %b, %H:%M}."
    assert said in words(console.get(path))


def test_saving_what_is_there_changes_nothing(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    shown = words(console.post(path, kept, follow=True))
    assert "Nothing was changed." in shown
    assert not AuditEvent.objects.exists()


def test_a_lost_key_is_said_and_nothing_is_saved(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
    settings: Any,
) -> None:
    settings.ENCRYPTION_KEYS = ["another key"]
    assert console.get(path).status_code == 200
    response = console.post(path, kept | {"app_key": "dingsomethingelse"})
    assert response.status_code == 422
    assert "ENCRYPTION_KEYS" in words(response)
    idp.refresh_from_db()
    assert idp.settings["app_key"] == kept["app_key"]


def test_a_draft_is_edited_in_the_wizard(
    console: Client, draft: IdentityProvider
) -> None:
    response = console.get(reverse("identity:edit", args=[draft.pk]))
    assert response.headers["Location"] == page(draft, "basic")
