"""Log off at the request of an application (OpenID RP-Initiated Logout 1.0).

The names of the conformance suite's modules are test ids; T-29 and I-84 stand in a table
whose every case has a twin that differs in one thing and logs off at once.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from jwcrypto.common import base64url_encode
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from identity.models import LogonSession, SigningKey
from identity.oidc import signing
from sync.models import Employee
from tests import builders
from tests.oidc.conftest import application
from tests.oidc.relying import DISCOVERY, Relying
from tests.plugins.logged_on import logged_on, session_of

LOGOUT, AFTER = "/o/logout/", "https://rp.example/after"
pytestmark = [pytest.mark.alone, pytest.mark.django_db]


@dataclass
class World:
    """A person in their browser, logged on to an application, with its ID token."""

    browser: Client
    relying: Relying
    session: LogonSession
    hint: str
    claims: Mapping[str, Any]

    def request(self, **changes: str | None) -> dict[str, str]:
        asked = {
            "id_token_hint": self.hint,
            "post_logout_redirect_uri": AFTER,
            "state": "state/1 &=✓",
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def signed(self, **changes: Any) -> str:
        """A hint of ours with other claims; None leaves one out."""
        claims = {**self.claims, **changes}
        return signing.sign({k: v for k, v in claims.items() if v is not None})

    def is_open(self) -> bool:
        self.session.refresh_from_db()
        return self.session.ended_at is None


@pytest.fixture
def world(browser: Client, gateway: Relying) -> World:
    gateway.application.post_logout_redirect_uris = AFTER
    gateway.application.save()
    hint = gateway.tokens(browser)["id_token"]
    return World(browser, gateway, session_of(browser), hint, gateway.verified(hint))


def ask(world: World, way: str = "get", /, **changes: str | None) -> Any:
    """Send the browser there, as a link or as a form of the application's page."""
    asked = world.request(**changes)
    if way == "get":
        return world.browser.get(LOGOUT, asked)
    sent = Client(enforce_csrf_checks=True).post(LOGOUT, asked)
    if sent.status_code != 303:
        return sent
    return world.browser.get(sent["Location"])


def asks(response: Any) -> bool:
    return response.status_code == 200 and b'value="leave"' in response.content


def said_done(response: Any) -> bool:
    return response.status_code == 200 and b"You are logged off" in response.content


def refused(response: Any) -> bool:
    return response.status_code == 400 and "Location" not in response.headers


def goes_on(response: Any) -> bool:
    to = f"{AFTER}?{urlencode({'state': 'state/1 &=✓'})}"
    return bool(response.status_code == 302 and response["Location"] == to)


def press(world: World, page: Any, decision: str) -> Any:
    """A button of the page, with the page's token, as a browser does."""
    checked = Client(enforce_csrf_checks=True)
    checked.cookies = world.browser.cookies
    form = {"decision": decision, "csrfmiddlewaretoken": page.context["csrf_token"]}
    return checked.post(page.context["action"], form)


# --- the modules of the conformance suite ---

PREFIX = "oidcc-rp-initiated-logout"
Module = tuple[str, Mapping[str, str | None], Callable[[Any], bool], bool]
MODULES: list[Module] = [
    (PREFIX, {}, goes_on, False),
    (f"{PREFIX}-no-state", {"state": None}, lambda r: r["Location"] == AFTER, False),
    (
        f"{PREFIX}-no-post-logout-redirect-uri",
        {"post_logout_redirect_uri": None},
        said_done,
        False,
    ),
    (
        f"{PREFIX}-bad-post-logout-redirect-uri",
        {"post_logout_redirect_uri": "https://rp.example/other"},
        refused,
        True,
    ),
    (
        f"{PREFIX}-query-added-to-post-logout-redirect-uri",
        {"post_logout_redirect_uri": f"{AFTER}?foo=bar"},
        refused,
        True,
    ),
    (f"{PREFIX}-no-id-token-hint", {"id_token_hint": None}, asks, True),
    (f"{PREFIX}-bad-id-token-hint", {"id_token_hint": "bad"}, refused, True),
    (
        f"{PREFIX}-no-params",
        {"id_token_hint": None, "post_logout_redirect_uri": None, "state": None},
        asks,
        True,
    ),
    (
        f"{PREFIX}-only-state",
        {"id_token_hint": None, "post_logout_redirect_uri": None},
        asks,
        True,
    ),
]


@pytest.mark.parametrize("way", ["get", "post"])
@pytest.mark.parametrize(
    ("changes", "right", "stays"), [pytest.param(*m[1:], id=m[0]) for m in MODULES]
)
def test_the_suite_logs_a_person_off(
    world: World,
    changes: Mapping[str, str | None],
    right: Callable[[Any], bool],
    stays: bool,
    way: str,
) -> None:
    response = ask(world, way, **changes)
    assert right(response), (response.status_code, response.content[:300])
    assert world.is_open() is stays
    if stays:
        assert press(world, response, "leave").status_code in (200, 302)
        assert not world.is_open()


@pytest.mark.parametrize("way", ["get", "post"])
@pytest.mark.parametrize("_module", [f"{PREFIX}-modified-id-token-hint"])
def test_the_suite_changes_the_hint(world: World, way: str, _module: str) -> None:
    head, body, signature = world.hint.split(".")
    other = signature[:-6] + ("AAAAAA" if signature[-6:] != "AAAAAA" else "BBBBBB")
    assert refused(ask(world, way, id_token_hint=f"{head}.{body}.{other}"))
    assert world.is_open()
    assert goes_on(ask(world, way))


@pytest.mark.parametrize("_module", [f"{PREFIX}-discovery-endpoint-verification"])
def test_the_suite_reads_the_configuration(
    gateway: Relying, settings: Any, _module: str
) -> None:
    shown = gateway.http.get(DISCOVERY).json()
    assert shown["end_session_endpoint"] == f"{settings.PUBLIC_URL}{LOGOUT}"


# --- T-29 and I-84 ---


def _other_key(world: World) -> str:
    """Signed by somebody else under the name of our key."""
    key = JWK.generate(kty="RSA", size=1024)
    header = {"alg": "RS256", "kid": SigningKey.signing().kid}
    token = JWT(header=header, claims=dict(world.claims))
    token.make_signed_token(key)
    return str(token.serialize())


def _by_public_key(world: World) -> str:
    """The old trick: HS256, with our public key as its secret."""
    pem = SigningKey.signing().private().export_to_pem()
    header = {"alg": "HS256", "kid": SigningKey.signing().kid}
    token = JWT(header=header, claims=dict(world.claims))
    token.make_signed_token(JWK(kty="oct", k=JWK.from_pem(pem).thumbprint()))
    return str(token.serialize())


def _unsigned(world: World) -> str:
    header = {"alg": "none", "kid": SigningKey.signing().kid}
    parts = (json.dumps(header), json.dumps(dict(world.claims)))
    return ".".join((*map(base64url_encode, parts), ""))


def _of_another_session(world: World) -> str:
    """The same person's, in another browser."""
    person = Employee.objects.get(account=world.session.account)
    return str(world.relying.tokens(logged_on(person))["id_token"])


def _of_somebody_else(world: World) -> str:
    idp = Employee.objects.get(account=world.session.account).idp
    other = logged_on(builders.employee(idp, "li", "Li Si"))
    return str(world.relying.tokens(other)["id_token"])


ATTACKS: list[tuple[str, Callable[[World], dict[str, str | None]], Callable[[Any], bool]]] = [
    ("T-29-no-hint", lambda w: {"id_token_hint": None, "client_id": w.relying.application.client_id}, asks),
    ("T-29-own-other-session", lambda w: {"id_token_hint": _of_another_session(w)}, asks),
    ("T-29-foreign-hint", lambda w: {"id_token_hint": _of_somebody_else(w)}, asks),
    ("T-29-sid-of-nobody", lambda w: {"id_token_hint": w.signed(sid=str(uuid.uuid4()))}, asks),
    ("T-29-without-sid", lambda w: {"id_token_hint": w.signed(sid=None)}, asks),
    ("T-29-sub-of-another", lambda w: {"id_token_hint": w.signed(sub="0" * 32)}, asks),
    ("I-84-hint-by-another-key", lambda w: {"id_token_hint": _other_key(w)}, refused),
    ("I-84-hint-by-the-public-key", lambda w: {"id_token_hint": _by_public_key(w)}, refused),
    ("I-84-hint-unsigned", lambda w: {"id_token_hint": _unsigned(w)}, refused),
    ("I-84-hint-of-another-issuer", lambda w: {"id_token_hint": w.signed(iss="https://evil.test/o")}, refused),
    ("I-84-hint-without-issuer", lambda w: {"id_token_hint": w.signed(iss=None)}, refused),
    ("I-84-hint-for-nobody", lambda w: {"id_token_hint": w.signed(aud="nobody")}, refused),
    ("I-84-hint-is-a-logout-token", lambda w: {"id_token_hint": w.signed(events={})}, refused),
    ("I-84-hint-too-long", lambda w: {"id_token_hint": w.hint + "A" * 9000}, refused),
    ("I-84-hint-two-parts", lambda w: {"id_token_hint": w.hint.rpartition(".")[0]}, refused),
    ("I-84-client-of-another", lambda w: {"client_id": application("Other").client_id}, refused),
    ("I-84-client-unknown", lambda w: {"client_id": "nobody"}, refused),
    ("I-84-uri-trailing-slash", lambda w: {"post_logout_redirect_uri": f"{AFTER}/"}, refused),
    ("I-84-uri-capitals", lambda w: {"post_logout_redirect_uri": AFTER.upper()}, refused),
    ("I-84-uri-user", lambda w: {"post_logout_redirect_uri": "https://rp.example@evil.test/after"}, refused),
    ("I-84-uri-longer-host", lambda w: {"post_logout_redirect_uri": "https://rp.example.evil.test/after"}, refused),
    ("I-84-uri-fragment", lambda w: {"post_logout_redirect_uri": f"{AFTER}#x"}, refused),
    ("I-84-uri-script", lambda w: {"post_logout_redirect_uri": "javascript:alert(1)"}, refused),
    ("I-84-uri-of-the-logon", lambda w: {"post_logout_redirect_uri": "https://rp.example/cb"}, refused),
    ("I-84-uri-new-line", lambda w: {"post_logout_redirect_uri": f"{AFTER}\r\nX: y"}, refused),
    ("I-84-uri-two-registered", lambda w: {"post_logout_redirect_uri": f"{AFTER} {AFTER}"}, refused),
    ("I-84-state-too-long", lambda w: {"state": "x" * 5000}, refused),
    ("I-84-state-nul", lambda w: {"state": "a\0b"}, refused),
]  # fmt: skip


@pytest.mark.parametrize(
    ("attack", "right"), [pytest.param(*case[1:], id=case[0]) for case in ATTACKS]
)
def test_nobody_is_logged_off_by_a_word_that_is_not_theirs(
    world: World,
    attack: Callable[[World], dict[str, str | None]],
    right: Callable[[Any], bool],
) -> None:
    response = ask(world, "get", **attack(world))
    assert right(response), (response.status_code, response.content[:300])
    assert "Location" not in response.headers
    assert world.is_open()
    assert goes_on(ask(world))  # the twin
    assert not world.is_open()


@pytest.mark.parametrize("name", ["id_token_hint", "state", "post_logout_redirect_uri"])
def test_a_parameter_that_comes_twice_is_refused(world: World, name: str) -> None:
    """I-84"""
    asked = world.request()
    twice = urlencode([*asked.items(), (name, asked[name])])
    assert refused(world.browser.get(f"{LOGOUT}?{twice}"))
    assert world.is_open()


def test_a_disabled_application_may_ask_for_nothing(world: World) -> None:
    world.relying.application.enabled = False
    world.relying.application.save()
    assert refused(ask(world))
    assert world.is_open()


# --- what a person sees ---


def test_who_is_asked_may_stay(world: World) -> None:
    page = ask(world, id_token_hint=None, client_id=world.relying.application.client_id)
    assert b"Gateway" in page.content
    assert b"still logged on" in press(world, page, "stay").content
    assert world.is_open()
    assert goes_on(press(world, page, "leave"))
    assert not world.is_open()


def test_the_page_that_asks_may_lead_to_the_application(world: World) -> None:
    """A form's policy holds for where its answer redirects to."""
    page = ask(world, id_token_hint=None, client_id=world.relying.application.client_id)
    assert "form-action 'self' https://rp.example;" in page["Content-Security-Policy"]
    assert "rp.example" not in ask(world, id_token_hint=None)["Content-Security-Policy"]


def test_a_button_of_another_site_presses_nothing(world: World) -> None:
    """T-29: the answer needs the token of our page."""
    page = ask(world, id_token_hint=None)
    stranger = Client(enforce_csrf_checks=True)
    stranger.cookies = world.browser.cookies
    assert stranger.post(LOGOUT, {"decision": "leave"}).status_code == 403
    assert world.is_open()
    assert said_done(press(world, page, "leave"))


def test_an_expired_hint_is_good_and_one_of_a_forgotten_key_is_not(
    world: World,
) -> None:
    """RP-Initiated Logout 2: an ID token may have expired; F-86: its key has not."""
    now = timezone.now()
    with time_machine.travel(now + timedelta(hours=1), tick=False):
        assert world.claims["exp"] < timezone.now().timestamp()
        assert goes_on(ask(world))
    SigningKey.objects.update(
        signs_from=now - timedelta(days=3), published_until=now - timedelta(days=1)
    )
    assert refused(ask(world))


def test_who_is_logged_off_already_goes_on_at_once(world: World) -> None:
    assert goes_on(ask(world))
    assert goes_on(ask(world))
    assert said_done(ask(world, id_token_hint=None, post_logout_redirect_uri=None))


def test_a_session_in_another_browser_goes_on(world: World) -> None:
    person = Employee.objects.get(account=world.session.account)
    other = session_of(logged_on(person))
    assert goes_on(ask(world))
    other.refresh_from_db()
    assert other.ended_at is None


def test_what_was_given_in_the_session_is_worth_nothing_then(
    browser: Client, world: World
) -> None:
    tokens = world.relying.tokens(browser)
    assert world.relying.userinfo(tokens["access_token"]).status_code == 200
    ask(world)
    assert world.relying.userinfo(tokens["access_token"]).status_code == 401
    assert world.relying.refresh(tokens["refresh_token"]).status_code == 400


def test_an_administrator_is_asked_too(console: Client, world: World) -> None:
    """The console's session is nobody's application's to end."""
    world.browser = console
    assert asks(ask(world))


def test_a_program_of_its_own_scheme_gets_its_person_back(
    browser: Client, native: Relying
) -> None:
    native.application.post_logout_redirect_uris = "com.example.app:/bye?x=1"
    native.application.save()
    asked = {
        "id_token_hint": native.tokens(browser, prompt="none")["id_token"],
        "post_logout_redirect_uri": "com.example.app:/bye?x=1",
        "state": "s",
    }
    response = browser.get(LOGOUT, asked)
    assert response["Location"] == "com.example.app:/bye?x=1&state=s"
