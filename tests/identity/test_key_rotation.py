"""ENCRYPTION_KEYS are rotated: [old], [new, old], [new]. No value changes by that."""

from typing import Any

import pytest
from django.test import Client

from identity.connection import has_pass, keep_report
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.records import Check, CheckStatus
from identity.fields import KeyRing
from identity.forms.idp import IdpForms
from identity.models import IdentityProvider
from sync.coverage import configuration_of
from tests.identity.conftest import page, words
from tests.identity.test_drafts import leave, version
from tests.plugins.files import SECRET, Folder

OLD, BOTH, NEW = ["old"], ["new", "old"], ["new"]
PASS = [Check("token", "app", "Access token", CheckStatus.PASS)]


@pytest.fixture
def keys(settings: Any) -> Any:
    """Puts other keys into the ring."""

    def put(ring: list[str]) -> None:
        settings.ENCRYPTION_KEYS = ring

    return put


def reads_as_changed(idp: IdentityProvider, secret: str) -> bool:
    """Whether this AppSecret, typed again, counts as another one."""
    return "app_secret" in IdpForms(idp, {"app_secret": secret}).changes()


@pytest.mark.parametrize(
    ("sealed", "then"), [(OLD, OLD), (OLD, BOTH), (BOTH, BOTH), (BOTH, NEW)]
)
def test_the_same_secret_is_no_change_under_other_keys(
    new_idp: IdentityProvider, keys: Any, sealed: list[str], then: list[str]
) -> None:
    keys(sealed)
    new_idp.set_secret("app_secret", "a-secret-0123456789")
    keys(then)
    assert not reads_as_changed(new_idp, "a-secret-0123456789")
    assert reads_as_changed(new_idp, "another-0123456789")


@pytest.fixture
def marked_by_the_oldest(new_idp: IdentityProvider, keys: Any) -> IdentityProvider:
    """So it was done once: sealed with the newest key, the fingerprint of the oldest."""
    keys(BOTH)
    new_idp.set_secret("app_secret", "a-secret-0123456789")
    mark = KeyRing(OLD).fingerprint("a-secret-0123456789", f"{new_idp.pk}:app_secret")
    new_idp.secrets.update(fingerprint=mark)
    return new_idp


@pytest.mark.parametrize("then", [BOTH, NEW])
def test_a_secret_that_the_oldest_key_has_marked_is_no_change_either(
    marked_by_the_oldest: IdentityProvider, keys: Any, then: list[str]
) -> None:
    keys(then)
    assert not reads_as_changed(marked_by_the_oldest, "a-secret-0123456789")


def test_a_secret_that_cannot_be_opened_is_replaced_by_the_same_one(
    marked_by_the_oldest: IdentityProvider, keys: Any
) -> None:
    """Whatever its fingerprint says: typing it again is the only remedy."""
    idp = marked_by_the_oldest
    keys(OLD)
    assert reads_as_changed(idp, "a-secret-0123456789")
    IdpForms(idp, {"app_secret": "a-secret-0123456789"}).save()
    assert idp.secret("app_secret") == "a-secret-0123456789"


@pytest.mark.parametrize(("tested", "then"), [(OLD, BOTH), (BOTH, BOTH), (BOTH, NEW)])
def test_a_passed_test_vouches_under_other_keys(
    new_idp: IdentityProvider, keys: Any, tested: list[str], then: list[str]
) -> None:
    keys(tested)
    new_idp.set_secret("app_secret", "a-secret-0123456789")
    keep_report(new_idp, None, PASS)
    keys(then)
    assert has_pass(new_idp)
    new_idp.set_secret("app_secret", "another-0123456789")
    assert not has_pass(new_idp)


@pytest.mark.parametrize(("sealed", "then"), [(OLD, BOTH), (BOTH, NEW)])
def test_a_file_with_the_same_secret_changes_nothing_and_stops_no_run(
    folder: Folder,
    idp: IdentityProvider,
    credentials: dict[str, str],
    keys: Any,
    sealed: list[str],
    then: list[str],
) -> None:
    keys(sealed)
    idp.set_secret("app_secret", credentials["app_secret"])
    before = configuration_of(idp)
    keys(then)
    ended = folder.apply()
    assert f"= credentials.app_secret: unchanged ({SECRET})" in ended.output
    assert not idp.reports.exists()
    assert configuration_of(idp) == before


def test_I85_a_secret_that_still_stands_in_a_page_is_known_again_under_a_new_key(
    console: Client,
    draft: IdentityProvider,
    typed: dict[str, Any],
    simulator: Simulator,
    keys: Any,
) -> None:
    keys(OLD)
    mine = typed | {"app_secret": "mine-0123456789"}
    mine["version"] = version(console.get(page(draft, "basic")))
    mine["version"] = version(leave(console, draft, mine))
    keys(BOTH)
    leave(console, draft, typed | {"app_secret": "theirs-0123456789"})
    response = leave(console, draft, mine)
    assert draft.secret("app_secret") == "theirs-0123456789"
    assert "kept: AppSecret" in words(response)
