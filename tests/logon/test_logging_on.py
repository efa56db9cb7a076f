"""A logon that goes well, and what is kept of it."""

import pytest

from identity.connectors.records import LogonStage
from identity.models import AuditEvent, LogonSession, LogonState, User
from tests.logon.browsers import Browser, ended, last
from tests.logon.conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_employee_logs_on_and_goes_on_to_where_they_wanted(world: World) -> None:
    state = world.browser.begin(world.idp, onward="/anywhere/?of=ours")
    response = world.browser.back(code=world.code(), state=state)
    assert (response.status_code, response["Location"]) == (
        302,
        "/anywhere/?of=ours",
    )
    session = world.browser.session
    assert session is not None
    world.person.refresh_from_db()
    assert session.account == world.person.account
    assert (session.idp, session.way, session.sub) == (
        world.idp,
        "page",
        world.person.sub.hex,
    )


def test_every_stage_is_kept_and_nothing_secret(world: World) -> None:
    code, state = world.code(), world.browser.begin(world.idp)
    world.browser.back(code=code, authCode=code, state=state)
    attempt = last()
    assert [one["stage"] for one in attempt.stages] == list(LogonStage)
    assert (attempt.outcome, attempt.stage, attempt.facts) == ("success", "", {})
    assert (attempt.userid, attempt.name) == (world.anyone.userid, world.anyone.name)
    assert (attempt.idp, attempt.test) == (world.idp, False)
    line = AuditEvent.objects.get(action="logon.employee")
    assert line.detail["trace"] == attempt.trace_id
    kept = str([*LogonState.objects.values(), *AuditEvent.objects.values()])
    assert state not in kept
    assert code not in kept
    assert world.browser.client.cookies["sasebridge_browser"].value not in kept


def test_inside_the_vendors_client_nobody_is_asked(world: World) -> None:
    response = world.browser.send(**world.silently)
    assert response.status_code == 302
    assert world.browser.session is not None
    assert world.browser.session.way == "silent"
    assert last().way == "silent"


def test_the_session_id_changes_at_the_logon(world: World) -> None:
    world.browser.client.session.save()
    before = world.browser.client.session.session_key
    world.log_on()
    assert world.browser.client.session.session_key != before


def test_T_14_no_logon_of_an_employee_opens_the_console(world: World) -> None:
    world.log_on()
    account = world.browser.session and world.browser.session.account
    assert account
    assert (account.role, account.is_staff, account.is_superuser) == (
        User.Role.EMPLOYEE,
        False,
        False,
    )
    for page in ("/", "/identity/", "/directory/", "/settings/", "/admin/"):
        assert world.browser.client.get(page).status_code in (302, 403), page


def test_T_14_an_administrators_session_in_this_browser_is_over(
    world: World, administrator: User
) -> None:
    world.browser.client.force_login(
        administrator, backend="django.contrib.auth.backends.ModelBackend"
    )
    before = world.browser.session
    assert before
    world.log_on()
    before.refresh_from_db()
    assert before.ended_because == "replaced"
    assert world.browser.session is not None
    assert world.browser.session.sub == world.person.sub.hex
    assert world.browser.client.get("/settings/").status_code == 403
    administrator.refresh_from_db()
    assert administrator.role == User.Role.ADMINISTRATOR


def test_T_14_twin_in_another_browser_it_goes_on(
    world: World, administrator: User
) -> None:
    console = Browser()
    console.client.force_login(
        administrator, backend="django.contrib.auth.backends.ModelBackend"
    )
    world.log_on()
    assert console.client.get("/settings/").status_code == 200


def test_T_41_guesses_at_the_console_lock_no_employee_out(
    world: World, administrator: User
) -> None:
    """They may share an address with whoever guesses."""
    guesser = Browser()
    for _time in range(25):
        form = {"username": administrator.username, "password": "guessed"}
        guesser.client.post("/accounts/login/", form)
    assert guesser.client.post("/accounts/login/", form).status_code == 429
    assert world.log_on().status_code == 302


def test_who_logs_on_again_keeps_their_session_under_another_key(world: World) -> None:
    world.log_on()
    first = world.browser.session
    world.log_on()
    second = world.browser.session
    assert first
    assert second
    assert (first.pk, first.sid) == (second.pk, second.sid)
    assert first.session_key != second.session_key


def test_somebody_who_only_tries_it_out_logs_nobody_on(
    world: World, administrator: User
) -> None:
    state = world.browser.begin(world.idp, tester=administrator)
    response = world.browser.back(code=world.code(), state=state)
    attempt = last()
    assert response.status_code == 302
    assert (attempt.test, attempt.outcome) == (True, "success")
    assert attempt.stages[-1]["stage"] == LogonStage.STATUS
    assert not LogonSession.objects.exists()
    assert not AuditEvent.objects.filter(action="logon.employee").exists()


def test_what_fails_while_it_is_tried_out_leads_to_its_stages_too(
    world: World, administrator: User
) -> None:
    state = world.browser.begin(world.idp, tester=administrator)
    response = world.browser.back(code="unknown", state=state)
    assert response.status_code == 302
    assert ended() == ("exchange", "code")
