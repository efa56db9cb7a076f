"""While keys are changed, the former pair opens pushes for ten minutes more (G-16)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.forms.idp import PUSH_KEYS_OVERLAP, IdpForms, core_values
from identity.models import AuditEvent, IdentityProvider
from identity.subscription import subscription_of
from tests.events.sender import (
    CHECK_URL,
    KEY,
    OTHER_KEY,
    OTHER_TOKEN,
    TOKEN,
    Sender,
    leave,
)
from tests.plugins.files import Folder

pytestmark = pytest.mark.django_db
THIRD_KEY, THIRD_TOKEN = "Third" + KEY[5:], "thirdToken"


def soon(minutes: float = 10) -> Any:
    return timezone.now() + timedelta(minutes=minutes)


def open_to(sender: Sender) -> bool:
    """Whether a push with these keys is taken, and answered with the same ones."""
    return sender.was_taken(sender.push(CHECK_URL))


def type_in(idp: IdentityProvider, **typed: str) -> dict[str, Any]:
    """Save the form with these secrets typed, as the Edit page and the file do."""
    forms = IdpForms(idp, core_values(idp) | idp.settings | typed)
    assert forms.is_valid(), forms.problems()
    return forms.save()


def test_both_pairs_open_and_each_is_answered_with_its_own(
    sender: Sender, keyed: IdentityProvider
) -> None:
    newer = replace(sender, aes_key=OTHER_KEY, token=OTHER_TOKEN)
    assert not open_to(newer)
    changes = type_in(keyed, aes_key=OTHER_KEY, token=OTHER_TOKEN)
    assert changes == {"aes_key": "changed", "token": "changed"}
    assert open_to(newer)
    assert open_to(sender)
    ends = keyed.secrets.exclude(valid_until=None).values_list("valid_until", flat=True)
    assert [abs(end - soon()) < timedelta(minutes=1) for end in ends] == [True, True]
    assert timedelta(minutes=10) == PUSH_KEYS_OVERLAP


def test_only_the_present_keys_verify_the_address(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """A mistyped key must not look as if it worked while the former one opens."""
    type_in(keyed, token=OTHER_TOKEN)
    assert open_to(sender)
    sender.push(leave("u1"))
    assert not subscription_of(keyed).reached
    keyed.secrets.exclude(valid_until=None).update(valid_until=timezone.now())
    found = subscription_of(keyed)
    assert (found.reached, found.former_until) == (False, None)
    assert open_to(replace(sender, token=OTHER_TOKEN))
    assert subscription_of(keyed).verified


@pytest.mark.parametrize("typed", [{"aes_key": OTHER_KEY}, {"token": OTHER_TOKEN}])
def test_one_of_the_two_may_be_changed(
    sender: Sender, keyed: IdentityProvider, typed: dict[str, Any]
) -> None:
    type_in(keyed, **typed)
    assert open_to(sender)
    assert open_to(replace(sender, **typed))


def test_what_has_expired_opens_nothing(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """The old key is unusable after its window, before any row is removed."""
    type_in(keyed, aes_key=OTHER_KEY, token=OTHER_TOKEN)
    keyed.secrets.exclude(valid_until=None).update(valid_until=timezone.now())
    assert not open_to(sender)
    assert not open_to(replace(sender, token=OTHER_TOKEN))
    assert open_to(replace(sender, aes_key=OTHER_KEY, token=OTHER_TOKEN))
    type_in(keyed, token=THIRD_TOKEN)
    assert keyed.secrets.filter(name="token").count() == 2


def test_the_present_value_is_the_last_that_was_set(keyed: IdentityProvider) -> None:
    """For connectors, pages and files; whatever a clock says meanwhile."""
    keyed.secrets.update(created_at=soon(60))
    keyed.rotate_secret("token", OTHER_TOKEN, soon())
    assert keyed.secret("token") == OTHER_TOKEN
    assert keyed.credentials()["token"] == OTHER_TOKEN
    assert keyed.valid_secrets(["token"]) == {"token": [OTHER_TOKEN, TOKEN]}
    assert keyed.present_secrets().filter(name="token").count() == 1
    assert keyed.has_secret("token")


def test_keys_that_still_open_when_others_follow_keep_their_time(
    keyed: IdentityProvider,
) -> None:
    """A typing mistake, mended within the ten minutes, must not lock DingTalk out."""
    keyed.rotate_secret("token", OTHER_TOKEN, soon(1))
    keyed.rotate_secret("token", THIRD_TOKEN, soon(2))
    found = keyed.valid_secrets(["token"])["token"]
    assert found == [THIRD_TOKEN, OTHER_TOKEN, TOKEN]


def test_a_value_that_comes_back_is_a_change(
    sender: Sender, keyed: IdentityProvider
) -> None:
    type_in(keyed, token=OTHER_TOKEN)
    assert type_in(keyed, token=TOKEN) == {"token": "changed"}
    assert keyed.secret("token") == TOKEN
    assert keyed.valid_secrets(["token"]) == {"token": [TOKEN, OTHER_TOKEN]}


def test_the_present_value_typed_again_changes_nothing(keyed: IdentityProvider) -> None:
    type_in(keyed, token=OTHER_TOKEN)
    before = list(keyed.secrets.values())
    assert type_in(keyed, token=OTHER_TOKEN) == {}
    keyed.rotate_secret("token", OTHER_TOKEN, soon())
    assert list(keyed.secrets.values()) == before


def test_a_blank_value_takes_all_of_them_away(
    sender: Sender, keyed: IdentityProvider
) -> None:
    keyed.rotate_secret("token", OTHER_TOKEN, soon())
    keyed.rotate_secret("token", "", soon())
    assert not keyed.has_secret("token")
    assert keyed.secret("token") == ""
    assert not open_to(sender)


def test_a_former_value_that_cannot_be_opened_is_passed_over(
    sender: Sender, keyed: IdentityProvider, settings: Any
) -> None:
    """Sealed with a key that is gone: the new one works all the same."""
    ring = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = ["new"]
    type_in(keyed, aes_key=OTHER_KEY, token=OTHER_TOKEN)
    assert open_to(replace(sender, aes_key=OTHER_KEY, token=OTHER_TOKEN))
    assert not open_to(sender)
    settings.ENCRYPTION_KEYS = ["new", *ring]
    assert open_to(sender)


def test_only_the_keys_of_events_overlap(keyed: IdentityProvider) -> None:
    """AppSecret goes out, never in: the vendor decides which one is valid."""
    type_in(keyed, app_secret="another-secret-0123456789")
    assert keyed.secrets.filter(name="app_secret").count() == 1


def test_a_draft_has_no_overlap(sender: Sender, keyed: IdentityProvider) -> None:
    keyed.confirmed_at = None
    keyed.save()
    type_in(keyed, aes_key=OTHER_KEY, token=OTHER_TOKEN)
    assert keyed.secrets.filter(name__in=["aes_key", "token"]).count() == 2
    assert not open_to(sender)


def test_S158_S160_the_edit_page_lets_both_open(
    console: Client, sender: Sender, keyed: IdentityProvider, simulator: Simulator
) -> None:
    form = {
        "name": "Example",
        "status": "enabled",
        **keyed.settings,
        "app_secret": "",
        "aes_key": OTHER_KEY,
        "token": OTHER_TOKEN,
        "auto_sync": "on",
        "sync_users": "on",
        "sync_interval_hours": "24",
    }
    response = console.post(reverse("identity:edit", args=[keyed.pk]), form)
    assert response.status_code == 302
    line = AuditEvent.objects.get(action="idp.change")
    assert line.detail == {"aes_key": "changed", "token": "changed"}
    assert open_to(sender)
    assert open_to(replace(sender, aes_key=OTHER_KEY, token=OTHER_TOKEN))
    page = console.get(reverse("identity:edit", args=[keyed.pk]))
    assert page.status_code == 200


@pytest.mark.parametrize("twice", [False, True])
def test_apply_lets_both_open(
    folder: Folder,
    sender: Sender,
    keyed: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    twice: bool,
) -> None:
    """Config as code: the second time nothing changes."""
    monkeypatch.setenv("NEW_KEY", OTHER_KEY)
    monkeypatch.setenv("NEW_TOKEN", OTHER_TOKEN)
    keys = {"aes_key": "env:NEW_KEY", "token": "env:NEW_TOKEN"}
    for _ in range(1 + twice):
        ended = folder.apply(credentials=folder.table("credentials", **keys))
        assert ended.code == 0, ended.reasons
    assert open_to(sender)
    assert open_to(replace(sender, aes_key=OTHER_KEY, token=OTHER_TOKEN))
    assert keyed.secrets.filter(name="token").count() == 2
