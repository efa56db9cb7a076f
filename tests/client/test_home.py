"""The client's home: who, what they reach, from where; and log off."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.connectors.records import LogonWay
from identity.models import Application, AuditEvent, LogonSession, User
from sync.models import Employee
from tests import builders
from tests.plugins.logged_on import logged_on, session_of

pytestmark = pytest.mark.alone

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)


def application(name: str, **values: Any) -> Application:
    values.setdefault("launch_url", f"https://{name.lower()}.example.test/")
    made: Application = Application.objects.create(
        name=name, client_type="confidential", authorization_grant_type="code", **values
    )
    return made


def page_of(client: Client) -> str:
    response = client.get("/client/home/")
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


def elsewhere(person: Employee, agent: str, way: LogonWay) -> LogonSession:
    """A session of this person in another mine."""
    row = session_of(logged_on(person))
    LogonSession.objects.filter(pk=row.pk).update(agent=agent, way=way)
    return row


def test_S175_connection_successful_with_name_and_departments(mine: Client) -> None:
    """S175, pages 5.2"""
    page = page_of(mine)
    assert "Connection successful" in page
    assert "张三丰" in page
    for name in ("Acme 集团", "Sales 销售部", "North 华北", "Legal 法务"):
        assert name in page
    assert page.index("Sales 销售部") < page.index("North 华北")


def test_S175_resources_are_what_is_enabled_and_can_be_opened(mine: Client) -> None:
    for one in ("Wiki", "Mail"):
        application(one)
    application("Off", enabled=False)
    application("Native", launch_url="")
    application("Evil", launch_url="javascript:alert(1)")  # T-23
    page = page_of(mine)
    assert 'href="https://wiki.example.test/"' in page
    assert 'href="https://mail.example.test/"' in page
    assert not any(name in page for name in ("Off<", "Native", "Evil", "javascript:"))


def test_U35_without_resources_it_says_who_adds_them(mine: Client) -> None:
    assert "Your administrator has not added resources yet" in page_of(mine)


def test_own_sessions_stand_there_in_words(mine: Client, person: Employee) -> None:
    elsewhere(person, IPHONE, LogonWay.SILENT)
    elsewhere(person, EDGE, LogonWay.QR)
    other = somebody_else(person)
    logged_on(other)
    page = page_of(mine)
    for words in ("Safari on iPhone", "inside DingTalk", "Edge on Windows", "by QR"):
        assert words in page
    assert page.count(">End</button>") == 2
    assert "End all other sessions" in page


def somebody_else(person: Employee) -> Employee:
    return builders.employee(person.idp, "li", "李四")


def test_a_session_that_lasted_too_long_does_not_stand_there(
    mine: Client, person: Employee
) -> None:
    old = elsewhere(person, EDGE, LogonWay.PAGE)
    long_ago = timezone.now() - timedelta(days=3)
    LogonSession.objects.filter(pk=old.pk).update(seen_at=long_ago)
    assert "Edge on Windows" not in page_of(mine)


def test_one_is_ended_or_all_others(mine: Client, person: Employee) -> None:
    first = elsewhere(person, EDGE, LogonWay.PAGE)
    second = elsewhere(person, IPHONE, LogonWay.QR)
    third = elsewhere(person, IPHONE, LogonWay.PAGE)
    response = mine.post("/client/home/end/", {"session": first.pk}, follow=True)
    assert "1 session ended." in response.content.decode()
    assert open_ones() == {second.pk, third.pk, session_of(mine).pk}
    response = mine.post("/client/home/end/", {"others": "1"}, follow=True)
    assert "2 sessions ended." in response.content.decode()
    assert open_ones() == {session_of(mine).pk}
    assert AuditEvent.objects.filter(action="session.end").count() == 2


def open_ones() -> set[int]:
    found = LogonSession.objects.filter(ended_at=None).values_list("pk", flat=True)
    return set(found)


@pytest.mark.parametrize("wanted", ["", "0", "-1", "x", "9" * 30, "\0", "1.5", "٣"])
def test_odd_sessions_are_none(mine: Client, person: Employee, wanted: str) -> None:
    before = open_ones()
    response = mine.post("/client/home/end/", {"session": wanted})
    assert response.status_code == 302
    assert open_ones() == before


def test_T13_nobody_ends_anothers_session(mine: Client, person: Employee) -> None:
    """The twin, one's own, is ended above."""
    theirs = session_of(logged_on(somebody_else(person)))
    mine.post("/client/home/end/", {"session": theirs.pk})
    mine.post("/client/home/end/", {"others": "1"})
    assert theirs.pk in open_ones()


def test_log_off_ends_the_session_and_comes_back_to_the_start(mine: Client) -> None:
    """By a plain form; the key that the browser held opens nothing any more."""
    row, key = session_of(mine), str(mine.session.session_key)
    assert mine.get("/client/logoff/").status_code == 405
    response = mine.post("/client/logoff/", follow=True)
    assert response.redirect_chain == [("/client/", 302)]
    assert "You are logged off." in response.content.decode()
    row.refresh_from_db()
    assert row.ended_because == "logged_off"
    mine.cookies["sasebridge_session"] = key
    assert mine.get("/client/home/")["Location"] == "/client/"


def test_all_of_it_needs_the_forms_key(person: Employee) -> None:
    client = logged_on(person, Client(enforce_csrf_checks=True))
    for path in ("/client/home/end/", "/client/logoff/"):
        assert client.post(path, {"others": "1"}).status_code == 403
    assert session_of(client).ended_at is None


@pytest.mark.parametrize("what", ["nobody", "ended", "left", "closed"])
def test_who_is_not_logged_on_is_sent_to_the_start(person: Employee, what: str) -> None:
    """U49, T-16"""
    client = Client() if what == "nobody" else logged_on(person)
    if what == "ended":
        LogonSession.objects.update(ended_at=timezone.now())
    if what == "left":
        Employee.objects.update(status="left")
    if what == "closed":
        type(person.idp).objects.update(status="closed")
    for path in ("home/", "home/end/", "logoff/"):
        answer = client.get if path == "home/" else client.post
        response = answer(f"/client/{path}")
        assert (response.status_code, response["Location"]) == (302, "/client/")


def test_who_is_logged_on_goes_home_from_the_start(mine: Client) -> None:
    assert mine.get("/client/")["Location"] == "/client/home/"


def test_the_console_has_its_own_way(console: Client, staff_console: Client) -> None:
    """An administrator who looks here is shown where to go; nothing is ended."""
    for client in (console, staff_console):
        page = page_of(client)
        assert "To the console" in page
        assert client.post("/client/logoff/").status_code == 403
        assert client.get("/").status_code == 200


def test_T14_an_account_without_a_person_has_no_home(employee_account: User) -> None:
    """A password makes nobody an employee."""
    client = Client()
    by_password = "django.contrib.auth.backends.ModelBackend"
    client.force_login(employee_account, backend=by_password)
    assert client.get("/client/home/", follow=True).redirect_chain == [
        ("/client/", 302)
    ]


def test_T14_the_console_stays_closed(mine: Client) -> None:
    """The twin is console: the administrator's mine."""
    for path in ("/", "/identity/", "/settings/", "/directory/", "/admin/"):
        assert mine.get(path).status_code in (302, 403), path


def test_the_home_costs_the_same_however_much_there_is(
    mine: Client, person: Employee, django_assert_num_queries: Any
) -> None:
    page_of(mine)
    queries = 9
    with django_assert_num_queries(queries):
        page_of(mine)
    for one in range(5):
        elsewhere(person, EDGE, LogonWay.PAGE)
        application(f"App{one}")
    with django_assert_num_queries(queries):
        page_of(mine)
