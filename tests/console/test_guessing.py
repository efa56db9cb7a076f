"""Guesses at the console's passwords: few, however many are made, and nobody learns who
has an account (T-41, G-24)."""

import io
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from identity import guessing, throttle
from identity.models import AuditEvent, Tally, User
from identity.views.accounts import FAILED
from tests.plugins.accounts import PASSWORD

LOGON = "/accounts/login/"
WRONG = "not the password"


def guess(client: Client, name: str, password: str = WRONG, **more: str) -> Any:
    return client.post(LOGON, {"username": name, "password": password}, **more)  # type: ignore[arg-type]


def judged() -> int:
    """How many passwords were looked at and found wrong."""
    return AuditEvent.objects.filter(action=FAILED).count()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.mark.django_db(transaction=True)
def test_G_24_fifty_at_once_from_as_many_addresses_are_ten(staff: User) -> None:
    """Ten are judged, and a minute later the account's holder comes in."""

    def once(number: int) -> int:
        try:
            client = Client(REMOTE_ADDR=f"198.51.100.{number}")
            return int(guess(client, "bob").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(once, range(60)))
    assert set(answers) <= {200, 429}
    assert answers.count(200) == judged() == 10
    with time_machine.travel(timezone.now() + timedelta(seconds=60)):
        assert guess(Client(), "bob", PASSWORD).status_code == 302


def test_G_24_in_no_minute_are_there_more_than_ten(
    db: None, clock: time_machine.Traveller
) -> None:
    """Not even where one minute ends and the next begins; and who waits gets some."""
    times = []
    for second in range(300):
        clock.shift(timedelta(seconds=1))
        if not throttle.wait("logon:x", most=10):
            times.append(second)
    assert max(len([t for t in times if s <= t < s + 60]) for s in range(300)) == 10
    assert max(b - a for a, b in itertools.pairwise(times)) == 60


def test_G_24_somebody_else_s_guesses_leave_the_holder_s_own_browser_alone(
    staff: User, clock: time_machine.Traveller
) -> None:
    """Even while they go on. The twin has never been logged on, and waits."""
    own = Client()
    assert guess(own, "bob", PASSWORD).status_code == 302
    own.post("/accounts/logout/")
    for number in range(20):
        guess(Client(REMOTE_ADDR=f"198.51.100.{number}"), "bob")
    assert guess(Client(REMOTE_ADDR="192.0.2.9"), "bob", PASSWORD).status_code == 429
    assert guess(own, "bob", PASSWORD).status_code == 302


def test_T_41_a_known_browser_has_few_tries_of_its_own(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    """A stolen one is no way around the limits."""
    guess(client, "bob", PASSWORD)
    client.post("/accounts/logout/")
    answers = [guess(client, "bob").status_code for _ in range(8)]
    assert answers == [200] * 5 + [429] * 3


@pytest.mark.parametrize(
    "value", ["", "x", "1:2:3", '["1","2"]', "a" * 5000], ids=lambda v: v[:9] or "none"
)
def test_T_41_a_browser_makes_itself_known_by_no_invention(
    staff: User, clock: time_machine.Traveller, value: str
) -> None:
    for number in range(10):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}")
        client.cookies["sasebridge_known"] = value
        guess(client, "bob")
    late = Client(REMOTE_ADDR="198.51.100.77")
    late.cookies["sasebridge_known"] = value
    assert guess(late, "bob", PASSWORD).status_code == 429


def test_T_41_a_browser_known_to_one_account_is_not_known_to_another(
    client: Client, staff: User, administrator: User, clock: time_machine.Traveller
) -> None:
    guess(client, "bob", PASSWORD)
    client.post("/accounts/logout/")
    for number in range(10):
        guess(Client(REMOTE_ADDR=f"198.51.100.{number}"), "alice")
    assert guess(client, "alice", PASSWORD).status_code == 429


def test_T_41_an_address_has_sixty_tries_whomever_they_are_about(
    client: Client, administrator: User, clock: time_machine.Traveller
) -> None:
    for number in range(3):
        guess(client, f"somebody{number}")
    assert Tally.objects.filter(key="logon:from:127.0.0.1", count=3).exists()
    Tally.objects.update(count=guessing.OF_ADDRESS)
    assert guess(client, "alice", PASSWORD).status_code == 429
    elsewhere = Client(REMOTE_ADDR="192.0.2.9")
    assert guess(elsewhere, "alice", PASSWORD).status_code == 302


def test_T_41_whoever_knows_the_password_logs_on_as_often_as_they_like(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    """Only what is wrong is counted."""
    for _ in range(guessing.OF_ACCOUNT + 1):
        assert guess(Client(), "bob", PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "header",
    ["HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP"],
)
def test_T_40_a_header_is_no_other_address(
    client: Client, staff: User, clock: time_machine.Traveller, header: str
) -> None:
    for number in range(5):
        guess(client, "bob", **{header: f"203.0.113.{number}"})
    assert guess(client, "bob", PASSWORD, **{header: "203.0.113.9"}).status_code == 429
    assert not AccessAttempt.objects.exclude(ip_address="127.0.0.1").exists()


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("", None),
        ("a", None),
        ("127.0.0.1, 10.0.0.1", None),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("x" * 10_000, None),
    ],
    ids=["none", "a", "two", "zone", "mapped", "10kB"],
)
def test_T_40_an_address_may_be_anything(
    client: Client, staff: User, address: str, kept: str | None
) -> None:
    """It is kept or not, and the limit holds all the same."""
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    found = guessing.address_of(request)
    assert found in (kept, "::ffff:c000:201" if kept else None)
    for _ in range(5):
        guess(client, "bob", REMOTE_ADDR=address)
    assert guess(client, "bob", PASSWORD, REMOTE_ADDR=address).status_code == 429


def answers_about(name: str) -> list[tuple[int, str]]:
    """Status and words of seven tries, without the name itself and the form's key."""
    client = Client()
    pages = [guess(client, name) for _ in range(7)]
    return [(page.status_code, plain(page, name)) for page in pages]


def plain(page: Any, name: str) -> str:
    text = page.content.decode().replace(name, "NAME")
    lines = text.splitlines()
    return "\n".join(line for line in lines if "csrf" not in line)


def test_G_24_a_name_that_is_nobody_s_is_answered_like_an_account(
    staff: User, clock: time_machine.Traveller
) -> None:
    """Text and status, from the first try to the locked page."""
    assert answers_about("bob") == answers_about("rob")


class Counting(MD5PasswordHasher):
    """Says how often a password was hashed."""

    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        """Count, and hash."""
        Counting.hashed += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("tries", [0, 4, 5], ids=["first", "locks", "locked"])
def test_G_24_a_name_that_is_nobody_s_costs_as_much_as_an_account(
    staff: User, settings: Any, clock: time_machine.Traveller, tries: int
) -> None:
    """The time, by what makes it: hashes and queries."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    staff.set_password(PASSWORD)
    staff.save()
    guess(Client(), "first of this address")
    costs = []
    for name in ("bob", "rob"):
        client = Client()
        for _ in range(tries):
            guess(client, name)
        Counting.hashed = 0
        with CaptureQueriesContext(connection) as queries:
            guess(client, name)
        costs.append((Counting.hashed, len(queries)))
    assert costs[0] == costs[1]


def test_T_41_nothing_that_was_typed_is_written_down(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    """People type passwords into the name's field, and addresses carry what they like."""
    client.post(
        f"{LOGON}?next=/typed-in-next/",
        {
            "username": "typed into the name",
            "password": "typed into the password",
            "next": "/typed-in-next/",
        },
    )
    guess(client, "bob", "typed for bob")
    models = (AccessAttempt, AccessFailureLog, AccessLog, AuditEvent, Tally)
    written = str([list(model.objects.values()) for model in models])
    assert AccessAttempt.objects.count() == 2
    assert "typed" not in written


def test_T_41_the_command_of_axes_unlocks_an_account(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    for _ in range(5):
        guess(client, "bob")
    assert guess(client, "bob", PASSWORD).status_code == 429
    call_command("axes_reset_username", "bob", stdout=io.StringIO())
    assert guess(client, "bob", PASSWORD).status_code == 302


def test_T_41_logging_on_without_a_password_is_never_counted_or_refused(
    staff: User, client: Client, clock: time_machine.Traveller
) -> None:
    """Employees come by what their vendor vouches for: whole companies by one address."""
    for _ in range(6):
        guess(client, "bob")
    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1")
    before = AccessAttempt.objects.get().failures_since_start
    handler = guessing.ConsoleHandler()
    for _ in range(10):
        handler.user_login_failed(None, {"idp": "x", "identity": "y"}, request)
    assert handler.is_allowed(request, {"username": None, "password": None})
    assert AccessAttempt.objects.get().failures_since_start == before == 5


def test_T_41_an_employee_s_logon_costs_axes_no_query(
    employee_account: User, staff: User, client: Client
) -> None:
    request = RequestFactory().get("/")
    handler = guessing.ConsoleHandler()
    with CaptureQueriesContext(connection) as queries:
        handler.user_logged_in(None, request, employee_account)
        handler.user_logged_out(None, request, employee_account)
    assert len(queries) == 0


def test_T_41_a_password_is_only_looked_at_in_the_console_s_form(
    staff: User, clock: time_machine.Traveller
) -> None:
    """Whoever calls Django's own function is counted all the same."""
    request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
    for _ in range(5):
        assert authenticate(request, username="bob", password=WRONG) is None
    fresh = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
    assert authenticate(fresh, username="bob", password=PASSWORD) is None
    elsewhere = RequestFactory().post("/", REMOTE_ADDR="192.0.2.2")
    assert authenticate(elsewhere, username="bob", password=PASSWORD) == staff
