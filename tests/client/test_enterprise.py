"""The Enterprise ID: what is taken, what is refused, and what nobody learns by guessing."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from identity.models import Enterprise, IdentityProvider, LogonState, Tally
from identity.views.client import COOKIE, MOST
from tests import builders
from tests.client.conftest import ID

pytestmark = pytest.mark.alone

WRONG = "No company has this ID. It is on the card your administrator gave you."
KEY = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"|x-csrftoken": "\w+"')


def confirm(client: Client, typed: str, **more: str) -> Any:
    return client.post("/client/", {"enterprise_id": typed, **more})


@pytest.fixture
def enabled(company: Enterprise) -> IdentityProvider:
    return builders.idp("Headquarters")


def test_S171_the_page_asks_for_the_id_and_nothing_else(company: Enterprise) -> None:
    """S170, S171"""
    page = Client().get("/client/").content.decode()
    assert len(re.findall(r'<input[^>]*type="text"', page)) == 1
    assert "Enterprise ID" in page
    assert "Confirm</button>" in page
    assert company.name not in page


@pytest.mark.parametrize(
    "typed",
    [ID, f"  {ID} ", "ｋ７ｍ２ｐ９ｘ４ｑａ"],
    ids=["plain", "spaces", "full width"],
)
def test_S171_the_right_id_goes_on_and_is_remembered(
    enabled: IdentityProvider, typed: str
) -> None:
    """S171, U46: a plain form; the browser keeps the ID where no script reads it."""
    client = Client()
    response = confirm(client, typed)
    assert (response.status_code, response["Location"]) == (302, "/client/")
    cookie = client.cookies[COOKIE]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] > 300 * 24 * 3600


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "k7m2p9x4q", "k7m2p9x4qaa", "K7M2P9X4QA", "k7m2p9x4qb"),
        *("\0", "x" * 100_000, "' OR 1=1 --", "<b>k7m2p9x4qa</b>", "Acme 集团", "%"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_S171_any_other_id_is_nobodys(enabled: IdentityProvider, typed: str) -> None:
    client = Client()
    response = confirm(client, typed)
    assert response.status_code == 422
    assert WRONG in response.content.decode()
    assert COOKIE not in client.cookies
    assert not LogonState.objects.exists()


def answer_to(typed: str) -> tuple[int, bytes, int, set[str]]:
    """Status, bytes without the keys against forgery, queries, and cookies."""
    client = Client(REMOTE_ADDR="10.0.0.9")
    confirm(client, "first-of-this-address")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = confirm(client, typed)
    text = response.content.replace(typed.encode(), b"TYPED")
    return response.status_code, KEY.sub(b"", text), len(queries), set(client.cookies)


@pytest.mark.parametrize("why", ["closed", "draft", "none"])
def test_T42_unknown_and_known_with_nothing_enabled_are_the_same(
    company: Enterprise, why: str
) -> None:
    """T-42: bytes, queries and cookies, whatever the reason."""
    if why == "closed":
        builders.idp("Closed", status="closed")
    if why == "draft":
        builders.idp("", draft=True)
    assert answer_to(ID) == answer_to("k7m2p9x4qb")


def test_T42_the_twin_with_an_enabled_idp_is_let_on(enabled: IdentityProvider) -> None:
    assert answer_to(ID)[0] == 302


def test_T42_a_thousand_guesses_find_nothing(enabled: IdentityProvider) -> None:
    """T-42: after some wrong ones even the right one says nothing, but to others."""
    guessing, others = Client(REMOTE_ADDR="10.0.0.1"), Client(REMOTE_ADDR="10.0.0.2")
    with time_machine.travel(datetime(2026, 1, 1, 12, 0, 20, tzinfo=UTC), tick=False):
        found = [confirm(guessing, f"guess-{n}").status_code for n in range(MOST + 3)]
        assert found == [422] * MOST + [429] * 3
        refused = confirm(guessing, ID)
        assert refused.status_code == 429
        assert refused["Retry-After"] == "60"
        assert "Try again in 60 seconds." in refused.content.decode()
        assert COOKIE not in guessing.cookies
        assert confirm(others, ID).status_code == 302
    with time_machine.travel(datetime(2026, 1, 1, 12, 1, 20, tzinfo=UTC), tick=False):
        assert confirm(guessing, ID).status_code == 302


def test_T42_a_network_of_ipv6_is_one_guesser(enabled: IdentityProvider) -> None:
    """It has more addresses than there are IDs; its twin is another network."""
    guesser, neighbour, other = (
        Client(REMOTE_ADDR=address)
        for address in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")
    )
    for number in range(MOST):
        confirm(guesser, f"guess-{number}")
    assert confirm(neighbour, ID).status_code == 429
    assert confirm(other, ID).status_code == 302


def test_right_ids_are_not_counted(enabled: IdentityProvider) -> None:
    """A whole office behind one address begins on the same morning."""
    assert all(confirm(Client(), ID).status_code == 302 for _one in range(MOST + 2))
    assert Tally.objects.get().count == 0


def test_T42_a_made_up_cookie_is_no_guess(enabled: IdentityProvider) -> None:
    client = Client()
    for value in (ID, f"{ID}:x", f"{ID}:1uXyZz:abcdefghijklmnopqrstuvwxyz012345"):
        client.cookies[COOKIE] = value
        page = client.get("/client/").content.decode()
        assert "Confirm</button>" in page
        assert WRONG not in page


@pytest.mark.parametrize("what", ["closed", "another ID"])
def test_a_remembered_company_may_not_be_there_any_more(
    enabled: IdentityProvider, what: str
) -> None:
    """S176: the same words as for a wrong one."""
    client = Client()
    confirm(client, ID)
    if what == "closed":
        IdentityProvider.objects.update(status="closed")
    else:
        Enterprise.objects.update(identifier="another-id")
    response = client.get("/client/")
    assert response.status_code == 200
    assert WRONG in response.content.decode()
    assert not LogonState.objects.exists()


def test_not_this_company(enabled: IdentityProvider) -> None:
    client = Client()
    confirm(client, ID)
    assert client.get("/client/forget/").status_code == 405
    assert client.post("/client/forget/")["Location"] == "/client/"
    assert "Confirm</button>" in client.get("/client/").content.decode()


def test_the_forms_need_their_key(enabled: IdentityProvider) -> None:
    client = Client(enforce_csrf_checks=True)
    assert confirm(client, ID).status_code == 403
    assert client.post("/client/forget/").status_code == 403


def test_on_https_the_cookie_is_secure(
    enabled: IdentityProvider, settings: Any
) -> None:
    settings.HTTPS = True
    client = Client()
    confirm(client, ID)
    assert client.cookies[COOKIE]["secure"] is True
