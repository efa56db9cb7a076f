"""Attacks at the authorization endpoint: I-80, T-20, T-21, T-24.

Each case differs in one thing from a request that gets a code, and that one is sent too.
"""

from typing import Any

import pytest
from django.test import Client

from identity.models import Grant
from identity.oidc import signing
from tests.oidc.conftest import Scene
from tests.oidc.relying import AUTHORIZE, challenge_of, query_of, sent_to

pytestmark = pytest.mark.alone

CB = "https://rp.example/cb"
REDIRECTS = {
    "other path": "https://rp.example/other",
    "trailing slash": f"{CB}/",
    "added query": f"{CB}?a=b",
    "bare question mark": f"{CB}?",
    "path parameter": f"{CB};a=b",
    "fragment": f"{CB}#x",
    "bare fragment": f"{CB}#",
    "encoded dots": "https://rp.example/x/%2e%2e/cb",
    "dots": "https://rp.example/x/../cb",
    "tomcat dots": "https://rp.example/..;/cb",
    "user name": "https://rp.example@evil.example/cb",
    "two user names": "https://a@rp.example@evil.example/cb",
    "own user name": "https://evil@rp.example/cb",
    "backslash": "https://rp.example\\.evil.example/cb",
    "backslash path": "https://rp.example/\\evil/cb",
    "no scheme": "//rp.example/cb",
    "relative": "/cb",
    "capitals in the path": "https://rp.example/CB",
    "capitals in the host": "https://RP.example/cb",
    "port": "https://rp.example:8443/cb",
    "default port": "https://rp.example:443/cb",
    "http": "http://rp.example/cb",
    "look-alike": "https://rp.ехample/cb",
    "suffix": "https://rp.example.evil.example/cb",
    "prefix": "https://evilrp.example/cb",
    "javascript": "javascript:alert(1)//rp.example/cb",
    "data": "data:text/html,x",
    "space": f" {CB}",
    "tab": "https://rp.example/\tcb",
    "new line": f"{CB}\r\nSet-Cookie: a=b",
    "loopback": "http://127.0.0.1/cb",
    "NUL": f"{CB}\0",
    "10 kB": f"{CB}{'a' * 10_000}",
    "missing": None,
    "empty": "",
    "twice": [CB, "https://evil.example/cb"],
    "the same twice": [CB, CB],
}


@pytest.mark.parametrize("case", REDIRECTS)
@pytest.mark.parametrize("prompt", [None, "none"], ids=["asking", "silent"])
def test_I80_T20_T21_nobody_is_sent_to_an_address_that_is_not_registered(
    case: str, prompt: str | None, scene: Scene
) -> None:
    for browser in (scene.browser, Client()):
        answer = scene.gateway.ask(browser, redirect_uri=REDIRECTS[case], prompt=prompt)
        assert answer.status_code == 400
        assert "Location" not in answer
    assert not Grant.objects.exists()
    assert scene.gateway.code(scene.browser, prompt=prompt)


@pytest.mark.parametrize("registered", [1, 2])
def test_I80_a_missing_address_is_never_made_up(registered: int, scene: Scene) -> None:
    row = scene.gateway.application
    row.redirect_uris = " ".join([CB, "https://rp.example/b"][:registered])
    row.save()
    answer = scene.gateway.ask(scene.browser, redirect_uri=None)
    assert answer.status_code == 400
    assert scene.gateway.code(scene.browser)


LOOPBACK = {
    "no port": ("http://127.0.0.1/cb", True),
    "a port": ("http://127.0.0.1:51004/cb", True),
    "another port": ("http://127.0.0.1:1/cb", True),
    "localhost": ("http://localhost:51004/cb", False),
    "the other literal": ("http://[::1]:51004/cb", False),
    "another path": ("http://127.0.0.1:51004/cb2", False),
    "a query": ("http://127.0.0.1:51004/cb?a=b", False),
    "https": ("https://127.0.0.1:51004/cb", False),
    "no number": ("http://127.0.0.1:port/cb", False),
    "too great a number": ("http://127.0.0.1:65536/cb", False),
    "port 0": ("http://127.0.0.1:0/cb", False),
    "user name": ("http://127.0.0.1:51004@evil.example/cb", False),
    "longer name": ("http://127.0.0.1.evil.example/cb", False),
    "short literal": ("http://127.1/cb", False),
    "decimal literal": ("http://2130706433/cb", False),
}


@pytest.mark.parametrize("case", LOOPBACK)
def test_I80_T20_only_the_port_of_a_loopback_literal_is_free(
    case: str, scene: Scene
) -> None:
    """RFC 8252, 7.3"""
    uri, taken = LOOPBACK[case]
    answer = scene.native.ask(scene.browser, redirect_uri=uri)
    assert sent_to(answer, uri) == taken
    assert taken or answer.status_code == 400


def test_I80_a_private_scheme_gets_its_code(scene: Scene) -> None:
    uri = "com.example.app:/cb"
    scene.native.application.redirect_uris = uri
    scene.native.application.save()
    assert sent_to(scene.native.ask(scene.browser, redirect_uri=uri), uri)
    for other in ("com.example.app:/cb2", "com.example.evil:/cb", "com.example.app:"):
        answer = scene.native.ask(scene.browser, redirect_uri=other)
        assert answer.status_code == 400


INVALID, TYPE = "invalid_request", "unsupported_response_type"
VERIFIER = "v" * 50
PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "response_type token": ({"response_type": "token"}, TYPE),
    "response_type id_token": ({"response_type": "id_token"}, TYPE),
    "response_type code token": ({"response_type": "code token"}, TYPE),
    "response_type none": ({"response_type": "none"}, TYPE),
    "response_type missing": ({"response_type": None}, INVALID),
    "response_type twice": ({"response_type": ["code", "code"]}, INVALID),
    "response_mode fragment": ({"response_mode": "fragment"}, INVALID),
    "response_mode form_post": ({"response_mode": "form_post"}, INVALID),
    "scope without openid": ({"scope": "profile"}, "invalid_scope"),
    "scope of 10 kB": ({"scope": "openid " + "a" * 10_000}, INVALID),
    "scope twice": ({"scope": ["openid", "openid org"]}, INVALID),
    "state of 10 kB": ({"state": "s" * 10_000}, INVALID),
    "state twice": ({"state": ["a", "b"]}, INVALID),
    "state with NUL": ({"state": "a\0b"}, INVALID),
    "nonce of 10 kB": ({"nonce": "n" * 10_000}, INVALID),
    "nonce twice": ({"nonce": ["a", "b"]}, INVALID),
    "T-24 challenge missing": ({"code_challenge": None}, INVALID),
    "T-24 challenge of 42": ({"code_challenge": "a" * 42}, INVALID),
    "T-24 challenge of 129": ({"code_challenge": "a" * 129}, INVALID),
    "T-24 challenge of odd signs": ({"code_challenge": "+" * 43}, INVALID),
    "T-24 challenge twice": ({"code_challenge": ["a" * 43] * 2}, INVALID),
    "T-24 method plain": (
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        INVALID,
    ),
    "T-24 method missing": ({"code_challenge_method": None}, INVALID),
    "T-24 method S512": ({"code_challenge_method": "S512"}, INVALID),
    "T-24 method s256": ({"code_challenge_method": "s256"}, INVALID),
    "prompt none login": ({"prompt": "none login"}, INVALID),
    "prompt unknown": ({"prompt": "create"}, INVALID),
    "prompt in capitals": ({"prompt": "NONE"}, INVALID),
    "max_age -1": ({"max_age": "-1"}, INVALID),
    "max_age a": ({"max_age": "a"}, INVALID),
    "max_age of 30 digits": ({"max_age": "9" * 30}, INVALID),
    "max_age in other digits": ({"max_age": "１"}, INVALID),
    "request": ({"request": "x"}, "request_not_supported"),
    "request_uri": ({"request_uri": "https://x.example"}, "request_uri_not_supported"),
    "registration": ({"registration": "{}"}, "registration_not_supported"),
    "claims broken": ({"claims": "{"}, INVALID),
    "claims no object": ({"claims": "[1]"}, INVALID),
    "claims deep": ({"claims": "[" * 4000}, INVALID),
    "claims of another person": (
        {"claims": '{"id_token": {"sub": {"value": "somebody"}}}'},
        "login_required",
    ),
    "hint no token": ({"id_token_hint": "x"}, INVALID),
    "hint of 10 kB": ({"id_token_hint": "a." * 5000}, INVALID),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_I80_T24_a_request_out_of_order_goes_back_without_a_code(
    case: str, scene: Scene
) -> None:
    changes, error = PARAMETERS[case]
    answer = scene.gateway.ask(scene.browser, **changes)
    assert sent_to(answer, CB)
    told = query_of(answer)
    assert told["error"] == error
    assert "code" not in told
    assert told["iss"]
    assert "state" in changes or told["state"] == "state-1"
    assert not Grant.objects.exists()
    assert scene.gateway.code(scene.browser)


CLIENTS: dict[str, dict[str, Any]] = {
    "unknown": {"client_id": "nobody"},
    "missing": {"client_id": None},
    "twice": {"client_id": ["a", "b"]},
    "NUL": {"client_id": "a\0"},
    "10 kB": {"client_id": "a" * 10_000},
}


@pytest.mark.parametrize("case", CLIENTS)
@pytest.mark.parametrize("extra", [{}, {"prompt": "none"}, {"response_type": "x"}])
def test_I80_T21_an_unknown_client_sends_nobody_anywhere(
    case: str, extra: dict[str, str], scene: Scene
) -> None:
    answer = scene.gateway.ask(scene.browser, **{**CLIENTS[case], **extra})
    assert answer.status_code == 400
    assert "Location" not in answer
    assert b"is not known" in answer.content
    assert scene.gateway.code(scene.browser)


def test_I80_T21_a_disabled_client_sends_nobody_anywhere(scene: Scene) -> None:
    assert scene.gateway.code(scene.browser)
    scene.gateway.application.enabled = False
    scene.gateway.application.save()
    for browser in (scene.browser, Client()):
        assert scene.gateway.ask(browser, prompt="none").status_code == 400


STATES = [
    '"><script>alert(1)</script>',
    "a&code=x",
    "a#b",
    "中文 ✓",
    "%41%2541",
    "a+b c",
]


@pytest.mark.parametrize("state", [*STATES, "\r\nSet-Cookie: a=b", "x" * 2048])
def test_I80_state_comes_back_as_it_was(state: str, scene: Scene) -> None:
    for browser in (scene.browser, Client()):
        answer = scene.gateway.ask(browser, state=state, prompt="none")
        assert query_of(answer)["state"] == state


def test_I80_bad_utf8_is_refused(scene: Scene) -> None:
    asked = "&".join(
        f"{name}={value}" for name, value in scene.gateway.request(state=None).items()
    )
    answer = scene.browser.get(f"{AUTHORIZE}?{asked}&state=%ff%fe")
    assert query_of(answer)["error"] == INVALID
    assert "code" in query_of(scene.browser.get(f"{AUTHORIZE}?{asked}&state=%c3%bc"))


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"aud": "another"}, id="of another application"),
        pytest.param({"iss": "https://evil.example"}, id="of another issuer"),
        pytest.param({"events": {}}, id="a logout token"),
        pytest.param({"sub": "somebody"}, id="of another person"),
    ],
)
def test_I80_a_hint_of_somebody_else_gets_no_code(
    forged: dict[str, Any], scene: Scene
) -> None:
    own = scene.gateway.verified(scene.gateway.tokens(scene.browser)["id_token"])
    hint = signing.sign({**own, **forged})
    answer = query_of(scene.gateway.ask(scene.browser, id_token_hint=hint))
    assert answer["error"] in (INVALID, "login_required")
    assert scene.gateway.code(scene.browser, id_token_hint=signing.sign(own))


def test_T24_a_challenge_is_bound_to_its_code(scene: Scene) -> None:
    """A verifier of another request does not fit."""
    code = scene.gateway.code(scene.browser, code_challenge=challenge_of("w" * 50))
    assert scene.gateway.redeem(code).json()["error"] == "invalid_grant"
    assert scene.gateway.redeem(code, code_verifier="w" * 50).status_code == 200


def test_T14_an_administrator_gets_no_code(administrator: Any, scene: Scene) -> None:
    browser = Client()
    browser.force_login(administrator)
    answer = query_of(scene.gateway.ask(browser, prompt="none"))
    assert answer["error"] == "login_required"
    assert scene.gateway.code(scene.browser, prompt="none")


@pytest.mark.parametrize("method", ["head", "put", "delete", "options", "patch"])
def test_I80_other_methods_give_out_nothing(method: str, scene: Scene) -> None:
    answer = getattr(scene.browser, method)(
        AUTHORIZE, query_params=scene.gateway.request()
    )
    assert answer.status_code == 405
    assert not Grant.objects.exists()
