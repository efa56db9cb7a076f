"""Console logon: who comes in, what a failure says, and what is written down."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from identity.models import AuditEvent, User
from tests.plugins.accounts import PASSWORD

LOGON = "/accounts/login/"


def log_on(client: Client, username: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post(LOGON, {"username": username, "password": password, **more})


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("account", ["administrator", "staff"])
def test_administrators_and_staff_log_on(
    client: Client, account: str, request: pytest.FixtureRequest
) -> None:
    """S081"""
    user = request.getfixturevalue(account)
    response = log_on(client, user.username)
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert signed_in(client)


def test_the_form_has_the_documented_fields(client: Client, db: None) -> None:
    page = client.get(LOGON).content.decode()
    assert 'name="username"' in page
    assert 'name="password"' in page
    assert ">Log on</button>" in page


def test_a_visitor_is_brought_back_to_the_page_they_wanted(
    client: Client, staff: User
) -> None:
    away = client.get("/identity/")
    assert away.status_code == 302
    assert away["Location"] == f"{LOGON}?next=/identity/"
    page = client.get(away["Location"])
    assert 'name="next" value="/identity/"' in page.content.decode()
    assert log_on(client, staff.username, next="/identity/")["Location"] == "/identity/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site(
    client: Client, staff: User, target: str
) -> None:
    assert log_on(client, staff.username, next=target)["Location"] == "/"


def test_a_wrong_password_is_said_in_place_and_never_echoed(
    client: Client, staff: User
) -> None:
    response = log_on(client, staff.username, "not the password")
    page = response.content.decode()
    assert response.status_code == 200
    assert "User name or password is wrong." in page
    assert 'value="bob"' in page
    assert "not the password" not in page
    assert not signed_in(client)


def test_an_unknown_name_gets_the_same_words(client: Client, db: None) -> None:
    page = log_on(client, "nobody").content.decode()
    assert "User name or password is wrong." in page


def test_a_closed_account_gets_the_same_words(client: Client, staff: User) -> None:
    User.objects.update(is_active=False)
    page = log_on(client, staff.username).content.decode()
    assert "User name or password is wrong." in page
    assert not signed_in(client)


def test_an_employee_is_told_that_the_console_is_not_theirs(
    client: Client, employee_account: User
) -> None:
    page = log_on(client, employee_account.username).content.decode()
    assert "it logs on in the SASE client, not in the console" in page
    assert not signed_in(client)
    assert AuditEvent.objects.get().detail == {"reason": "role"}


def test_the_session_id_changes_at_logon(client: Client, staff: User) -> None:
    client.session["before"] = "kept"
    session = client.session
    session["language"] = "en"
    session.save()
    before = client.session.session_key
    log_on(client, staff.username)
    assert client.session.session_key != before


def test_logon_failure_and_log_off_are_written_down_without_the_password(
    client: Client, staff: User
) -> None:
    """Promise 6: no secret in a record."""
    log_on(client, "bob", "mistyped secret")
    log_on(client, "correct horse battery", "x")
    log_on(client, "bob")
    client.post("/accounts/logout/")
    rows = list(AuditEvent.objects.order_by("pk"))
    assert [row.action for row in rows] == [
        "logon.console.failed",
        "logon.console.failed",
        "logon.console",
        "logoff.console",
    ]
    assert [row.target_label for row in rows] == ["bob", "", "bob", "bob"]
    assert rows[2].actor == staff
    assert rows[2].address == "127.0.0.1"
    written = str(list(AuditEvent.objects.values()))
    assert "mistyped" not in written
    assert "horse" not in written


def test_log_off_ends_the_session_and_is_a_post_only(
    client: Client, staff: User
) -> None:
    log_on(client, staff.username)
    assert client.get("/accounts/logout/").status_code == 405
    assert signed_in(client)
    response = client.post("/accounts/logout/")
    assert response["Location"] == LOGON
    assert not signed_in(client)


def test_logging_off_twice_does_no_harm(client: Client, db: None) -> None:
    assert client.post("/accounts/logout/").status_code == 302
    assert AuditEvent.objects.count() == 0


def test_after_five_failures_even_the_right_password_waits_a_minute(
    client: Client, staff: User, administrator: User
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(4):
            assert log_on(client, "bob", "wrong").status_code == 200
        assert log_on(client, "bob", "wrong").status_code == 429
        clock.shift(timedelta(seconds=20))
        refused = log_on(client, "bob")
        assert refused.status_code == 429
        assert refused["Retry-After"] == "40"
        assert "There were too many tries" in refused.content.decode()
        assert "That is in 40 seconds" in refused.content.decode()
        assert log_on(Client(), "alice").status_code == 302, "others still come in"
        elsewhere = Client(REMOTE_ADDR="192.0.2.7")
        assert log_on(elsewhere, "bob").status_code == 302, "so do other addresses"
        clock.shift(timedelta(seconds=41))
        assert log_on(client, "bob").status_code == 302


def test_a_throttled_try_does_not_prolong_the_wait(client: Client, staff: User) -> None:
    for _ in range(9):
        log_on(client, "bob", "wrong")
    assert AuditEvent.objects.count() == 5


def test_somebody_logged_on_is_sent_on(staff_console: Client) -> None:
    response = staff_console.get(LOGON)
    assert response.status_code == 302
    assert response["Location"] == "/"


def test_a_logon_without_a_csrf_token_is_refused(staff: User) -> None:
    response = log_on(Client(enforce_csrf_checks=True), "bob")
    assert response.status_code == 403
    assert "This page was open too long" in response.content.decode()


def test_a_demoted_account_loses_the_console_at_once(
    staff_console: Client, staff: User
) -> None:
    assert staff_console.get("/settings/").status_code == 200
    staff.role = User.Role.EMPLOYEE
    staff.save()
    assert staff_console.get("/settings/").status_code == 403


def test_the_language_of_the_account_follows_it_into_a_new_browser(
    client: Client, staff: User
) -> None:
    """U43"""
    User.objects.update(language="zh-hans")
    log_on(client, "bob")
    assert client.cookies["sasebridge_language"].value == "zh-hans"


@pytest.mark.parametrize("written", [" bob ", "ｂｏｂ"])
def test_a_name_written_otherwise_is_counted_as_the_account_that_it_opens(
    client: Client, staff: User, written: str
) -> None:
    """Spaces and wide letters open no second row of tries."""
    for _ in range(5):
        log_on(client, written, "wrong")
    assert log_on(client, "bob").status_code == 429


@pytest.mark.parametrize("name", ["", "bob\0", "\0"])
def test_a_name_that_can_be_nobodys_is_refused_in_words(
    client: Client, staff: User, name: str
) -> None:
    """Set X: PostgreSQL cannot even look for a NUL."""
    page = log_on(client, name).content.decode()
    assert not signed_in(client)
    assert 'id="id_username_error"' in page
