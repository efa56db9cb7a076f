"""What nobody does who means well, and what goes wrong at the edges."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.core import signing as notes
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from identity.models import LogonSession, SigningKey
from identity.oidc import granting
from tests.oidc.conftest import SECRET, Scene
from tests.oidc.relying import FORM, INTROSPECT, REVOKE, TOKEN, Relying, basic

MINUTE = timedelta(minutes=1)


def call(relying: Relying, code: str, proof: str | None, **form: str) -> int:
    """Redeem a code with exactly this proof of who calls."""
    filled = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": relying.redirect_uri,
        "code_verifier": relying.verifier,
        **form,
    }
    headers = {} if proof is None else {"Authorization": proof}
    answer = Client().post(TOKEN, urlencode(filled), content_type=FORM, headers=headers)
    return int(answer.status_code)


def encoded(text: str) -> str:
    """Every character escaped, as RFC 6749 2.3.1 lets a client do."""
    return "".join(f"%{byte:02x}" for byte in text.encode())


PROOFS: dict[str, tuple[str, Callable[[str], str], int]] = {
    "scheme in capitals": ("gateway", lambda i: f"BASIC {basic(i, SECRET)[6:]}", 200),
    "two spaces": ("gateway", lambda i: f"Basic  {basic(i, SECRET)[6:]}", 200),
    "escaped": ("gateway", lambda i: basic(encoded(i), encoded(SECRET)), 200),
    "escaped twice": ("gateway", lambda i: basic(i, encoded(encoded(SECRET))), 401),
    "colon escaped": ("gateway", lambda i: basic(f"{i}%3A{SECRET}", ""), 401),
    "other letters": ("gateway", lambda i: basic(i, "密码é"), 401),
    "no padding": ("gateway", lambda i: basic(i, f"{SECRET}x").rstrip("="), 401),
    "line break": ("gateway", lambda i: basic(i, f"{SECRET}\n"), 401),
    "other scheme": ("gateway", lambda i: f"Digest {basic(i, SECRET)[6:]}", 401),
    "public, empty secret": ("native", lambda i: basic(i, ""), 200),
    "public, some secret": ("native", lambda i: basic(i, SECRET), 401),
    "public, a space": ("native", lambda i: basic(i, "+"), 401),
}


@pytest.mark.parametrize("case", PROOFS, ids=lambda case: f"I-82 {case}")
def test_odd_proofs_prove_what_they_say(case: str, scene: Scene) -> None:
    """The twin of a refused one is the plain proof, with the same code."""
    which, proof, status = PROOFS[case]
    relying: Relying = getattr(scene, which)
    code = relying.code(scene.browser)
    client_id = relying.application.client_id
    assert call(relying, code, proof(client_id)) == status
    if status != 200:
        assert call(relying, code, basic(client_id, relying.secret)) == 200


def test_I82_a_public_application_has_no_secret_in_the_form(scene: Scene) -> None:
    code = scene.native.code(scene.browser)
    named = {"client_id": scene.native.application.client_id}
    assert call(scene.native, code, None, **named, client_secret=SECRET) == 401
    assert call(scene.native, code, None, **named) == 200


def onward(scene: Scene, **asked: Any) -> str:
    """The address that the logon is to lead back to."""
    answer = scene.gateway.ask(scene.browser, **asked)
    return str(parse_qs(urlsplit(answer["Location"]).query)["next"][0])


def leads_to_the_logon(scene: Scene, address: str) -> bool:
    return bool(urlsplit(scene.browser.get(address)["Location"]).path == "/client/")


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": 60}])
def test_T26_a_note_of_a_logon_is_soon_worth_nothing(
    asked: dict[str, Any], scene: Scene
) -> None:
    """The same address again, later in the hour, is not what the logon was for."""
    LogonSession.objects.update(confirmed_at=timezone.now() - 2 * MINUTE)
    address = onward(scene, **asked)
    LogonSession.objects.update(confirmed_at=timezone.now())
    assert not leads_to_the_logon(scene, address)
    with time_machine.travel(11 * MINUTE):
        assert leads_to_the_logon(scene, address)


@pytest.mark.parametrize("forged", ["nonsense", "another salt", "the future"])
def test_T26_nobody_writes_a_note_for_themselves(forged: str, scene: Scene) -> None:
    address = onward(scene, prompt="login")
    head, _, note = address.partition("&again=")
    value = [granting.digest_of(scene.browser.get(head).wsgi_request), 0]
    made = {
        "nonsense": "x:y:z",
        "another salt": notes.dumps(value, salt="identity.client.enterprise"),
        "the future": notes.dumps(value, salt=f"{granting.SALT}."),
    }
    assert leads_to_the_logon(scene, f"{head}&again={made[forged]}")
    LogonSession.objects.update(confirmed_at=timezone.now())
    assert not leads_to_the_logon(scene, f"{head}&again={note}")


def test_T25_what_a_deleted_application_was_given_is_worth_nothing(
    scene: Scene,
) -> None:
    tokens, code = (
        scene.gateway.tokens(scene.browser),
        scene.gateway.code(scene.browser),
    )
    other = scene.native.tokens(scene.browser)["access_token"]
    assert scene.gateway.userinfo(tokens["access_token"]).status_code == 200
    scene.gateway.application.delete()
    assert scene.gateway.userinfo(tokens["access_token"]).status_code == 401
    assert scene.gateway.redeem(code).status_code == 401
    assert scene.gateway.refresh(tokens["refresh_token"]).status_code == 401
    assert scene.gateway.ask(scene.browser).status_code == 400
    assert scene.native.userinfo(other).status_code == 200


def test_G09_nothing_secret_is_logged(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither where things go well nor where they are refused."""
    with caplog.at_level(logging.DEBUG):
        code = scene.gateway.code(scene.browser)
        tokens = scene.gateway.redeem(code).json()
        fresh = scene.gateway.refresh(tokens["refresh_token"]).json()
        scene.gateway.refresh(tokens["refresh_token"])
        scene.gateway.redeem(code)
        scene.gateway.userinfo(fresh["access_token"])
        scene.gateway.post(INTROSPECT, {"token": fresh["access_token"]})
        scene.gateway.post(REVOKE, {"token": fresh["refresh_token"]})
        scene.gateway.redeem(code, client_secret=SECRET, client_id="x")
        Client().post(f"{TOKEN}?client_secret={SECRET}")
        scene.gateway.ask(scene.browser, redirect_uri="https://evil.example/?s=1")
    assert "reused" in caplog.text
    secrets = [code, SECRET, scene.gateway.verifier]
    for given in (tokens, fresh):
        secrets += [given[f"{kind}_token"] for kind in ("access", "refresh", "id")]
    assert [one for one in secrets if one in caplog.text] == []


@pytest.mark.django_db(transaction=True)
def test_F86_of_many_that_need_the_first_key_one_makes_it(scene: Scene) -> None:
    SigningKey.objects.all().delete()

    def need(_number: int) -> str:
        try:
            return str(SigningKey.signing().kid)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(need, range(6)))) == 1
    assert SigningKey.objects.count() == 1


def test_what_an_answer_costs_does_not_grow(scene: Scene) -> None:
    """Questions to the database; the person is asked for once in each."""

    def cost(show: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert show().status_code == 200
        people = [one for one in asked if 'FROM "sync_accesscut"' in one["sql"]]
        assert len(people) == 1
        return len(asked)

    code = scene.gateway.code(scene.browser)
    assert cost(lambda: scene.gateway.redeem(code)) <= 16
    tokens = scene.gateway.tokens(scene.browser)
    for _time in range(4):
        scene.gateway.tokens(scene.browser)
    refreshed = tokens["refresh_token"]
    assert cost(lambda: scene.gateway.refresh(refreshed)) <= 25
    tokens = scene.gateway.tokens(scene.browser)
    assert cost(lambda: scene.gateway.userinfo(tokens["access_token"])) <= 5
    assert cost(lambda: scene.gateway.introspect(tokens["access_token"])) <= 5
