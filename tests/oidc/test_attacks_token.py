"""Attacks at the token endpoint: I-82, T-24, T-25. Each with a twin that succeeds."""

import base64
import binascii
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.test import Client

from identity.models import AccessToken, Application, Grant, RefreshToken
from tests.oidc.conftest import SECRET, Scene, application
from tests.oidc.relying import FORM, TOKEN, Relying, basic

pytestmark = pytest.mark.alone

CB = "https://rp.example/cb"


def sent(scene: Scene, code: str | None, proof: str | None, **form: Any) -> Any:
    """A raw call: nothing proves who calls but the header and the form."""
    filled = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CB,
        "code_verifier": scene.gateway.verifier,
        **form,
    }
    body = urlencode({k: v for k, v in filled.items() if v is not None}, doseq=True)
    headers = {} if proof is None else {"Authorization": proof}
    return Client().post(TOKEN, body, content_type=FORM, headers=headers)


ID = "{id}"
"""Stands for the client's id."""
STRANGERS: dict[str, tuple[str | None, dict[str, Any], str]] = {
    "no proof": (None, {}, "invalid_client"),
    "id only": (None, {"client_id": ID}, "invalid_client"),
    "wrong secret in the form": (
        None,
        {"client_id": ID, "client_secret": "wrong"},
        "invalid_client",
    ),
    "empty secret": (None, {"client_id": ID, "client_secret": ""}, "invalid_client"),
    "wrong secret by Basic": (basic(ID, "wrong"), {}, "invalid_client"),
    "empty secret by Basic": (basic(ID, ""), {}, "invalid_client"),
    "secret with NUL": (basic(ID, SECRET + "\0"), {}, "invalid_client"),
    "secret with an encoded NUL": (basic(ID, SECRET + "%00"), {}, "invalid_client"),
    "secret with a colon more": (basic(ID, f"{SECRET}:x"), {}, "invalid_client"),
    "secret with a broken per cent": (basic(ID, f"{SECRET}%"), {}, "invalid_client"),
    "no colon": ("Basic YWJj", {}, "invalid_client"),
    "not base64": ("Basic !!!", {}, "invalid_client"),
    "not UTF-8": ("Basic //46eA==", {}, "invalid_client"),
    "Basic of nothing": ("Basic", {}, "invalid_client"),
    "Basic of 100 kB": ("Basic " + "YWJj" * 25_000, {}, "invalid_client"),
    "Bearer": ("Bearer abc", {}, "invalid_client"),
    "another's id": (basic("nobody", SECRET), {}, "invalid_client"),
    "both ways": (
        basic(ID, SECRET),
        {"client_id": ID, "client_secret": SECRET},
        "invalid_request",
    ),
    "two ids": (basic(ID, SECRET), {"client_id": "another"}, "invalid_request"),
    "secret twice": (
        None,
        {"client_id": ID, "client_secret": [SECRET, "x"]},
        "invalid_request",
    ),
}


def _named(value: Any, scene: Scene) -> Any:
    client_id = scene.gateway.application.client_id
    return client_id if value == ID else value


@pytest.mark.parametrize("case", STRANGERS)
def test_I82_who_does_not_prove_it_gets_nothing(case: str, scene: Scene) -> None:
    proof, form, error = STRANGERS[case]
    if proof and proof.startswith("Basic ") and len(proof) < 500:
        proof = _basic_of(proof, scene)
    code = scene.gateway.code(scene.browser)
    filled = {name: _named(value, scene) for name, value in form.items()}
    answer = sent(scene, code, proof, **filled)
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert ("WWW-Authenticate" in answer) == (error == "invalid_client")
    assert answer["Cache-Control"] == "no-store"
    assert not AccessToken.objects.exists()
    good = basic(scene.gateway.application.client_id, SECRET)
    assert sent(scene, code, good).status_code == 200


def _basic_of(proof: str, scene: Scene) -> str:
    """The header with the client's real id in it."""
    try:
        text = base64.b64decode(proof[6:], validate=True).decode()
    except (binascii.Error, ValueError):
        return proof
    named, colon, secret = text.partition(":")
    client_id = scene.gateway.application.client_id
    return basic(client_id, secret) if colon and named == ID else proof


REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "grant missing": ({"grant_type": None}, "invalid_request"),
    "grant twice": ({"grant_type": ["authorization_code"] * 2}, "invalid_request"),
    "password": ({"grant_type": "password"}, "unsupported_grant_type"),
    "client_credentials": (
        {"grant_type": "client_credentials"},
        "unsupported_grant_type",
    ),
    "implicit": ({"grant_type": "implicit"}, "unsupported_grant_type"),
    "device code": (
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
        "unsupported_grant_type",
    ),
    "code missing": ({"code": None}, "invalid_request"),
    "code unknown": ({"code": "sbc_unknown"}, "invalid_grant"),
    "code with NUL": ({"code": "a\0"}, "invalid_request"),
    "code of 10 kB": ({"code": "a" * 10_000}, "invalid_grant"),
    "T-20 other redirect_uri": ({"redirect_uri": f"{CB}/"}, "invalid_grant"),
    "T-20 redirect_uri missing": ({"redirect_uri": None}, "invalid_request"),
    "T-24 verifier missing": ({"code_verifier": None}, "invalid_request"),
    "T-24 verifier wrong": ({"code_verifier": "x" * 64}, "invalid_grant"),
    "T-24 verifier short": ({"code_verifier": "x" * 42}, "invalid_grant"),
    "T-24 verifier long": ({"code_verifier": "x" * 129}, "invalid_grant"),
    "T-24 verifier of odd signs": ({"code_verifier": "é" * 50}, "invalid_grant"),
    "T-24 verifier twice": ({"code_verifier": ["a" * 43] * 2}, "invalid_request"),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_I82_T24_a_request_out_of_order_gets_nothing(case: str, scene: Scene) -> None:
    changes, error = REQUESTS[case]
    code = scene.gateway.code(scene.browser)
    client_id = scene.gateway.application.client_id
    answer = sent(scene, **{"code": code, "proof": basic(client_id, SECRET), **changes})
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert not AccessToken.objects.exists()
    assert scene.gateway.redeem(code).status_code == 200


@pytest.mark.parametrize(
    "name", ["refresh_token_instance", "grant_row", "user", "client"]
)
def test_I82_nobody_sets_what_is_kept_beside_the_parameters(
    name: str, scene: Scene
) -> None:
    code = scene.gateway.code(scene.browser)
    assert scene.gateway.redeem(code, **{name: "x"}).status_code == 200


def test_T24_a_code_without_a_challenge_is_worth_nothing(scene: Scene) -> None:
    """None is given out; one that was there all the same would not be redeemed."""
    code = scene.gateway.code(scene.browser)
    Grant.objects.update(code_challenge="")
    for verifier in (None, scene.gateway.verifier):
        assert scene.gateway.redeem(code, code_verifier=verifier).status_code == 400
    assert scene.gateway.redeem(scene.gateway.code(scene.browser)).status_code == 200


KINDS = ["application/json", "text/plain", "multipart/form-data; boundary=x", ""]


@pytest.mark.parametrize("kind", KINDS)
def test_I82_only_forms_are_read(kind: str, scene: Scene) -> None:
    answer = Client().generic("POST", TOKEN, b'{"grant_type": "x"}', content_type=kind)
    assert answer.status_code == 415
    assert answer.json()["error"] == "invalid_request"


def test_I82_nothing_is_read_from_the_address(scene: Scene) -> None:
    code = scene.gateway.code(scene.browser)
    client_id = scene.gateway.application.client_id
    query = urlencode({"client_id": client_id, "client_secret": SECRET})
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CB}
    body = urlencode({**form, "code_verifier": scene.gateway.verifier})
    answer = Client().post(f"{TOKEN}?{query}", body, content_type=FORM)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert Client().get(TOKEN).status_code == 405
    assert scene.gateway.redeem(code).status_code == 200


def test_I82_a_code_lasts_a_minute(scene: Scene) -> None:
    code = scene.gateway.code(scene.browser)
    Grant.objects.update(expires=F("expires") - timedelta(seconds=61))
    assert scene.gateway.redeem(code).json()["error"] == "invalid_grant"
    Grant.objects.update(expires=F("expires") + timedelta(seconds=11))
    assert scene.gateway.redeem(code).status_code == 200


def test_I82_T25_a_code_of_another_client_is_worth_nothing(scene: Scene) -> None:
    code = scene.gateway.code(scene.browser)
    other = Relying(application("Other"), SECRET, verifier=scene.gateway.verifier)
    answer = other.redeem(code)
    assert answer.json()["error"] == "invalid_grant"
    assert scene.gateway.redeem(code).status_code == 200


def test_I82_a_public_client_shows_no_secret(scene: Scene) -> None:
    code = scene.native.code(scene.browser)
    scene.native.secret = "anything"
    assert scene.native.redeem(code).status_code == 401
    scene.native.secret = ""
    assert scene.native.redeem(code).status_code == 200


def test_I82_T25_a_refresh_token_is_its_clients_own(scene: Scene) -> None:
    tokens = scene.gateway.tokens(scene.browser)
    other = Relying(application("Other"), SECRET)
    for thief in (other, scene.native):
        answer = thief.refresh(tokens["refresh_token"])
        assert answer.json()["error"] == "invalid_grant"
    assert scene.gateway.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("generations", [1, 3])
def test_I82_a_refresh_token_used_twice_ends_its_family(
    generations: int, scene: Scene
) -> None:
    first = newest = scene.gateway.tokens(scene.browser)
    other = scene.gateway.tokens(scene.browser)
    for _turn in range(generations):
        newest = scene.gateway.refresh(newest["refresh_token"]).json()
    answer = scene.gateway.refresh(first["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert scene.gateway.refresh(newest["refresh_token"]).status_code == 400
    assert scene.gateway.userinfo(newest["access_token"]).status_code == 401
    assert scene.gateway.refresh(other["refresh_token"]).status_code == 200


def test_T16_a_family_ends_however_often_its_person_logs_on_again(
    scene: Scene, settings: Any
) -> None:
    """In the same browser, whose session goes on and is as young as the last logon;
    its twin is a minute younger."""
    longest, minute = settings.EMPLOYEE_SESSION[1], timedelta(minutes=1)
    tokens = scene.gateway.tokens(scene.browser)
    RefreshToken.objects.update(created=F("created") - longest + minute)
    answer = scene.gateway.refresh(tokens["refresh_token"])
    assert answer.status_code == 200
    RefreshToken.objects.update(created=F("created") - minute)
    refused = scene.gateway.refresh(answer.json()["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert scene.gateway.tokens(scene.browser)["refresh_token"]


def test_I82_a_code_used_twice_ends_what_was_refreshed_from_it(scene: Scene) -> None:
    code = scene.gateway.code(scene.browser)
    tokens = scene.gateway.redeem(code).json()
    fresh = scene.gateway.refresh(tokens["refresh_token"]).json()
    assert scene.gateway.redeem(code).json()["error"] == "invalid_grant"
    assert scene.gateway.userinfo(fresh["access_token"]).status_code == 401
    assert scene.gateway.refresh(fresh["refresh_token"]).status_code == 400
    assert scene.gateway.tokens(scene.browser)


def test_I82_a_refresh_asks_for_no_more_than_was_granted(scene: Scene) -> None:
    tokens = scene.gateway.tokens(scene.browser, scope="openid email")
    refused = scene.gateway.refresh(tokens["refresh_token"], scope="openid phone")
    assert refused.json()["error"] == "invalid_scope"
    less = scene.gateway.refresh(tokens["refresh_token"], scope="openid").json()
    assert less["scope"] == "openid"
    again = scene.gateway.refresh(less["refresh_token"], scope="openid email").json()
    assert set(again["scope"].split()) == {"openid", "email"}


def test_nothing_that_is_kept_opens_anything(scene: Scene) -> None:
    """A dump of the tables holds no code, no token and no secret."""
    code = scene.gateway.code(scene.browser)
    kept = list(Grant.objects.values_list("code", flat=True))
    tokens = scene.gateway.redeem(code).json()
    for model in (AccessToken, RefreshToken):
        for row in model.objects.values_list("token", "token_checksum"):
            kept.extend(row)
    kept.extend(Application.objects.values_list("client_secret", flat=True))
    for value in (code, tokens["access_token"], tokens["refresh_token"], SECRET):
        assert not any(value in each for each in kept)
