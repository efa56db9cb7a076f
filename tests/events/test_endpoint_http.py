"""The Request URL through real HTTP: with the simulated DingTalk, and with bare sockets."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.events import CLASSIC, CURRENT
from identity.connectors.dingtalk.simulator.pusher import (
    BAD_STATUS,
    Pusher,
    Subscription,
)
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sync.models import InboxEvent
from tests.events.sender import KEY, OTHER_TOKEN, TOKEN, Sender, leave, url_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def real(
    keyed: IdentityProvider, simulator: Simulator, live_server: Any
) -> Callable[..., Pusher]:
    """The simulated DingTalk, pushing to a server of ours."""

    def pusher(**changes: Any) -> Pusher:
        there = Subscription(f"{live_server.url}{url_of(keyed)}", TOKEN, KEY)
        return Pusher(simulator, replace(there, **changes))

    return pusher


def test_the_simulated_console_verifies_the_address(
    real: Callable[..., Pusher], keyed: IdentityProvider
) -> None:
    """S146, S156; and with a wrong token it shows its own words."""
    assert real().check_url().fine
    assert real(signatures=("msg_signature",), owner=keyed.settings["corp_id"])
    wrong = real(token=OTHER_TOKEN).check_url()
    assert (wrong.fine, wrong.reason) == (False, BAD_STATUS.format(status=403))
    assert keyed.pushed_calls.get(outcome="verified").address == "127.0.0.1"


@pytest.mark.parametrize("spelling", [CURRENT, CLASSIC])
def test_both_spellings_arrive(real: Callable[..., Pusher], spelling: str) -> None:
    pusher = real(spelling=spelling)
    happened = [
        Event("user_add_org", ("u1", "u2")),
        Event("user_modify_org", ("u1",), diff={"prev": {}, "curr": {"name": "x"}}),
        Event("org_dept_remove", (), (501001, 501002)),
    ]
    pusher.deliver_all(happened, copies=2, shuffle=1)
    assert all(outcome.fine for _kind, outcome in pusher.log)
    rows = InboxEvent.objects.order_by("name").values_list(
        "name", "userids", "departments", "copies"
    )
    assert list(rows) == [
        ("org_dept_remove", [], ["501001", "501002"], 2),
        ("user_add_org", ["u1", "u2"], [], 2),
        ("user_modify_org", ["u1"], [], 2),
    ]


@pytest.mark.parametrize(
    "extra",
    [
        'Transfer-Encoding: chunked\r\n\r\n5\r\n{"en\r\n',
        "Content-Length: 99999999999\r\n\r\n{",
        "Content-Length: 100000\r\n\r\n{",
        "Content-Length: -1\r\n\r\n{",
        "Content-Length: 1e3\r\n\r\n{",
        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
        "\r\n",
    ],
)
def test_I60_a_body_of_unknown_or_absurd_length_is_not_waited_for(
    live_server: Any, keyed: IdentityProvider, extra: str
) -> None:
    """T-08: the answer comes although the body never ends."""
    there = urlsplit(live_server.url)
    head = f"POST {url_of(keyed)} HTTP/1.1\r\nHost: {there.netloc}\r\n{extra}"
    with socket.create_connection((there.hostname, there.port), timeout=10) as line:
        line.sendall(head.encode())
        said = b""
        while b"\r\n\r\n" not in said.replace(b"100 Continue\r\n\r\n", b""):
            part = line.recv(65536)
            assert part, said
            said += part
    assert b" 403 " in said
    assert not InboxEvent.objects.exists()


@pytest.mark.alone
@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="other databases always keep what they took"
)
def test_what_was_taken_outlives_a_power_cut(sender: Sender) -> None:
    """P1: SQLite is asked to have it on the disk before the answer."""
    connection.close()  # as at the beginning of a request
    assert sender.was_taken(sender.push(leave("u1")))
    with connection.cursor() as cursor:
        (level,) = cursor.execute("PRAGMA synchronous").fetchone()
    assert level == 2  # FULL
