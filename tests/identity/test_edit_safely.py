"""Edit Identity Source: what changed is marked, nobody's save is lost, and closing is
confirmed (U12, I-03, I-85, S092)."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider, LogonSession, User
from sync import runs
from sync.models import SyncRun
from tests import builders
from tests.identity.conftest import words

WARNING = "If you disable an identity source, end users cannot access internal"


def version(response: Any) -> str:
    """The hidden field that says what the form was filled from."""
    found = re.search(r'name="version" value="([^"]+)"', words(response))
    assert found
    return found[1]


def text(response: Any) -> str:
    """What a reader sees, on one line."""
    plain = re.sub(r"<[^>]+>", " ", words(response))
    return re.sub(r"\s+", " ", html.unescape(plain))


def value_of(response: Any, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', words(response))
    assert found
    value = re.search(r' value="([^"]*)"', found[0])
    return value[1] if value else ""


def note(response: Any, name: str) -> str:
    """The tag of a field's note "was ..."; it is hidden while nothing changed."""
    found = re.search(rf'<p class="sb-was" data-was="{name}"[^>]*>', words(response))
    assert found
    return found[0]


# --- marks ---


def test_U12_a_changed_field_says_what_it_was_and_the_bar_counts(
    console: Client, path: str, kept: dict[str, Any]
) -> None:
    sent = kept | {"name": "Other", "sync_interval_hours": "25", "app_key": "dingnew99"}
    response = console.post(path, sent)
    assert response.status_code == 422
    assert "hidden" not in note(response, "name")
    assert "was Example" in text(response)
    assert "was 24" in text(response)
    assert "hidden" in note(response, "description")
    assert "3 changes" in text(response)
    assert "Test and save" in text(response)


def test_U12_nothing_is_marked_on_a_fresh_form(console: Client, path: str) -> None:
    response = console.get(path)
    assert "No changes" in text(response)
    for name in ("name", "status", "auto_sync", "app_key", "app_secret"):
        assert "hidden" in note(response, name)
    assert not re.search(r'type="submit"[^>]*>Test and save<', words(response))


def test_U11_the_note_of_a_secret_holds_no_value(
    console: Client, idp: IdentityProvider, path: str
) -> None:
    response = console.get(path)
    assert 'data-stored=""' in note(response, "app_secret")
    assert "will be replaced" in text(response)
    assert "will be set" in text(response)
    assert idp.secret("app_secret") not in words(response)


def test_the_page_has_a_contents_list_and_ends_with_the_danger_zone(
    console: Client, path: str
) -> None:
    shown = words(console.get(path))
    contents = shown[shown.index('class="sb-contents"') :]
    for target in re.findall(r'href="#(block-\w+)"', contents):
        assert f'id="{target}"' in shown
    assert shown.index('id="block-sync"') < shown.index('id="block-danger"')


# --- nobody's save is lost ---


def test_I85_a_save_over_somebody_elses_is_refused_and_says_what_differs(
    console: Client,
    staff: User,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
) -> None:
    opened = version(console.get(path))
    User.objects.filter(pk=staff.pk).update(role="administrator")
    bob = Client()
    bob.force_login(staff)
    bob.post(path, kept | {"description": "Theirs", "sync_interval_hours": "6"})
    mine = kept | {"description": "Mine", "name": "Renamed", "version": opened}
    response = console.post(path, mine)
    idp.refresh_from_db()
    assert response.status_code == 409
    assert (idp.description, idp.name) == ("Theirs", "Example")
    assert "Somebody else saved this IdP meanwhile" in text(response)
    assert "The last change is by bob" in text(response)
    assert "Description empty Theirs your value: saving replaces theirs" in text(
        response
    )
    assert "Automatic Synchronization Cycle 24 6 their value" in text(response)


def test_I85_what_was_typed_stays_and_what_was_not_is_brought_up_to_date(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    opened = version(console.get(path))
    console.post(path, kept | {"description": "Theirs", "sync_interval_hours": "6"})
    response = console.post(path, kept | {"name": "Renamed", "version": opened})
    assert value_of(response, "name") == "Renamed"
    assert value_of(response, "description") == "Theirs"
    assert value_of(response, "sync_interval_hours") == "6"
    again = kept | {
        "name": "Renamed",
        "description": "Theirs",
        "sync_interval_hours": "6",
        "version": version(response),
    }
    assert console.post(path, again).status_code == 302
    idp.refresh_from_db()
    assert (idp.name, idp.sync_interval_hours) == ("Renamed", 6)


def test_I85_a_switch_that_somebody_else_turned_off_stays_off(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    opened = version(console.get(path))
    off = {k: v for k, v in kept.items() if k != "sync_users"}
    console.post(path, off)
    response = console.post(path, kept | {"name": "Renamed", "version": opened})
    assert response.status_code == 409
    switch = re.search(r'<input[^>]*name="sync_users"[^>]*>', words(response))
    assert switch
    assert "checked" not in switch[0]


def test_I85_a_secret_that_somebody_else_replaced_is_not_replaced_unseen(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
) -> None:
    opened = version(console.get(path))
    keys = {"aes_key": "a" * 43, "token": "theirs"}
    console.post(path, kept | keys)
    sent = kept | {"aes_key": "b" * 43, "token": "mine", "version": opened}
    response = console.post(path, sent)
    assert response.status_code == 409
    assert "replaced your value: saving replaces theirs" in text(response)
    assert idp.secret("token") == "theirs"
    assert "mine" not in re.findall(r'value="([^"]*)"', words(response))


def test_I85_the_same_save_twice_is_no_conflict(
    console: Client, path: str, kept: dict[str, Any]
) -> None:
    sent = kept | {"name": "Renamed", "version": version(console.get(path))}
    for _ in range(2):
        assert console.post(path, sent).status_code == 302
    assert AuditEvent.objects.filter(action="idp.change").count() == 1


def test_I85_changes_of_other_fields_do_not_meet(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    """Scope and mapping have a page of their own, and are not written back here."""
    opened = version(console.get(path))
    IdentityProvider.objects.update(scope="partial", departments=["1"])
    sent = kept | {"name": "Renamed", "version": opened}
    assert console.post(path, sent).status_code == 302
    idp.refresh_from_db()
    assert (idp.name, idp.scope, idp.departments) == ("Renamed", "partial", ["1"])


@pytest.mark.parametrize("broken", ["", "x", "eyJhIjoxfQ:1:2", "\x00", "9" * 5000])
def test_I85_a_version_that_is_none_of_ours_saves_nothing(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any], broken: str
) -> None:
    response = console.post(path, kept | {"name": "Renamed", "version": broken})
    idp.refresh_from_db()
    assert response.status_code == 409
    assert value_of(response, "name") == "Renamed"
    assert idp.name == "Example"


def test_I85_a_form_with_an_error_keeps_the_version_it_was_opened_with(
    console: Client, path: str, kept: dict[str, Any]
) -> None:
    opened = version(console.get(path))
    response = console.post(path, kept | {"name": "a b", "version": opened})
    assert response.status_code == 422
    console.post(path, kept | {"description": "Theirs"})
    mended = kept | {"name": "Renamed", "version": version(response)}
    assert console.post(path, mended).status_code == 409


def test_I85_a_save_during_the_test_of_new_values_is_not_overwritten(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
    typed: dict[str, Any],
    simulator: Simulator,
) -> None:
    """What the test vouched for is not what would be stored then."""
    idp.set_secret("app_secret", "wrong-secret-0123456789")

    def meanwhile() -> None:
        plain = IdentityProvider.objects.get().settings
        IdentityProvider.objects.update(settings=plain | {"corp_id": "ding99999"})

    simulator.faults.before("/topapi/v2/department/*", 1, meanwhile)
    sent = kept | {"app_secret": typed["app_secret"]}
    response = console.post(path, sent)
    assert response.status_code == 409
    assert idp.secret("app_secret") == "wrong-secret-0123456789"
    assert not idp.reports.exists()


def test_an_idp_that_was_deleted_meanwhile_does_not_come_back(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
    typed: dict[str, Any],
    simulator: Simulator,
) -> None:
    idp.set_secret("app_secret", "wrong-secret-0123456789")
    gone = IdentityProvider.objects.all()
    simulator.faults.before("/topapi/v2/department/*", 1, lambda: gone.delete())
    sent = kept | {"app_secret": typed["app_secret"]}
    assert console.post(path, sent).status_code == 404
    assert not gone.exists()


def test_T32_fields_that_the_form_does_not_have_change_nothing(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    told = IdentityProvider.objects.values_list(
        "pk", "kind", "confirmed_at", "guard_people_min", "created_by"
    )
    before = told.get()
    extra = {"confirmed_at": "", "kind": "x", "guard_people_min": "99", "id": "1"}
    sent = kept | extra | {"is_superuser": "1", "name": "Renamed"}
    assert console.post(path, sent).status_code == 302
    assert told.get() == before


# --- closing ---


def test_I03_closing_is_refused_without_its_confirmation(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    """S092: the page comes back with the vendor's warning and the number affected."""
    builders.company(idp, people=12, departments=3)
    builders.employee(idp, "gone", status="left")
    response = console.post(path, kept | {"status": "closed", "description": "New"})
    idp.refresh_from_db()
    assert response.status_code == 422
    assert (idp.status, idp.description) == ("enabled", "")
    assert WARNING in words(response)
    assert "12 active employees log on through this IdP" in text(response)
    assert 'href="#id_confirm_close"' in words(response)
    assert 'name="confirm_close"' in words(response)
    assert re.search(r'value="closed" checked', words(response))
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "word", ["", "on", "example", "Example!", "New", "Example\x00"]
)
def test_U12_only_its_present_name_confirms(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any], word: str
) -> None:
    sent = kept | {"status": "closed", "confirm_close": word, "name": "New"}
    assert console.post(path, sent).status_code == 422
    idp.refresh_from_db()
    assert idp.status == "enabled"


def test_I03_with_its_confirmation_it_closes_and_is_written_down(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    builders.company(idp, people=12, departments=3)
    sent = kept | {"status": "closed", "confirm_close": "Example", "description": "New"}
    assert console.post(path, sent).status_code == 302
    idp.refresh_from_db()
    assert (idp.status, idp.description) == ("closed", "New")
    closing = AuditEvent.objects.get(action="idp.close").detail
    assert closing["status"] == ["enabled", "closed"]
    assert (closing["employees"], closing["sessions"]) == (12, 0)
    assert "status" not in AuditEvent.objects.get(action="idp.change").detail


def test_I03_a_closed_idp_is_saved_and_opened_again_without_a_word(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    IdentityProvider.objects.update(status="closed")
    assert 'name="confirm_close"' not in words(console.get(path))
    sent = kept | {"status": "closed", "description": "New"}
    assert console.post(path, sent).status_code == 302
    assert console.post(path, kept).status_code == 302
    idp.refresh_from_db()
    assert idp.status == "enabled"
    assert not AuditEvent.objects.filter(action="idp.close").exists()


def test_U12_the_danger_zone_counts_people_and_open_sessions(
    console: Client, idp: IdentityProvider, path: str, employee_account: User
) -> None:
    builders.employee(idp, "1")
    LogonSession.objects.create(account=employee_account, idp=idp, session_key="k")
    shown = text(console.get(path))
    zone = shown[shown.rindex("Danger zone") :]
    assert "1 active employee logs on through this IdP" in zone
    assert "1 of their sessions is open now" in zone
    assert "Only a closed IdP can be deleted" in zone


def test_F27_closing_ends_the_open_sessions_and_counts_them(
    console: Client,
    idp: IdentityProvider,
    path: str,
    kept: dict[str, Any],
    employee_account: User,
) -> None:
    other = builders.idp("Other")
    for key, of in (("theirs", idp), ("elsewhere", other)):
        LogonSession.objects.create(account=employee_account, idp=of, session_key=key)
    console.post(path, kept | {"status": "closed", "confirm_close": "Example"})
    ended = LogonSession.objects.get(session_key="theirs")
    assert ended.ended_at is not None
    assert ended.ended_because == "idp_closed"
    assert LogonSession.objects.get(session_key="elsewhere").ended_at is None
    assert AuditEvent.objects.get(action="idp.close").detail["sessions"] == 1


def test_F27_closing_stops_the_run_that_is_open(
    console: Client, idp: IdentityProvider, path: str, kept: dict[str, Any]
) -> None:
    run = runs.enqueue(idp, trigger="schedule")
    console.post(path, kept | {"status": "closed", "confirm_close": "Example"})
    run = SyncRun.objects.get(pk=run.pk)
    assert runs.perform(run).state == SyncRun.State.SUPERSEDED
