"""Console sessions: how long they last, what ends them, and who never gets one."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from identity import sessions
from identity.models import AuditEvent, Enterprise, IdentityProvider, LogonSession, User
from sync.models import AccessCut, Employee
from tests.bad_input.rules import address
from tests.console.test_second_factor import CODE, guarded, of_the_console
from tests.journeys.pages import World, furnished
from tests.plugins.accounts import PASSWORD
from tests.plugins.logged_on import logged_on, session_of

LOGON, SECURITY = "/accounts/login/", "/account/security/"
NEW = "a fresh pass phrase"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def log_on(name: str = "bob", password: str = PASSWORD, **more: str) -> Any:
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux) Firefox/140.0")
    client.post(LOGON, {"username": name, "password": password, **more})
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/settings/").status_code == 200)


def words(response: Any) -> str:
    return str(response.content.decode())


def test_a_session_ends_after_thirty_minutes_without_use(
    staff: User, clock: time_machine.Traveller
) -> None:
    """f.4; the logon page says why, and leads back."""
    client = log_on()
    clock.shift(timedelta(minutes=29))
    assert is_in(client)
    clock.shift(timedelta(minutes=31))
    away = client.get("/identity/")
    assert away["Location"] == f"{LOGON}?next=/identity/"
    assert "because nothing was done for 30 minutes" in words(
        client.get(away["Location"])
    )
    sent = {"username": "bob", "password": PASSWORD, "next": "/identity/"}
    assert client.post(LOGON, sent)["Location"] == "/identity/"
    client.post("/accounts/logout/")
    assert "because" not in words(client.get(LOGON)), "who logs off is told nothing"


def test_a_session_ends_after_twelve_hours_however_busy(
    staff: User, clock: time_machine.Traveller
) -> None:
    client = log_on()
    for _ in range(24):
        clock.shift(timedelta(minutes=29))
        assert is_in(client)
    clock.shift(timedelta(minutes=29))
    assert not is_in(client)
    assert "a session lasts 12 hours at most" in words(client.get(LOGON))


def test_a_page_that_refreshes_itself_keeps_nobody_logged_on(
    staff: User, clock: time_machine.Traveller
) -> None:
    """Its twin, somebody who looks at pages, stays."""
    left_alone, used = log_on(), log_on()
    for _ in range(11):
        clock.shift(timedelta(minutes=3))
        left_alone.get("/running/", headers={"HX-Request": "true"})
        used.get("/")
    assert not is_in(left_alone)
    assert is_in(used)


def test_the_list_shows_where_one_is_logged_on_and_ends_one_of_them(
    staff: User, administrator: User
) -> None:
    here, there, third = log_on(), log_on(), log_on()
    alice = log_on("alice")
    page = words(here.get(SECURITY))
    assert page.count("Firefox on Linux") >= 3
    assert page.count("This browser") == 1
    sid = LogonSession.objects.get(session_key=there.session.session_key).sid
    here.post("/account/sessions/end/", {"sid": str(sid)})
    assert [is_in(one) for one in (here, there, third)] == [True, False, True]
    assert "this session was ended elsewhere" in words(there.get(LOGON))
    here.post("/account/sessions/end/", {"sid": "others"})
    assert [is_in(one) for one in (here, third, alice)] == [True, False, True]
    events = AuditEvent.objects.filter(action="session.end").order_by("pk")
    assert [event.detail for event in events] == [{"sessions": 1}, {"sessions": 1}]


def test_nobody_ends_somebody_else_s(staff: User, administrator: User) -> None:
    bob, alice = log_on(), log_on("alice")
    for session in LogonSession.objects.filter(account=administrator):
        bob.post("/account/sessions/end/", {"sid": str(session.sid)})
    bob.post("/account/sessions/end/", {"sid": "x' OR 1=1"})
    assert is_in(alice)


def test_changing_the_password_ends_the_other_sessions(staff: User) -> None:
    here, there = log_on(), log_on()
    sent = {"new_password1": NEW, "new_password2": NEW}
    for wrong in ("", "x"):
        response = here.post("/account/password/", sent | {"own_password": wrong})
        assert response.status_code == 422
        assert NEW not in words(response)
        assert is_in(there)
    response = here.post("/account/password/", sent | {"own_password": PASSWORD})
    assert response["Location"] == SECURITY
    assert is_in(here)
    assert not is_in(there)
    assert is_in(log_on(password=NEW))
    assert not is_in(log_on())
    assert AuditEvent.objects.filter(action="account.password").count() == 1


@pytest.mark.parametrize("weak", ["short", "12345678901", "password123"])
def test_a_weak_password_is_refused_in_place(staff: User, weak: str) -> None:
    sent = {"own_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    response = log_on().post("/account/password/", sent)
    staff.refresh_from_db()
    assert response.status_code == 422
    assert 'id="problems"' in words(response)
    assert staff.check_password(PASSWORD)


def test_one_s_own_password_changed_in_the_admin_leaves_one_logged_on(
    administrator: User,
) -> None:
    alice = log_on("alice")
    sent = {"usable_password": "true", "password1": NEW, "password2": NEW}
    alice.post(f"/admin/identity/user/{administrator.pk}/password/", sent)
    assert is_in(alice)


@pytest.fixture
def world(idp: IdentityProvider) -> World:
    made = furnished(idp, IdentityProvider.objects.create(kind=idp.kind))
    AccessCut.objects.all().delete()  # somebody who is logged on indeed
    return made


def accounts_of(world: World) -> Any:
    return User.objects.filter(employee=world.person)


def test_T_14_an_employee_s_session_opens_nothing_of_the_console(world: World) -> None:
    """Every address of the console and of /admin/; the twin is the staff's own test."""
    client = logged_on(world.person)
    paths = [
        path
        for name in of_the_console()
        if not (path := address(name, world)).startswith("/client/")
    ]
    for path in [
        *paths,
        "/admin/",
        "/admin/identity/user/",
        "/admin/identity/user/add/",
    ]:
        for response in (client.get(path), client.post(path, {})):
            refused = response.status_code in (403, 405)
            assert refused or "/login/" in response.get("Location", ""), path
    assert client.get("/client/home/").status_code == 200, "and it is one indeed"
    assert set(accounts_of(world).values_list("role", flat=True)) == {"employee"}


@pytest.mark.parametrize("role", ["administrator", "staff"])
def test_T_14_a_person_whose_account_is_of_the_console_has_no_session_by_the_idp(
    world: World, role: str
) -> None:
    """However the row came about: the vendor's word never opens the console."""
    client = logged_on(world.person)
    accounts_of(world).update(role=role)
    assert not is_in(client)
    assert Employee.objects.get(pk=world.person.pk).account_id


def test_T_14_a_session_of_the_console_is_none_of_the_idp(world: World) -> None:
    """Of a person who has just become staff, in the browser they had as an employee: it
    has the console's limits, and their list of sessions and a new password know it."""
    client = logged_on(world.person)
    for account in accounts_of(world):
        account.role = User.Role.STAFF
        account.set_password(PASSWORD)
        account.save()
        name = account.username
    client.post(LOGON, {"username": name, "password": PASSWORD})
    assert is_in(client)
    session = session_of(client)
    assert (session.idp, session.way) == (None, "")


def test_T_41_the_key_of_an_employee_s_session_opens_no_second_page(
    staff: User, world: World
) -> None:
    """Somebody who lends a browser to the console's staff still has its cookies."""
    guarded(staff)
    client, lent = logged_on(world.person), Client()
    lent.cookies.update(client.cookies)
    sent = {"username": "bob", "password": PASSWORD}
    assert client.post(LOGON, sent)["Location"] == CODE
    assert lent.get(CODE)["Location"] == LOGON
    assert client.get(CODE).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_T_16_a_session_that_is_being_ended_is_not_gone_on_with(staff: User) -> None:
    """By a logon in the same browser, which its holder did not know to be over."""
    browser = log_on()
    old = session_of(browser)
    request = RequestFactory().get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = old.session_key
    request.session = SessionStore()

    def log_on_again() -> None:
        try:
            sessions.begin(request, staff)
        finally:
            connection.close()

    thread = threading.Thread(target=log_on_again)
    with transaction.atomic():
        sessions.end(LogonSession.objects.filter(pk=old.pk), sessions.BY_HAND)
        thread.start()
        thread.join(0.3)
    thread.join(10)
    old.refresh_from_db()
    assert old.ended_because == sessions.BY_HAND
    assert LogonSession.objects.filter(ended_at=None).count() == 1


PLACES = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "https:///evil.example",
    "https://evil.example/",
    "http://testserver@evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/login/../..//evil.example",
    "/\r\nLocation: https://evil.example",
    "/nothing-of-ours/",
    "/" + "a" * 10_000,
    "/identity/?" + "a" * 10_000,
    "",
]


@pytest.mark.parametrize("target", PLACES, ids=lambda t: f"I-81-{t[:24]!r}-{len(t)}")
def test_I_81_the_logon_leads_to_pages_of_ours_only(staff: User, target: str) -> None:
    sent = {"username": "bob", "password": PASSWORD, "next": target}
    assert Client().post(LOGON, sent)["Location"] == "/"
    page = words(Client().get(LOGON, {"next": target}))
    assert 'name="next" value=""' in page


@pytest.mark.parametrize("target", ["/identity/", "/sync/runs/?idp=1#x", "/admin/"])
def test_I_81_the_twin_leads_where_one_was(staff: User, target: str) -> None:
    sent = {"username": "bob", "password": PASSWORD, "next": target}
    assert Client().post(LOGON, sent)["Location"] == target


def test_S172_the_identifier_is_made_anew_after_a_warning(
    console: Client, staff_console: Client
) -> None:
    """Random, 40 bits and more; the settings page shows the new one."""
    old = Enterprise.load().identifier
    assert old in words(console.get("/settings/identifier/"))
    assert staff_console.post("/settings/identifier/").status_code == 403
    assert console.post("/settings/identifier/")["Location"] == "/settings/"
    new = Enterprise.load().identifier
    assert new != old
    assert len(new) == 10
    page = words(console.get("/settings/"))
    assert f'value="{new}" readonly' in page
    assert "/client/" in page
    assert "<svg viewBox" in page
    detail = AuditEvent.objects.get().detail
    assert detail == {"identifier": {"before": old, "after": new}}


def test_T_48_the_identifier_changes_only_after_the_password(console: Client) -> None:
    old = Enterprise.load().identifier
    LogonSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    assert console.post("/settings/identifier/").status_code == 422
    typed = {"name": "Acme", "identifier": "typed-by-hand"}
    response = console.post("/settings/", typed)
    assert response.status_code == 422
    assert 'value="typed-by-hand"' in words(response)
    assert Enterprise.load().identifier == old
    name_only = {"name": "Acme", "identifier": old}
    assert console.post("/settings/", name_only).status_code == 302
    assert (
        console.post("/settings/", typed | {"own_password": PASSWORD}).status_code
        == 302
    )
    assert Enterprise.load().identifier == "typed-by-hand"
