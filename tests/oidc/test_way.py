"""The whole way: an employee logs on to an application, and the application knows who."""

import time

import pytest
from django.test import Client

from identity.models import AccessToken, Grant, IDToken, RefreshToken, SigningKey
from sync.models import Employee
from tests.oidc.relying import DISCOVERY, KEYS, Relying, query_of
from tests.plugins.logged_on import session_of


@pytest.mark.parametrize("which", ["gateway", "native"])
def test_a_code_becomes_tokens_that_say_who_it_is(
    which: str, request: pytest.FixtureRequest, browser: Client, person: Employee
) -> None:
    relying: Relying = request.getfixturevalue(which)
    answered = query_of(relying.ask(browser, state="a b&c=✓"))
    assert answered["state"] == "a b&c=✓"
    assert answered["iss"] == relying.http.get(DISCOVERY).json()["issuer"]
    tokens = relying.redeem(answered["code"]).json()
    claims = relying.verified(tokens["id_token"])
    session = session_of(browser)
    assert claims["sub"] == person.sub.hex
    assert claims["iss"] == answered["iss"]
    assert claims["nonce"] == "nonce-1"
    assert claims["sid"] == str(session.sid)
    assert session.confirmed_at
    assert claims["auth_time"] == int(session.confirmed_at.timestamp())
    assert abs(claims["exp"] - time.time() - 300) < 10
    assert set(claims) == {
        *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "at_hash"),
        "jti",
    }
    assert relying.userinfo(tokens["access_token"]).json() == {"sub": person.sub.hex}
    again = relying.refresh(tokens["refresh_token"]).json()
    assert relying.verified(again["id_token"])["sub"] == person.sub.hex
    for model in (Grant, AccessToken, RefreshToken, IDToken):
        assert set(model.objects.values_list("session", flat=True)) == {session.pk}


def test_the_key_set_shows_the_keys_that_sign(gateway: Relying) -> None:
    SigningKey.rotate()
    shown = gateway.http.get(KEYS)
    assert {one["kid"] for one in shown.json()["keys"]} == {
        key.kid for key in SigningKey.published()
    }
    assert "d" not in shown.json()["keys"][0]
    assert len(shown.json()["keys"]) == 2
