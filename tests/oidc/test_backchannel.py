"""Applications hear of it when a session ends (OpenID Connect Back-Channel Logout 1.0).

A real receiver on loopback; the conformance suite's modules are test ids.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from identity import sessions
from identity.models import IdentityProvider, IDToken, LogonSession, LogoutNotice
from identity.oidc import backchannel, signing
from sync import cuts, tasks
from sync.models import Employee
from tests import builders
from tests.oidc.conftest import application
from tests.oidc.receiver import Receiver, receiving, wait_for
from tests.oidc.relying import DISCOVERY, Relying
from tests.plugins.logged_on import logged_on, session_of

pytestmark = pytest.mark.django_db
State = LogoutNotice.State
MINUTE = timedelta(minutes=1)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.LOGOUT_PRIVATE_HOSTS = ["127.0.0.1"]
    with receiving() as one:
        yield one


@pytest.fixture
def told(gateway: Relying, receiver: Receiver) -> Relying:
    """An application that wants to hear of it."""
    gateway.application.backchannel_logout_uri = receiver.url
    gateway.application.post_logout_redirect_uris = "https://rp.example/after"
    gateway.application.save()
    return gateway


def notice() -> LogoutNotice:
    return LogoutNotice.objects.get()


def header_of(token: str) -> dict[str, Any]:
    part = token.split(".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.mark.parametrize("_module", ["oidcc-backchannel-rp-initiated-logout"])
def test_the_suite_hears_of_its_own_log_off(
    browser: Client, told: Relying, receiver: Receiver, _module: str
) -> None:
    """Back-Channel Logout 2.4, 2.5: what comes, and that it is nothing but that."""
    hint = told.tokens(browser)["id_token"]
    claims = told.verified(hint)
    browser.get("/o/logout/", {"id_token_hint": hint})
    assert backchannel.deliver() == 1
    (came,) = receiver.came
    assert came["path"] == "/logout?way=back"
    assert came["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert came["headers"]["Host"] == f"127.0.0.1:{receiver.port}"
    assert set(came["form"]) == {"logout_token"}
    (token,) = receiver.tokens
    head, body = header_of(token), told.verified(token)
    assert (head["typ"], head["alg"]) == ("logout+jwt", "RS256")
    assert set(body) == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}
    assert body["events"] == {backchannel.EVENT: {}}
    assert {name: body[name] for name in ("iss", "aud", "sub", "sid")} == {
        name: claims[name] for name in ("iss", "aud", "sub", "sid")
    }
    assert abs(body["iat"] - time.time()) < 30
    assert body["exp"] - body["iat"] == 120
    assert notice().state == State.SENT
    assert backchannel.deliver() == 0


@pytest.mark.parametrize(
    "_module", ["oidcc-backchannel-discovery-endpoint-verification"]
)
def test_the_suite_reads_that_it_is_told(gateway: Relying, _module: str) -> None:
    shown = gateway.http.get(DISCOVERY).json()
    assert shown["backchannel_logout_supported"] is True
    assert shown["backchannel_logout_session_supported"] is True
    assert shown["end_session_endpoint"].endswith("/o/logout/")


# --- every way in which a session ends ---


def _log_off(browser: Client, session: LogonSession) -> None:
    page = browser.get("/o/logout/")
    browser.post(page.context["action"], {"decision": "leave"})


def _event(browser: Client, session: LogonSession) -> None:
    person = Employee.objects.get(account=session.account)
    event = builders.event(person.idp, "left", [person.userid], number=9)
    cuts.cut(event)


def _found_gone(browser: Client, session: LogonSession) -> None:
    cuts.settle(Employee.objects.get(account=session.account))


def _closed(browser: Client, session: LogonSession) -> None:
    assert session.idp
    sessions.end_all_of(session.idp, sessions.IDP_CLOSED)


def _by_hand(browser: Client, session: LogonSession) -> None:
    sessions.end(LogonSession.objects.filter(pk=session.pk), sessions.BY_HAND)


def _late(browser: Client, session: LogonSession) -> None:
    long_ago = timezone.now() - timedelta(hours=9)
    LogonSession.objects.filter(pk=session.pk).update(seen_at=long_ago)


def _expired(browser: Client, session: LogonSession) -> None:
    _late(browser, session)
    browser.get("/")


def _never_came_back(browser: Client, session: LogonSession) -> None:
    _late(browser, session)
    tasks.end_overdue()


def _by_another(browser: Client, session: LogonSession) -> None:
    other = Relying(application("Other"), "a-secret-of-a-gateway-that-nobody-guesses")
    browser.get("/o/logout/", {"id_token_hint": other.tokens(browser)["id_token"]})


ENDS = [
    _log_off,
    _event,
    _found_gone,
    _closed,
    _by_hand,
    _expired,
    _never_came_back,
    _by_another,
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: str(end.__name__).strip("_"))
def test_however_a_session_ends_its_applications_hear_of_it(
    browser: Client,
    told: Relying,
    receiver: Receiver,
    end: Callable[[Client, LogonSession], None],
) -> None:
    told.tokens(browser)
    session = session_of(browser)
    end(browser, session)
    session.refresh_from_db()
    assert session.ended_at is not None
    assert backchannel.deliver() == 1
    assert told.verified(receiver.tokens[0])["sid"] == str(session.sid)


def test_who_was_given_nothing_or_wants_nothing_hears_nothing(
    browser: Client, told: Relying, receiver: Receiver
) -> None:
    quiet = Relying(application("Quiet"), "a-secret-of-a-gateway-that-nobody-guesses")
    quiet.tokens(browser)
    application("Unused", backchannel_logout_uri=receiver.url)
    _by_hand(browser, session_of(browser))
    assert not LogoutNotice.objects.exists()


def test_a_session_that_goes_on_is_no_notice(browser: Client, told: Relying) -> None:
    told.tokens(browser)
    assert sessions.end_overdue() == 0
    assert not LogoutNotice.objects.exists()


def test_an_application_that_gave_its_tokens_back_hears_of_it_all_the_same(
    browser: Client, told: Relying
) -> None:
    """Revoked tokens are no log off: its own session goes on."""
    tokens = told.tokens(browser)
    told.post("/o/revoke_token/", {"token": tokens["refresh_token"]})
    _by_hand(browser, session_of(browser))
    assert LogoutNotice.objects.count() == 1


def test_the_end_of_many_sessions_takes_as_many_queries_as_that_of_one(
    idp: IdentityProvider, told: Relying
) -> None:
    counts = []
    for number in (1, 12):
        for at in range(number):
            row = session_of(logged_on(builders.employee(idp, f"p{number}-{at}")))
            IDToken.objects.create(
                application=told.application,
                session=row,
                user=row.account,
                expires=timezone.now(),
            )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert sessions.end_all_of(idp, sessions.IDP_CLOSED) == number
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8
    assert LogoutNotice.objects.count() == 13


# --- F-87: the outbox ---


def test_F87_a_target_that_is_down_is_tried_five_times_in_ten_minutes(
    browser: Client, told: Relying, receiver: Receiver
) -> None:
    receiver.status = 503
    told.tokens(browser)
    _by_hand(browser, session_of(browser))
    begun = timezone.now()
    with time_machine.travel(begun, tick=False) as clock:
        for _second in range(0, 700, 15):
            backchannel.deliver()
            clock.shift(15)
        assert len(receiver.came) == 5
    row = notice()
    assert (row.state, row.attempts, row.error) == (State.FAILED, 5, "status:503")
    assert len(set(receiver.tokens)) == 5  # each with an id of its own
    assert not backchannel.is_due()


def test_F87_a_target_that_comes_back_is_told(
    browser: Client, told: Relying, receiver: Receiver
) -> None:
    receiver.status = 400
    told.tokens(browser)
    _by_hand(browser, session_of(browser))
    assert backchannel.deliver() == 0
    assert (notice().state, notice().attempts) == (State.WAITING, 1)
    receiver.status = 204
    assert backchannel.deliver() == 0  # not due yet
    with time_machine.travel(timezone.now() + MINUTE):
        assert backchannel.deliver() == 1
    assert (notice().state, notice().error) == (State.SENT, "")


def test_F87_of_two_workers_one_sends(
    browser: Client, told: Relying, receiver: Receiver
) -> None:
    told.tokens(browser)
    _by_hand(browser, session_of(browser))
    seen_by_another = notice()
    assert backchannel.deliver() == 1
    assert not backchannel._claim(seen_by_another)
    assert len(receiver.came) == 1


def test_F87_a_worker_that_dies_leaves_its_notice_to_the_next(
    browser: Client, told: Relying, receiver: Receiver
) -> None:
    told.tokens(browser)
    _by_hand(browser, session_of(browser))
    assert backchannel._claim(notice())  # and no more is heard of it
    assert backchannel.deliver() == 0
    with time_machine.travel(timezone.now() + MINUTE):
        assert backchannel.deliver() == 1
    LogoutNotice.objects.update(state=State.WAITING, attempts=5, due_at=timezone.now())
    backchannel.deliver()
    assert (notice().state, notice().error) == (State.FAILED, backchannel.STOPPED)


@pytest.mark.django_db(transaction=True)
def test_F87_a_worker_is_rung_once_the_end_is_committed(
    browser: Client, told: Relying, receiver: Receiver, lone_worker: None
) -> None:
    told.tokens(browser)
    _by_hand(browser, session_of(browser))
    wait_for(receiver, 1)
    assert len(receiver.came) == 1


def test_F87_the_end_of_a_session_never_waits(
    browser: Client, told: Relying, receiver: Receiver
) -> None:
    receiver.silent = True
    told.tokens(browser)
    begun = time.monotonic()
    _by_hand(browser, session_of(browser))
    assert time.monotonic() - begun < 1
    assert receiver.came == []


def test_the_application_s_page_says_why_it_was_not_told(
    browser: Client, told: Relying, receiver: Receiver, console: Client
) -> None:
    path = reverse("identity:application", args=[told.application.pk])
    receiver.status = 500
    told.tokens(browser)
    _by_hand(browser, session_of(browser))
    backchannel.deliver()
    assert "status 500 instead of 200" in console.get(path).content.decode()
    receiver.status = 200
    with time_machine.travel(timezone.now() + MINUTE, tick=False):
        backchannel.deliver()
    assert "instead of 200" not in console.get(path).content.decode()


def test_a_logout_token_is_no_id_token(
    browser: Client, told: Relying, receiver: Receiver
) -> None:
    """RFC 8725 3.11: one kind of token must not pass for another."""
    tokens = told.tokens(browser)
    _by_hand(browser, session_of(browser))
    backchannel.deliver()
    assert signing.read(receiver.tokens[0]) is not None
    assert told.userinfo(receiver.tokens[0]).status_code == 401
    assert told.introspect(receiver.tokens[0]).json() == {"active": False}
    hint = {"id_token_hint": receiver.tokens[0]}
    assert browser.get("/o/logout/", hint).status_code == 400
    assert (
        browser.get("/o/logout/", {"id_token_hint": tokens["id_token"]}).status_code
        == 200
    )


def test_F87_who_does_not_answer_holds_nobody_else_up(
    told: Relying, receiver: Receiver, person: Employee
) -> None:
    """Twelve notices to a port where nobody listens, all due before another's."""
    dead = Relying(
        application(
            "Dead",
            backchannel_logout_uri="http://127.0.0.1:1/logout",
            redirect_uris="https://rp.example/cb",
        ),
        told.secret,
    )
    browsers = [logged_on(person) for _ in range(12)]
    for one in browsers:
        dead.tokens(one)
    told.tokens(browsers[-1])
    sessions.end(LogonSession.objects.all(), sessions.BY_HAND)
    LogoutNotice.objects.filter(application=dead.application).update(
        due_at=timezone.now() - MINUTE
    )
    assert backchannel.deliver() == 1
    assert len(receiver.came) == 1
    waiting = LogoutNotice.objects.filter(application=dead.application)
    tried = waiting.filter(attempts=1).count()
    assert tried == backchannel.AT_ONCE
    assert waiting.filter(attempts=0).count() == 12 - tried  # put off, and no try lost
    assert not backchannel.is_due()
    with time_machine.travel(MINUTE):
        assert backchannel.is_due()
