"""One company, one confirmed IdP, also if two ask for it at the same instant (A11).

Whoever listens to Confirm stands in the confirming transaction: there the other one is
begun, and it has to wait until the first one is committed.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.as_code.applying import Trial, save, wanted
from identity.as_code.reading import Refused, read
from identity.models import IdentityProvider, User
from identity.signals import idp_confirmed
from sync.receivers import start_first_run
from tests.identity.conftest import page, words

pytestmark = pytest.mark.django_db(transaction=True)
CORP_ID = "The IdP test already connects the company with this CorpId."
LONG_ENOUGH = 2.0
"""Seconds in which the other one would end if it had not to wait."""


class Rival:
    """Runs something in a thread from within the first one's Confirm, once."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act
        self.thread = threading.Thread(target=self._run)
        self.failed: list[Exception] = []

    def __call__(self, **_kept: Any) -> None:
        if self.thread.ident is None:
            self.thread.start()
            self.thread.join(LONG_ENOUGH)

    def _run(self) -> None:
        try:
            self.act()
        except Exception as error:
            self.failed.append(error)
        finally:
            connection.close()

    def end(self) -> None:
        """Wait for it; what went wrong in it goes wrong here."""
        self.thread.join(30)
        assert not self.thread.is_alive()
        if self.failed:
            raise self.failed[0]


@pytest.fixture
def against(
    console: Client, tested: IdentityProvider
) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Confirms the draft `tested` in the wizard, with a rival at the same instant."""
    receivers = []

    def race(act: Callable[[], None]) -> None:
        rival = Rival(act)
        receivers.append(rival)
        idp_confirmed.connect(rival)
        console.post(page(tested, "sync"), {"scope": "all"})
        rival.end()
        tested.refresh_from_db()
        assert not tested.is_draft

    idp_confirmed.disconnect(start_first_run)
    yield race
    for receiver in receivers:
        idp_confirmed.disconnect(receiver)
    idp_confirmed.connect(start_first_run)


@pytest.fixture
def second(administrator: User) -> Client:
    """Another browser, at the same time."""
    client = Client()
    client.force_login(administrator)
    return client


def twin(console: Client, typed: dict[str, Any]) -> IdentityProvider:
    """Another draft of the same company that passed the test too."""
    draft = IdentityProvider.objects.create(kind="dingtalk")
    console.post(page(draft, "basic"), typed | {"name": "twin"})
    return draft


def test_A11_two_drafts_of_one_company_are_not_both_confirmed(
    second: Client, typed: dict[str, Any], against: Any
) -> None:
    draft, answers = twin(second, typed), []
    against(lambda: answers.append(second.post(page(draft, "sync"), {"scope": "all"})))
    draft.refresh_from_db()
    assert draft.is_draft
    said = " ".join(map(str, get_messages(answers[0].wsgi_request)))
    assert CORP_ID in said
    assert "Connectivity Test" not in said
    assert answers[0].headers["Location"] == page(draft, "basic")


@pytest.mark.parametrize("step", ["test", "sync"])
def test_A11_a_draft_of_a_connected_company_leads_back_and_says_what_is_wrong(
    console: Client, tested: IdentityProvider, typed: dict[str, Any], step: str
) -> None:
    draft = twin(console, typed)
    IdentityProvider.objects.filter(pk=tested.pk).update(confirmed_at=timezone.now())
    shown = words(console.get(page(draft, step), follow=True))
    assert f"CorpId: {CORP_ID}" in shown
    assert "Complete them first" not in shown


@pytest.mark.parametrize("step", ["test", "sync"])
def test_a_draft_that_lacks_something_leads_back_to_complete_it(
    console: Client, draft: IdentityProvider, step: str
) -> None:
    shown = words(console.get(page(draft, step), follow=True))
    assert "The test needs all values of this step. Complete them first." in shown


def test_A11_an_idp_that_is_edited_does_not_take_a_company_that_is_being_confirmed(
    second: Client, typed: dict[str, Any], against: Any
) -> None:
    other = IdentityProvider.objects.create(
        kind="dingtalk",
        name="other",
        settings={"corp_id": "dingother1234"},
        confirmed_at=timezone.now(),
    )
    path, answers = reverse("identity:edit", args=[other.pk]), []
    sent = typed | {"name": "other"}
    against(lambda: answers.append(second.post(path, sent)))
    other.refresh_from_db()
    assert other.settings["corp_id"] == "dingother1234"
    assert CORP_ID in words(answers[0])


def test_A11_a_file_does_not_take_a_company_that_is_being_confirmed(
    credentials: dict[str, str], against: Any
) -> None:
    content = (
        'type = "dingtalk"\nname = "file"\n[credentials]\n'
        f'corp_id = "{credentials["corp_id"]}"\napp_key = "{credentials["app_key"]}"\n'
        'app_secret = "env:SECRET"\n'
    )
    want = wanted(read(content.encode(), {"SECRET": credentials["app_secret"]}))
    trial = Trial(want)
    assert [check for check in trial.run() if check.status == "fail"] == []
    refused: list[str] = []

    def apply() -> None:
        try:
            save(want, trial)
        except Refused as error:
            refused.append(str(error))

    against(apply)
    assert not IdentityProvider.objects.filter(name="file").exists()
    assert [CORP_ID in text for text in refused] == [True]
