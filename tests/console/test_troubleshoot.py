"""The Troubleshoot page: the guide's four checks, answered from facts (S177-S180)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import IdentityProvider, PushedCall
from sasebridge.console.troubles import Answer, answers
from tests import builders
from tests.sync_views.reading import read, words

pytestmark = [pytest.mark.alone, pytest.mark.django_db]
KEYS = {"aes_key": "k" * 43, "token": "t" * 16}


@pytest.fixture
def acme() -> IdentityProvider:
    return builders.idp("Acme")


def standing(idp: IdentityProvider) -> dict[str, str]:
    return {one.key: one.state for one in answers(idp)}


def answer(idp: IdentityProvider, key: str) -> Answer:
    return next(one for one in answers(idp) if one.key == key)


def save_keys(idp: IdentityProvider) -> None:
    for name, value in KEYS.items():
        idp.set_secret(name, value)


def test_S177_to_S180_an_idp_of_which_nothing_is_known(acme: IdentityProvider) -> None:
    assert standing(acme) == {
        "keys": "fail",
        "address": "warn",
        "status": "pass",
        "callback": "warn",
    }


def test_S177_keys_that_opened_a_push_match(acme: IdentityProvider) -> None:
    save_keys(acme)
    assert standing(acme)["keys"] == "warn"
    builders.event(acme, name="user_modify_org", received_at=timezone.now())
    assert standing(acme)["keys"] == "pass"


def test_S177_a_push_that_did_not_open_says_which_key(acme: IdentityProvider) -> None:
    save_keys(acme)
    PushedCall.objects.create(idp=acme, outcome="aes_key")
    found = answer(acme, "keys")
    assert found.state == "fail"
    assert "AES" in found.known + found.fix


def test_S177_a_push_before_the_keys_were_changed_proves_nothing(
    acme: IdentityProvider,
) -> None:
    builders.event(
        acme, name="user_modify_org", received_at=timezone.now() - timedelta(hours=1)
    )
    save_keys(acme)
    assert standing(acme)["keys"] == "warn"
    assert standing(acme)["address"] == "pass"


def test_S178_even_a_refused_push_shows_that_the_address_is_right(
    acme: IdentityProvider,
) -> None:
    PushedCall.objects.create(idp=acme, outcome="no_keys")
    assert standing(acme)["address"] == "pass"


def test_S178_until_a_push_came_the_page_has_the_address_to_paste(
    acme: IdentityProvider,
) -> None:
    assert answer(acme, "address").paste.endswith(f"/events/dingtalk/{acme.pk}/")


@pytest.mark.parametrize(
    ("values", "state"),
    [({}, "pass"), ({"status": "closed"}, "fail"), ({"draft": True}, "fail")],
)
def test_S179_the_status(values: dict[str, object], state: str) -> None:
    assert standing(builders.idp("Other", **values))["status"] == state  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "stage", "way", "state"),
    [
        ("success", "", "page", "pass"),
        ("stranger", "company", "qr", "pass"),
        ("declined", "exchange", "page", "pass"),
        ("other_browser", "state", "page", "warn"),
        ("success", "", "silent", "warn"),
    ],
)
def test_S180_a_return_from_the_logon_page_proves_the_callback_address(
    acme: IdentityProvider, outcome: str, stage: str, way: str, state: str
) -> None:
    builders.attempt(acme, outcome, stage, way=way)
    assert standing(acme)["callback"] == state


def test_stream_mode_needs_neither_keys_nor_address(acme: IdentityProvider) -> None:
    acme.settings["push_method"] = "stream"
    acme.save()
    assert standing(acme)["keys"] == standing(acme)["address"] == "skipped"


def test_the_page_lists_what_did_not_work_with_its_cause(
    console: Client, acme: IdentityProvider
) -> None:
    builders.attempt(acme, "external", "company")
    page = words(read(console, reverse("console:troubleshoot", args=[acme.pk])))
    assert "The company knows the person only as an outside contact." in page


def test_only_administrators_try_a_logon_and_only_with_an_enabled_idp(
    staff_console: Client, console: Client
) -> None:
    closed = builders.idp("Closed", status="closed")
    path = reverse("console:test-logon", args=[closed.pk])
    assert staff_console.post(path).status_code == 403
    assert "Only an enabled IdP can be tried" in words(
        console.post(path, follow=True).content.decode()
    )
