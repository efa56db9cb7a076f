"""Attacks with tokens: I-83, T-19, T-25. Each with a twin that succeeds."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from identity.models import AccessToken, RefreshToken
from identity.oidc import signing
from tests.oidc.conftest import SECRET, Scene, application
from tests.oidc.relying import AUTHORIZE, INTROSPECT, REVOKE, USERINFO, Relying

pytestmark = pytest.mark.alone

Tokens = dict[str, Any]


def told(header: str | None, **more: Any) -> Any:
    """Userinfo's answer to a header."""
    headers = {} if header is None else {"Authorization": header}
    return Client().get(USERINFO, headers=headers, **more)


HEADERS: dict[str, tuple[Callable[[Tokens], str | None], int, str]] = {
    "none": (lambda t: None, 401, ""),
    "no token": (lambda t: "Bearer", 400, "invalid_request"),
    "empty": (lambda t: "", 400, "invalid_request"),
    "no scheme": (lambda t: str(t["access_token"]), 400, "invalid_request"),
    "Basic": (lambda t: f"Basic {t['access_token']}", 400, "invalid_request"),
    "twice": (
        lambda t: f"Bearer {t['access_token']},Bearer {t['access_token']}",
        400,
        "invalid_request",
    ),
    "two tokens": (lambda t: f"Bearer {t['access_token']} x", 400, "invalid_request"),
    "100 kB": (lambda t: "Bearer " + "a" * 100_000, 400, "invalid_request"),
    "unknown": (lambda t: "Bearer sba_unknown", 401, "invalid_token"),
    "NUL": (lambda t: f"Bearer {t['access_token']}\0", 400, "invalid_request"),
    "not ASCII": (lambda t: "Bearer é", 400, "invalid_request"),
    "one sign changed": (
        lambda t: f"Bearer {t['access_token'][:-1]}~",
        401,
        "invalid_token",
    ),
    "refresh token": (lambda t: f"Bearer {t['refresh_token']}", 401, "invalid_token"),
    "ID token": (lambda t: f"Bearer {t['id_token']}", 401, "invalid_token"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_I83_userinfo_takes_an_access_token_in_its_header(
    case: str, scene: Scene
) -> None:
    tokens = scene.gateway.tokens(scene.browser)
    header, status, error = HEADERS[case]
    answer = told(header(tokens))
    assert answer.status_code == status
    assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert f'error="{error}"' in answer["WWW-Authenticate"] or not error
    assert told(f"Bearer {tokens['access_token']}").status_code == 200


def test_I83_a_token_in_the_address_is_refused(scene: Scene) -> None:
    access = scene.gateway.tokens(scene.browser)["access_token"]
    query = {"access_token": access}
    assert told(None, query_params=query).status_code == 400
    assert told(f"Bearer {access}", query_params=query).status_code == 400
    assert told(f"Bearer {access}").status_code == 200


def test_I83_an_expired_token_is_refused(scene: Scene) -> None:
    access = scene.gateway.tokens(scene.browser)["access_token"]
    assert told(f"Bearer {access}").status_code == 200
    AccessToken.objects.update(expires=timezone.now())
    assert 'error="invalid_token"' in told(f"Bearer {access}")["WWW-Authenticate"]
    assert scene.gateway.introspect(access).json() == {"active": False}


def _unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode()
    return f"{header.rstrip('=')}.{token.split('.')[1]}."


def _by_another_key(token: str, **header: str) -> str:
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    key = JWK.generate(kty="RSA", size=2048)
    made = JWT(header={"alg": "RS256", "kid": "x", **header}, claims=claims)
    made.make_signed_token(key)
    return str(made.serialize())


def _by_the_public_key(token: str, kid: str, shown: dict[str, Any]) -> str:
    """RS256 turned into HS256, with what everybody can read as the secret."""
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    pem = JWK(**shown).export_to_pem()
    secret = JWK(kty="oct", k=base64.urlsafe_b64encode(pem).decode().rstrip("="))
    made = JWT(header={"alg": "HS256", "kid": kid}, claims=claims)
    made.make_signed_token(secret)
    return str(made.serialize())


def test_I83_only_our_keys_sign_id_tokens(scene: Scene, signing_key: Any) -> None:
    """As a hint: no algorithm, another one, another key, a changed word."""
    token = scene.gateway.tokens(scene.browser)["id_token"]
    start, claims, end = token.split(".")
    forged = {
        "alg none": _unsigned(token),
        "signature cut off": f"{start}.{claims}.",
        "changed signature": f"{start}.{claims}.{end[:-4]}AAAA",
        "changed claims": f"{start}.{claims[:-2]}AA.{end}",
        "another key": _by_another_key(token),
        "another key under our name": _by_another_key(token, kid=signing_key.kid),
        "HS256 with the public key": _by_the_public_key(
            token, signing_key.kid, signing_key.public()
        ),
        "encrypted": f"{start}.{claims}.{end}.x.x",
    }
    for name, hint in forged.items():
        assert signing.read(hint) is None, name
        answer = scene.gateway.ask(scene.browser, id_token_hint=hint)
        assert "error=invalid_request" in answer["Location"], name
    assert signing.read(token)
    assert scene.gateway.code(scene.browser, id_token_hint=token)


PLACES = ["code", "refresh_token", "userinfo", "introspect", "state", "csrf", "again"]


@pytest.mark.parametrize("place", PLACES)
def test_T19_no_kind_of_value_passes_as_another(place: str, scene: Scene) -> None:
    """Every one-time value at every place but its own."""
    tokens = scene.gateway.tokens(scene.browser)
    values = {
        "code": scene.gateway.code(scene.browser),
        "refresh_token": tokens["refresh_token"],
        "userinfo": tokens["access_token"],
        "id_token": tokens["id_token"],
        "session": scene.browser.session.session_key,
        "sid": str(scene.gateway.verified(tokens["id_token"])["sid"]),
        "state": "state-1",
        "verifier": scene.gateway.verifier,
        "secret": SECRET,
    }
    own = {"introspect": "userinfo"}.get(place, place)
    for kind, value in values.items():
        if kind != own:
            assert not _passes(place, value or "", scene), kind
    if own in ("code", "refresh_token", "userinfo"):
        assert _passes(place, values[own] or "", scene)


def _passes(place: str, value: str, scene: Scene) -> bool:
    """Whether a value opens anything where another kind belongs."""
    if place == "code":
        return bool(scene.gateway.redeem(value).status_code == 200)
    if place == "refresh_token":
        return bool(scene.gateway.refresh(value).status_code == 200)
    if place == "userinfo":
        return bool(scene.gateway.userinfo(value).status_code == 200)
    if place == "introspect":
        return bool(scene.gateway.introspect(value).json()["active"])
    if place == "again":
        answer = scene.gateway.ask(scene.browser, prompt="login", again=value)
        return "code=" in answer["Location"]
    if place == "state":
        answer = Client().get("/open-dev/dingtalk", {"state": value, "code": value})
        return bool(answer.status_code == 302)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = scene.browser.cookies
    asked = scene.gateway.request(prompt="consent")
    form = {"decision": "allow", "csrfmiddlewaretoken": value}
    return bool(strict.post(AUTHORIZE, form, query_params=asked).status_code == 302)


def test_I83_T25_a_client_learns_of_its_own_tokens_only(scene: Scene) -> None:
    access = scene.gateway.tokens(scene.browser)["access_token"]
    other = Relying(application("Other"), SECRET)
    assert other.introspect(access).json() == {"active": False}
    told = scene.gateway.introspect(access).json()
    assert told["active"] is True
    assert told["client_id"] == told["aud"] == scene.gateway.application.client_id
    assert told["sub"] == scene.person.sub.hex
    assert set(told) == {
        *("active", "iss", "sub", "aud", "client_id", "scope", "token_type"),
        *("iat", "exp"),
    }


def test_I83_T25_introspection_wants_a_proof(scene: Scene) -> None:
    access = scene.native.tokens(scene.browser)["access_token"]
    assert scene.native.introspect(access).status_code == 401
    bearer = {"Authorization": f"Bearer {access}"}
    assert Client().post(INTROSPECT, {"token": access}).status_code == 415
    assert scene.gateway.post(INTROSPECT, {}).status_code == 400
    assert scene.gateway.http.get(INTROSPECT, headers=bearer).status_code == 405


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "x"])
def test_I83_T25_a_client_revokes_its_own_tokens_only(
    kind: str, hint: str | None, scene: Scene
) -> None:
    tokens = scene.gateway.tokens(scene.browser)
    form = {"token": tokens[kind], **({"token_type_hint": hint} if hint else {})}
    for stranger in (Relying(application("Other"), SECRET), scene.native):
        assert stranger.post(REVOKE, form).status_code == 200
        assert told(f"Bearer {tokens['access_token']}").status_code == 200
    assert RefreshToken.objects.filter(revoked=None).exists()
    assert scene.gateway.post(REVOKE, form).status_code == 200
    assert told(f"Bearer {tokens['access_token']}").status_code == 401
    assert scene.gateway.refresh(tokens["refresh_token"]).status_code == 400


def test_I83_revocation_wants_a_client_and_a_token(scene: Scene) -> None:
    access = scene.gateway.tokens(scene.browser)["access_token"]
    stranger = Relying(scene.gateway.application, "wrong")
    assert stranger.post(REVOKE, {"token": access}).status_code == 401
    assert scene.gateway.post(REVOKE, {}).json()["error"] == "invalid_request"
    assert scene.gateway.post(REVOKE, {"token": "unknown"}).status_code == 200
    assert told(f"Bearer {access}").status_code == 200


@pytest.mark.parametrize("which", ["T-25-own", "T-25-of-another"])
def test_I83_a_refresh_token_ends_with_what_took_its_place(
    which: str, scene: Scene
) -> None:
    """RFC 7009 2.1: a program that logs off while it refreshes shows the older one."""
    tokens = scene.gateway.tokens(scene.browser)
    fresh = scene.gateway.refresh(tokens["refresh_token"]).json()
    own = which == "T-25-own"
    by = scene.gateway if own else scene.native
    assert by.post(REVOKE, {"token": tokens["refresh_token"]}).status_code == 200
    status = told(f"Bearer {fresh['access_token']}").status_code
    assert status == (401 if own else 200)
    refreshed = scene.gateway.refresh(fresh["refresh_token"]).status_code
    assert refreshed == (400 if own else 200)
