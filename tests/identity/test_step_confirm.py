"""Confirm: the draft becomes an IdP, and whoever listens is told."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider
from identity.signals import idp_confirmed
from sync.receivers import start_first_run
from tests.identity.conftest import page, words


class Listener:
    """Counts the signal, and may answer with an address."""

    def __init__(self, answer: str = "") -> None:
        self.answer = answer
        self.heard: list[dict[str, Any]] = []

    def __call__(self, **kept: Any) -> str:
        self.heard.append(kept)
        return self.answer


@pytest.fixture
def listener() -> Iterator[Listener]:
    """The only one who hears of Confirm: no run starts in these tests."""
    idp_confirmed.disconnect(start_first_run)
    listening = Listener()
    idp_confirmed.connect(listening)
    yield listening
    idp_confirmed.disconnect(listening)
    idp_confirmed.connect(start_first_run)


def test_S127_confirm_makes_the_draft_an_idp_and_tells_whoever_listens_once(
    console: Client,
    tested: IdentityProvider,
    administrator: Any,
    listener: Listener,
) -> None:
    response = console.post(page(tested, "sync"), {"scope": "all"})
    tested.refresh_from_db()
    assert response.headers["Location"] == reverse("console:overview", args=[tested.pk])
    assert not tested.is_draft
    assert tested.next_due_at is not None
    hours = (tested.next_due_at - timezone.now()).total_seconds() / 3600
    assert 23 < hours <= 24
    assert [
        (heard["idp"], heard["by"], heard["first"]) for heard in listener.heard
    ] == [(tested, administrator, True)]
    detail = AuditEvent.objects.get(action="idp.confirm").detail
    assert detail["app_secret"] == "changed"
    assert detail["scope"] == "all"


def test_confirm_goes_where_a_listener_says(
    console: Client, tested: IdentityProvider, listener: Listener
) -> None:
    listener.answer = "/sync/runs/17/"
    response = console.post(page(tested, "sync"), {"scope": "all"})
    assert response.headers["Location"] == "/sync/runs/17/"


def test_S116_without_the_automatic_synchronization_nothing_is_due(
    console: Client,
    tested: IdentityProvider,
    typed: dict[str, Any],
    listener: Listener,
) -> None:
    sent = {k: v for k, v in typed.items() if k not in ("auto_sync", "sync_users")}
    console.post(page(tested, "basic"), sent)
    console.post(page(tested, "sync"), {"scope": "all"})
    tested.refresh_from_db()
    assert not tested.is_draft
    assert tested.next_due_at is None


def test_the_settings_stay_usable_after_confirm(
    console: Client,
    tested: IdentityProvider,
    simulator: Simulator,
    listener: Listener,
) -> None:
    """Also while the newest test fails: they do not depend on it any more."""
    console.post(page(tested, "sync"), {"scope": "all"})
    simulator.permissions.clear()
    console.post(page(tested, "test"))
    assert console.get(page(tested, "sync")).status_code == 200
    console.post(page(tested, "sync"), {"scope": "all"})
    assert [heard["first"] for heard in listener.heard] == [True, False]


def test_a_confirmed_idp_has_no_first_step_any_more(
    console: Client, idp: IdentityProvider
) -> None:
    response = console.get(page(idp, "basic"))
    assert response.headers["Location"] == reverse("identity:edit", args=[idp.pk])
    console.post(page(idp, "basic"), {"name": "changed"})
    idp.refresh_from_db()
    assert idp.name == "Example"


def test_A11_a_company_that_somebody_else_confirmed_meanwhile_is_not_confirmed_twice(
    console: Client, tested: IdentityProvider, listener: Listener
) -> None:
    IdentityProvider.objects.create(
        kind="dingtalk",
        name="Faster",
        settings=tested.settings,
        confirmed_at=timezone.now(),
    )
    console.post(page(tested, "sync"), {"scope": "all"})
    tested.refresh_from_db()
    assert tested.is_draft
    assert listener.heard == []


def version_of(response: Any) -> str:
    """What a page of settings was filled from, as its form sends it along."""
    [found] = re.findall(r'name="version" value="([^"]+)"', words(response))
    return str(found)


def test_I85_settings_that_somebody_else_saved_meanwhile_are_not_undone_unseen(
    console: Client, tested: IdentityProvider, listener: Listener
) -> None:
    """A file that was applied, or another administrator, while the page was open."""
    version = version_of(console.get(page(tested, "sync")))
    theirs = [{"target": "name", "sources": ["nickname", "name"]}]
    IdentityProvider.objects.update(mapping=theirs)
    sent = {"scope": "all", "source.name": "name", "version": version}
    response = console.post(page(tested, "sync"), sent)
    tested.refresh_from_db()
    assert response.status_code == 409
    assert "Somebody else saved these settings" in words(response)
    assert (tested.mapping, tested.is_draft) == (theirs, True)
    assert listener.heard == []
    console.post(page(tested, "sync"), sent | {"version": version_of(response)})
    tested.refresh_from_db()
    assert tested.mapping == [{"target": "name", "sources": ["name"]}]


@pytest.mark.django_db(transaction=True)
def test_I85_a_mapping_that_was_not_sent_is_left_as_it_is_by_then(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    """Somebody saves a mapping while the chosen department is being checked."""
    theirs = [{"target": "name", "sources": ["nickname", "name"]}]

    def save() -> None:
        IdentityProvider.objects.update(mapping=theirs)

    simulator.faults.before("/topapi/v2/department/get", 1, save)
    sent = {"scope": "partial", "departments": "501001"}
    assert console.post(page(tested, "sync"), sent).status_code == 302
    tested.refresh_from_db()
    assert tested.departments == ["501001"]
    assert tested.mapping == theirs


def test_I85_the_version_survives_the_buttons_of_the_page(
    console: Client, tested: IdentityProvider, listener: Listener
) -> None:
    version = version_of(console.get(page(tested, "sync")))
    IdentityProvider.objects.update(mapping=[{"target": "name", "sources": ["title"]}])
    sent = {"scope": "all", "source.name": "name", "version": version}
    again = console.post(page(tested, "sync"), sent | {"add": "extension.A"})
    assert version_of(again) == version


def test_I85_the_same_settings_from_both_are_no_conflict(
    console: Client, tested: IdentityProvider, listener: Listener
) -> None:
    version = version_of(console.get(page(tested, "sync")))
    mine = [{"target": "name", "sources": ["name"]}]
    IdentityProvider.objects.update(mapping=mine)
    sent = {"scope": "all", "source.name": "name", "version": version}
    assert console.post(page(tested, "sync"), sent).status_code == 302


def test_I85_a_forged_version_is_older_than_anything(
    console: Client, tested: IdentityProvider, listener: Listener
) -> None:
    sent = {"scope": "all", "source.name": "name", "version": "forged"}
    assert console.post(page(tested, "sync"), sent).status_code == 409


def test_confirm_starts_the_first_run(
    console: Client, tested: IdentityProvider
) -> None:
    response = console.post(page(tested, "sync"), {"scope": "all"})
    run = tested.runs.get()
    assert response.headers["Location"] == reverse("sync:run", args=[run.pk])
