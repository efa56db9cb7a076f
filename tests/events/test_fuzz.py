"""Ten thousand bodies that are no events, and some that almost are."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as effort

from identity.connectors.dingtalk.crypto import Sealed
from identity.models import IdentityProvider
from sync.models import InboxEvent
from sync.views.receive import receive
from tests.events.sender import CHECK_URL, Sender, leave, query_of
from tests.events.test_event_parser import JSON

pytestmark = pytest.mark.django_db
BODIES, SEEDS = 10_000, range(4)
"""In parts, so that two processes share them."""
Made = tuple[dict[str, Any], bytes]


class Fuzz:
    """Makes calls from random parts; the same ones for the same seed."""

    def __init__(self, sender: Sender, seed: int) -> None:
        self.sender, self.random = sender, random.Random(seed)
        self.good = sender.seal(leave("u1"))

    def calls(self, number: int) -> Iterator[Made]:
        """So many: a query and a body each. None of them is an event."""
        ways: list[Callable[[], Made]] = [
            self.noise,
            self.changed,
            self.cut,
            self.signed_noise,
            self.sealed_noise,
            self.sealed_json,
            self.other_query,
        ]
        for turn in range(number):
            yield ways[turn % len(ways)]()

    def noise(self) -> Made:
        """Any bytes."""
        return query_of(self.good), self.random.randbytes(self.random.randrange(200))

    def changed(self) -> Made:
        """A good body with one byte changed: in its text, or around it."""
        body = bytearray(body_of(self.good))
        place = self.random.randrange(len(body))
        body[place] ^= 1 << self.random.randrange(8)
        return query_of(self.sender.signed(str(self.random.random()))), bytes(body)

    def cut(self) -> Made:
        """A good body that ends too soon."""
        body = body_of(self.good)
        return query_of(self.good), body[: self.random.randrange(len(body))]

    def signed_noise(self) -> Made:
        """Whoever has the token, and sends any text."""
        size = self.random.randrange(120)
        letters = 'ABCxyz0189+/="\\{}\n\0 %'
        text = "".join(self.random.choice(letters) for _ in range(size))
        return made(self.sender.signed(text))

    def sealed_noise(self) -> Made:
        """Whoever has both keys, and seals any bytes."""
        size = self.random.randrange(16, 120)
        pad = self.random.choice([16, 32, 48, 240])
        return made(self.sender.raw(self.random.randbytes(size), pad=pad))

    def sealed_json(self) -> Made:
        """JSON that names no event."""
        value: object = self.random.choice([None, 1, "x", [], {}, 1e300, True])
        for _ in range(self.random.randrange(30)):
            value = self.random.choice([[value], {"userId": value}, {"a": [value]}])
        return made(self.sender.seal(value))

    def other_query(self) -> Made:
        """A good body under a query that lacks something, or has something else."""
        query = query_of(self.good)
        name = self.random.choice(list(query))
        query[name] = self.random.choice(["", "0", "x" * 600, "\0", "é", "%", "-1"])
        return query, body_of(self.good)


def made(sealed: Sealed) -> Made:
    return query_of(sealed), body_of(sealed)


def body_of(sealed: Sealed) -> bytes:
    return json.dumps({"encrypt": sealed.encrypt}).encode()


@pytest.mark.alone
@pytest.mark.parametrize("seed", SEEDS)
def test_I60_ten_thousand_bodies_are_refused_and_leave_no_row(
    sender: Sender, keyed: IdentityProvider, seed: int
) -> None:
    """T-01: never a 5xx. Past the middleware, which test_refusals.py goes through."""
    factory, answers = RequestFactory(), set()
    for query, body in Fuzz(sender, seed).calls(BODIES // len(SEEDS)):
        request = factory.generic(
            "POST", f"{sender.url}?{urlencode(query)}", body, "application/json"
        )
        response = receive(request, keyed.kind, str(keyed.pk))
        answers.add((response.status_code, response.content))
    assert answers == {(403, b"refused\n")}
    assert not InboxEvent.objects.exists()


@effort(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=JSON)
def test_F63_whatever_whoever_has_the_keys_says_is_kept_or_refused(
    sender: Sender, content: Any
) -> None:
    """On both databases: NUL, halves of surrogate pairs, huge numbers."""
    if isinstance(content, dict):
        content = {"EventType": "user_modify_org"} | content
    assert sender.push(json.dumps(content)).status_code in (200, 403)


ODD = {
    "NUL": {"userId": ["u\0", "u1"], "eventId": "a\0", "x": "\0"},
    "half a surrogate pair": {"userId": ["\ud800", "u1"], "eventId": "\udfff"},
    "a huge number": {"userId": ["u1"], "EventTime": 10**30, "a": 1e308},
    "deep": {"userId": ["u1"], "diffInfo": json.loads("[" * 400 + "]" * 400)},
    "numbers": {"userId": [7, "u1", 7], "EventTime": -1},
    "long": {"userId": ["u1"], "eventId": "e" * 500},
}


@pytest.mark.parametrize("more", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("name", ["user_add_org", "user_leave_org", "a\0b", "\ud800x"])
def test_I60_odd_values_of_an_event_are_dropped_and_it_is_kept(
    sender: Sender, name: str, more: dict[str, Any]
) -> None:
    assert sender.was_taken(sender.push({"EventType": name} | more))
    row = InboxEvent.objects.get()
    if name.startswith("user"):
        assert "u1" in row.userids
    assert json.loads(row.reveal())["EventType"] == name


def test_a_good_call_of_the_fuzz_is_taken(sender: Sender) -> None:
    """So that what was refused was refused for what is wrong with it."""
    assert sender.was_taken(sender.send(Fuzz(sender, seed=4).good))
    assert sender.was_taken(sender.push(CHECK_URL))
