"""Drafts: each leads to the step where it was left, and goes after a week (U05, A11)."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity import drafts
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.forms.version import SALT
from identity.models import AuditEvent, IdentityProvider, IdentitySecret, User
from sync import tasks
from tests.identity.conftest import page, words

LISTS = ("console:dashboard", "console:idps", "identity:create")
WEEK = timedelta(days=7)


@pytest.mark.parametrize("where", LISTS)
def test_U05_a_tested_draft_leads_to_the_last_step(
    console: Client, tested: IdentityProvider, where: str
) -> None:
    shown = words(console.get(reverse(where)))
    assert f'href="{page(tested, "sync")}">Continue' in shown


@pytest.mark.parametrize("where", LISTS)
def test_U05_a_draft_without_a_valid_test_leads_to_the_test(
    console: Client, tested: IdentityProvider, typed: dict[str, Any], where: str
) -> None:
    changed = typed | {"corp_id": "ding12345", "next": "leave"}
    console.post(page(tested, "basic"), changed)
    shown = words(console.get(reverse(where)))
    assert f'href="{page(tested, "test")}">Continue' in shown


@pytest.mark.parametrize("where", LISTS)
def test_U05_a_list_tells_step_name_who_began_it_and_when_it_goes(
    console: Client, administrator: User, where: str
) -> None:
    with time_machine.travel("2026-11-02T02:00:00Z", tick=False):
        console.post(reverse("identity:create"), {"kind": "dingtalk"})
    with time_machine.travel("2026-11-04T03:00:00Z", tick=False):
        draft = IdentityProvider.objects.get()
        console.post(page(draft, "basic"), {"name": "Hangzhou", "next": "leave"})
        console.force_login(administrator)
        shown = words(console.get(reverse(where)))
    assert "Draft, step 1 of 3: Basic Configurations" in shown
    assert "Hangzhou" in shown
    assert "Begun by alice" in shown
    assert "2026-11-04 11:00:00" in shown  # last touched, in the console's zone
    assert "Removed on 11 Nov 2026, 11:00 if nobody touches it" in shown


def test_U05_the_row_of_a_draft_says_what_its_time_means_at_every_width(
    console: Client, draft: IdentityProvider
) -> None:
    """It stands below the headings of synchronizations, which are not meant."""
    shown = words(console.get(reverse("console:idps")))
    plain = re.sub(r"<[^>]+>", "", shown)
    assert re.search(r"Last touched\s+(now|\S+\s+seconds?\s+ago)", plain)


@pytest.mark.parametrize("where", LISTS)
def test_U05_a_draft_without_a_name_is_called_by_its_vendor(
    console: Client, draft: IdentityProvider, where: str
) -> None:
    shown = words(console.get(reverse(where)))
    assert "DingTalk" in shown
    assert str(draft) not in shown


def test_U05_the_list_says_the_step_and_its_row_leads_there(
    console: Client, tested: IdentityProvider
) -> None:
    shown = words(console.get(reverse("console:idps")))
    assert "Draft, step 3 of 3: Synchronization Settings" in shown
    overview = console.get(reverse("console:overview", args=[tested.pk]))
    assert overview.headers["Location"] == page(tested, "sync")


def test_U05_the_form_says_when_it_was_saved_and_that_the_secret_is_set(
    console: Client, tested: IdentityProvider, typed: dict[str, Any]
) -> None:
    shown = words(console.get(page(tested, "basic")))
    assert "Saved " in shown
    assert "Stored, and never shown" in shown
    assert typed["app_secret"] not in shown


# --- stored as fields are left ---


def leave(console: Client, draft: IdentityProvider, values: dict[str, Any]) -> Any:
    """Leave a field of the first step, the form standing as `values` says."""
    path = reverse("identity:setup-save", args=[draft.pk])
    return console.post(path, values, headers={"HX-Request": "true"})


def test_U05_a_field_that_is_left_is_stored_and_the_time_is_said(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    half = typed | {"name": "Hangzhou", "corp_id": "", "app_secret": ""}
    with time_machine.travel("2026-11-24T02:02:00Z", tick=False):
        response = leave(console, draft, half)
    draft.refresh_from_db()
    assert draft.name == "Hangzhou"
    assert "Saved 10:02" in words(response)
    assert "Not saved" not in words(response)
    assert "sb:saved" in response.headers["HX-Trigger"]


def test_U05_only_what_is_valid_is_stored_and_the_rest_is_named(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    wrong = typed | {"name": "two words", "corp_id": "ding12345"}
    response = leave(console, draft, wrong)
    draft.refresh_from_db()
    assert (draft.name, draft.settings["corp_id"]) == ("", "ding12345")
    assert 'Not saved: <a href="#id_name"' in words(response)
    assert "CorpId</a>" not in words(response)
    assert "HX-Trigger" not in response.headers


def test_U05_U11_a_secret_that_is_left_is_stored_once_and_shown_as_set(
    console: Client, draft: IdentityProvider
) -> None:
    secret = "a-secret-0123456789"
    for _ in range(2):
        response = leave(console, draft, {"app_secret": secret})
    assert draft.secret("app_secret") == secret
    assert secret not in words(response)
    assert 'id="id_app_secret-hint" hx-swap-oob="true"' in words(response)
    assert "Set on" in words(response)
    lines = AuditEvent.objects.filter(action="idp.change")
    assert sum("app_secret" in line.detail for line in lines) == 1
    assert secret not in str(list(lines.values()))


def test_a_field_of_a_confirmed_idp_is_not_stored_alone(
    console: Client, idp: IdentityProvider
) -> None:
    """Design 2.7: only drafts save field by field."""
    response = leave(console, idp, {"name": "Other"})
    idp.refresh_from_db()
    assert idp.name == "Example"
    assert "HX-Trigger" not in response.headers
    assert "Not saved: somebody confirmed this IdP meanwhile." in words(response)
    assert reverse("identity:edit", args=[idp.pk]) in words(response)
    assert not re.search(r"Saved \d\d:\d\d", words(response))


@pytest.fixture
def colleague(db: None) -> Client:
    """Another administrator's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("dora", "", "a-password"))
    return client


def version(response: Any) -> str:
    """What a page or a fragment of step 1 says that it shows."""
    found = re.search(r'name="version" value="([^"]+)"', words(response))
    assert found
    return found[1]


def test_I85_what_a_colleague_stored_is_not_set_back_by_a_page_opened_before(
    console: Client, colleague: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    shown = version(console.get(page(draft, "basic")))
    mine = typed | {"description": "", "version": shown}
    leave(colleague, draft, typed | {"description": "theirs", "auto_sync": ""})
    for cycle in ("5", "6"):  # again, with the version that the first answer gave
        response = leave(console, draft, mine | {"sync_interval_hours": cycle})
        mine["version"] = version(response)
        draft.refresh_from_db()
        assert (draft.description, draft.auto_sync) == ("theirs", False)
        assert draft.sync_interval_hours == int(cycle)
        told = "Changed by somebody else meanwhile, and kept: Description, "
        assert told in words(response)


def test_I85_what_a_page_stored_itself_is_not_its_own_change_any_more(
    console: Client, colleague: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    mine = typed | {"version": version(console.get(page(draft, "basic")))}
    mine["version"] = version(leave(console, draft, mine | {"description": "mine"}))
    leave(colleague, draft, typed | {"description": "theirs"})
    again = mine | {"description": "mine", "sync_interval_hours": "5"}
    leave(console, draft, again)
    draft.refresh_from_db()
    assert (draft.description, draft.sync_interval_hours) == ("theirs", 5)
    leave(console, draft, mine | {"description": "mine after all"})
    draft.refresh_from_db()
    assert draft.description == "mine after all"


def test_I85_a_secret_that_still_stands_in_a_page_is_not_stored_over_a_newer_one(
    console: Client, colleague: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    mine = typed | {"app_secret": "mine-0123456789"}
    mine["version"] = version(console.get(page(draft, "basic")))
    mine["version"] = version(leave(console, draft, mine))
    leave(colleague, draft, typed | {"app_secret": "theirs-0123456789"})
    for cycle in ("5", "6"):
        response = leave(console, draft, mine | {"sync_interval_hours": cycle})
        mine["version"] = version(response)
        assert draft.secret("app_secret") == "theirs-0123456789"
        assert "kept: AppSecret" in words(response)
    leave(console, draft, mine | {"app_secret": "another-0123456789"})
    assert draft.secret("app_secret") == "another-0123456789"


def test_I85_U11_the_version_holds_no_secret_and_no_digest_of_the_database(
    console: Client, tested: IdentityProvider, typed: dict[str, Any]
) -> None:
    travels = str(signing.loads(version(console.get(page(tested, "basic"))), salt=SALT))
    assert typed["app_key"] in travels
    assert typed["app_secret"] not in travels
    for mark in tested.secrets.values_list("fingerprint", flat=True):
        assert mark not in travels


def test_I85_leaving_the_step_does_not_set_back_what_a_colleague_stored(
    console: Client, colleague: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    shown = version(console.get(page(draft, "basic")))
    mine = typed | {"description": "", "version": shown}
    leave(colleague, draft, typed | {"description": "theirs"})
    console.post(page(draft, "basic"), mine | {"name": "Hangzhou", "next": "leave"})
    draft.refresh_from_db()
    assert (draft.name, draft.description) == ("Hangzhou", "theirs")


@pytest.mark.parametrize("button", ["leave", "test"])
def test_I85_each_button_says_what_it_kept_of_a_colleague(
    console: Client,
    colleague: Client,
    tested: IdentityProvider,
    typed: dict[str, Any],
    simulator: Simulator,
    button: str,
) -> None:
    """Without script nothing else on the way would say so."""
    mine = typed | {"version": version(console.get(page(tested, "basic")))}
    leave(colleague, tested, typed | {"app_key": "dingtheirs0000000001"})
    sent = mine | {"description": "mine", "next": button}
    shown = words(console.post(page(tested, "basic"), sent, follow=True))
    told = "Changed by somebody else meanwhile, and kept: AppKey."
    assert told in shown
    tested.refresh_from_db()
    assert tested.settings["app_key"] == "dingtheirs0000000001"
    again = words(console.post(page(tested, "basic"), typed | {"next": "leave"}))
    assert told not in again


def test_I85_a_page_with_an_error_says_what_it_kept_of_a_colleague(
    console: Client, colleague: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    mine = typed | {"description": ""}
    mine["version"] = version(console.get(page(draft, "basic")))
    leave(colleague, draft, typed | {"description": "theirs"})
    shown = words(console.post(page(draft, "basic"), mine | {"name": "two words"}))
    assert "and kept: " in shown
    assert 'value="theirs"' in shown


def test_I85_ones_own_last_word_stands_although_an_answer_was_lost(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    """Stored, and put back by a page that never heard of it: it says what it touched."""
    mine = typed | {"description": "", "touched": "description"}
    mine["version"] = version(console.get(page(draft, "basic")))
    leave(console, draft, mine | {"description": "oops"})
    response = leave(console, draft, mine)
    draft.refresh_from_db()
    assert draft.description == ""
    assert "and kept" not in words(response)


def test_I85_what_one_changed_in_another_window_is_not_put_on_somebody_else(
    console: Client,
    colleague: Client,
    draft: IdentityProvider,
    typed: dict[str, Any],
) -> None:
    mine = typed | {"description": ""}
    mine["version"] = version(console.get(page(draft, "basic")))
    for browser, told in (
        (console, "Changed meanwhile, and kept: Description"),
        (colleague, "Changed by somebody else meanwhile, and kept: Description"),
    ):
        theirs = {"description": f"by {told}"}
        leave(browser, draft, typed | theirs)
        assert told in words(leave(console, draft, mine))
        draft.refresh_from_db()
        assert draft.description == theirs["description"]


def test_a_field_of_a_draft_that_is_gone_brings_it_not_back(
    console: Client, draft: IdentityProvider
) -> None:
    gone = IdentityProvider(pk=draft.pk)
    draft.delete()
    assert leave(console, gone, {"name": "Ghost"}).status_code == 404
    assert console.post(page(gone, "basic"), {"name": "Ghost"}).status_code == 404
    assert not IdentityProvider.objects.exists()


def test_T32_fields_that_the_form_does_not_have_change_nothing(
    console: Client, draft: IdentityProvider
) -> None:
    told = IdentityProvider.objects.values_list(
        "pk", "kind", "confirmed_at", "created_by"
    )
    before = told.get()
    extra = {"confirmed_at": "2026-01-01", "kind": "x", "id": "1", "created_by": "1"}
    leave(console, draft, extra | {"is_superuser": "1", "auto_sync": "on"})
    assert told.get() == before


# --- discarded by hand ---


def test_a_draft_is_discarded_by_a_post_that_was_asked_for(
    console: Client, tested: IdentityProvider
) -> None:
    path = reverse("identity:discard", args=[tested.pk])
    shown = words(console.get(path))
    assert "Discard the draft test?" in shown
    assert IdentityProvider.objects.exists()
    shown = words(console.post(path, follow=True))
    assert "The draft was discarded." in shown
    assert not IdentityProvider.objects.exists()
    assert not IdentitySecret.objects.exists()
    line = AuditEvent.objects.get(action="idp.discard")
    assert (line.actor_name, line.target_label) == ("alice", "test")
    assert line.target_id == str(tested.pk)


def test_what_was_confirmed_is_not_discarded(
    console: Client, idp: IdentityProvider
) -> None:
    path = reverse("identity:discard", args=[idp.pk])
    for answer in (console.get(path, follow=True), console.post(path, follow=True)):
        assert "no draft any more" in words(answer)
    assert IdentityProvider.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("how", ["by hand", "by age"])
def test_a_draft_that_is_gone_already_is_said_to_be(
    console: Client, draft: IdentityProvider, how: str
) -> None:
    path = reverse("identity:discard", args=[draft.pk])
    if how == "by hand":
        console.post(path)
    else:
        IdentityProvider.objects.update(updated_at=timezone.now() - 2 * WEEK)
        assert list(drafts.remove_old())
    console.get(reverse("console:idps"))  # what was said before is read
    for again in (console.get(path, follow=True), console.post(path, follow=True)):
        assert again.redirect_chain == [(reverse("console:idps"), 302)]
        assert "This draft was removed already." in words(again)
        assert "somebody confirmed it" not in words(again)


def test_what_never_was_a_draft_is_not_said_to_be_removed(console: Client) -> None:
    nothing = "00000000-0000-0000-0000-000000000000"
    path = reverse("identity:discard", args=[nothing])
    assert console.get(path).status_code == console.post(path).status_code == 404


def test_only_administrators_discard_and_store(
    staff_console: Client, draft: IdentityProvider
) -> None:
    for name in ("discard", "setup-save"):
        path = reverse(f"identity:{name}", args=[draft.pk])
        assert staff_console.post(path).status_code == 403
    assert staff_console.get(page(draft, "basic")).status_code == 403
    assert IdentityProvider.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_test_that_ends_after_its_draft_was_discarded_breaks_nothing(
    console: Client,
    draft: IdentityProvider,
    typed: dict[str, Any],
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = draft.pk

    def discard() -> None:
        console.post(reverse("identity:discard", args=[gone]))

    simulator.faults.before("/topapi/v2/department/*", 1, discard)
    console.post(page(draft, "basic"), typed)
    assert not IdentityProvider.objects.exists()
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


# --- removed after a week ---


def test_A11_a_draft_goes_seven_days_after_it_was_touched_last(
    console: Client, draft: IdentityProvider
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        console.post(page(draft, "basic"), {"name": "Hangzhou", "next": "leave"})
        clock.shift(WEEK)
        tasks.tick()
        assert IdentityProvider.objects.exists()
        clock.shift(timedelta(seconds=1))
        tasks.tick()
    assert not IdentityProvider.objects.exists()
    line = AuditEvent.objects.get(action="idp.draft.expire")
    assert (line.actor, line.actor_name) == (None, "system")
    assert line.target_label == "Hangzhou"


def test_A11_a_stored_field_keeps_it_for_another_week(
    console: Client, draft: IdentityProvider, administrator: User
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(WEEK - timedelta(hours=1))
        console.force_login(administrator)
        leave(console, draft, {"name": "Hangzhou"})
        clock.shift(timedelta(days=6))
        assert list(drafts.remove_old()) == []
        clock.shift(timedelta(days=2))
        assert [gone.name for gone in drafts.remove_old()] == ["Hangzhou"]


def test_A11_a_connectivity_test_keeps_it_for_another_week(
    console: Client, tested: IdentityProvider, administrator: User
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(WEEK - timedelta(hours=1))
        console.force_login(administrator)
        console.post(page(tested, "test"))
        clock.shift(timedelta(days=6))
        assert list(drafts.remove_old()) == []
        clock.shift(timedelta(days=2))
        assert len(list(drafts.remove_old())) == 1


def test_A11_looking_at_a_draft_does_not_touch_it(
    console: Client, draft: IdentityProvider
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(timedelta(hours=6))
        console.get(page(draft, "basic"))
        clock.shift(WEEK - timedelta(hours=5))
        assert len(list(drafts.remove_old())) == 1


def test_A11_what_was_confirmed_is_never_removed(idp: IdentityProvider) -> None:
    with time_machine.travel(timezone.now() + 50 * WEEK, tick=False):
        tasks.tick()
    assert IdentityProvider.objects.exists()


def test_A11_removal_asks_the_database_once_while_nothing_is_old(
    draft: IdentityProvider, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert list(drafts.remove_old()) == []


@pytest.mark.django_db(transaction=True)
def test_A11_a_draft_that_is_confirmed_at_that_very_moment_stays(
    tested: IdentityProvider,
) -> None:
    """The removal waits for the confirming transaction, and then finds no draft."""
    removed: list[IdentityProvider] = []

    def remove() -> None:
        removed.extend(drafts.remove_old())
        connection.close()

    IdentityProvider.objects.update(updated_at=timezone.now() - 2 * WEEK)
    tested.reports.update(started_at=timezone.now() - 2 * WEEK)
    remover = threading.Thread(target=remove)
    with transaction.atomic():
        IdentityProvider.objects.select_for_update().get()
        remover.start()
        remover.join(timeout=0.5)
        IdentityProvider.objects.update(confirmed_at=timezone.now())
    remover.join(timeout=20)
    assert not remover.is_alive()
    assert removed == []
    assert IdentityProvider.objects.get().secrets.exists()
