"""What a person sees at the authorization endpoint: the question, and the refusal."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import login
from django.test import Client, RequestFactory

from identity.models import Grant, LogonSession
from sync.accounts import account_of
from sync.models import Employee
from tests import builders
from tests.oidc.conftest import Scene, application
from tests.oidc.relying import AUTHORIZE, Relying, query_of, sent_to
from tests.plugins.logged_on import BACKEND, logged_on

pytestmark = pytest.mark.alone


@pytest.fixture
def asking(db: None) -> Relying:
    """An application that people are asked about."""
    row = application("Wiki & Co", skip_authorization=False, description="Know-how")
    return Relying(row, "a-secret-of-a-gateway-that-nobody-guesses")


def logs_on_again(browser: Client, person: Employee) -> None:
    """A logon in a browser that somebody is logged on in, with the cookies it brings."""
    request = RequestFactory().get("/")
    request.COOKIES = {name: one.value for name, one in browser.cookies.items()}
    request.session = browser.session
    login(request, account_of(person), backend=BACKEND)
    request.session.save()
    key = request.session.session_key
    assert key
    browser.cookies[settings.SESSION_COOKIE_NAME] = key
    browser.cookies[settings.CSRF_COOKIE_NAME] = request.META["CSRF_COOKIE"]
    LogonSession.objects.filter(session_key=key).update(idp=person.idp)


def decide(browser: Client, page: Any, decision: str) -> Any:
    """Press a button of the page."""
    action = re.search(
        r'<form method="post" action="(/o/[^"]+)"', page.content.decode()
    )
    assert action
    return browser.post(action[1].replace("&amp;", "&"), {"decision": decision})


def test_a_person_is_asked_once_in_a_session(asking: Relying, scene: Scene) -> None:
    """T-28: the page names the application and the place."""
    page = asking.ask(scene.browser, scope="openid email", state="a&b")
    text = page.content.decode()
    assert "Wiki &amp; Co" in text
    assert "https://rp.example" in text
    assert "Your e-mail address" in text
    assert "Your mobile number" not in text
    answer = decide(scene.browser, page, "allow")
    assert query_of(answer)["state"] == "a&b"
    assert asking.redeem(query_of(answer)["code"]).status_code == 200
    assert asking.code(scene.browser, scope="openid", prompt="none")
    assert asking.ask(scene.browser, scope="openid phone").status_code == 200
    assert (
        asking.ask(scene.browser, scope="openid", prompt="consent").status_code == 200
    )
    LogonSession.objects.all().delete()
    again = logged_on(scene.person)
    assert asking.ask(again, scope="openid email").status_code == 200


def test_who_says_no_is_sent_back_without_a_code(asking: Relying, scene: Scene) -> None:
    page = asking.ask(scene.browser)
    answer = query_of(decide(scene.browser, page, "deny"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "state-1"
    assert not Grant.objects.exists()


def test_nobody_is_asked_silently(asking: Relying, scene: Scene) -> None:
    answer = query_of(asking.ask(scene.browser, prompt="none"))
    assert answer["error"] == "consent_required"


def test_another_site_cannot_say_yes(asking: Relying, scene: Scene) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = scene.browser.cookies
    answer = strict.post(
        AUTHORIZE, {"decision": "allow"}, query_params=asking.request()
    )
    assert answer.status_code == 403
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://rp.example/cb", "https://rp.example"),
        ("http://127.0.0.1:51004/cb", "http://127.0.0.1:51004"),
        ("com.example.app:/cb", "com.example.app:"),
    ],
)
def test_the_form_may_lead_to_that_application_only(
    uri: str, allowed: str, asking: Relying, scene: Scene
) -> None:
    """f.4: no other page's policy is widened."""
    asking.application.redirect_uris = (
        "https://rp.example/cb com.example.app:/cb http://127.0.0.1/cb"
    )
    asking.application.save()
    page = asking.ask(scene.browser, redirect_uri=uri)
    on_device = b"a program on this device" in page.content
    assert on_device is not uri.startswith("https:")
    assert f"<strong>{allowed.removesuffix(':')}</strong>" in page.content.decode()
    assert f"form-action 'self' {allowed};" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    refused = asking.ask(scene.browser, redirect_uri="https://evil.example")
    assert "form-action 'self';" in refused["Content-Security-Policy"]
    assert sent_to(decide(scene.browser, page, "allow"), uri)


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": 0}])
def test_a_new_logon_is_asked_for_once(asked: dict[str, Any], scene: Scene) -> None:
    """It does not go round in circles, and nobody skips it by editing the address."""
    answer = scene.gateway.ask(scene.browser, **asked)
    onward = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    for skipped in (onward, onward.replace("state-1", "state-2")):
        again = scene.browser.get(skipped)
        assert urlsplit(again["Location"]).path == "/client/"
    from django.utils import timezone

    LogonSession.objects.update(confirmed_at=timezone.now())
    foreign = scene.browser.get(onward.replace("state-1", "state-2"))
    assert urlsplit(foreign["Location"]).path == "/client/"
    assert "code" in query_of(scene.browser.get(onward))


def test_who_is_not_logged_on_comes_back_to_the_same_request(scene: Scene) -> None:
    browser = Client()
    answer = scene.gateway.ask(browser, state="a b&c")
    onward = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    back = query_of(logged_on(scene.person, browser).get(onward))
    assert back["state"] == "a b&c"
    assert scene.gateway.redeem(back["code"]).status_code == 200


def test_org_tells_where_somebody_works(scene: Scene) -> None:
    tokens = scene.gateway.tokens(scene.browser, scope="openid org")
    told = scene.gateway.userinfo(tokens["access_token"]).json()
    assert told["departments"] == ["/Acme/Sales"]
    assert told["department_ids"] == ["501"]
    assert (told["title"], told["job_number"]) == ("Engineer", "A1")
    assert told["attributes"] == {"badge": "77"}
    assert len(told["manager"]) == 32


@pytest.mark.parametrize(
    ("uri", "client_type", "asked_again"),
    [
        pytest.param("http://127.0.0.1:5/cb", "public", True, id="T-28-loopback"),
        pytest.param("com.example.app:/cb", "public", True, id="T-28-scheme"),
        pytest.param("https://rp.example/cb", "public", False, id="T-28-https"),
        pytest.param("com.example.app:/cb", "confidential", False, id="T-28-secret"),
    ],
)
def test_a_program_that_another_may_pass_for_asks_each_time(
    uri: str, client_type: str, asked_again: bool, asking: Relying, scene: Scene
) -> None:
    """RFC 8252 8.6: a yes to one program is none to the next that bears its name."""
    asking.application.redirect_uris = f"http://127.0.0.1/cb {uri}"
    asking.application.client_type = client_type
    asking.application.save()
    page = asking.ask(scene.browser, redirect_uri=uri)
    assert sent_to(decide(scene.browser, page, "allow"), uri)
    assert (asking.ask(scene.browser, redirect_uri=uri).status_code == 200) is (
        asked_again
    )
    silent = query_of(asking.ask(scene.browser, redirect_uri=uri, prompt="none"))
    assert ("code" in silent) is not asked_again
    assert silent.get("error", "consent_required") == "consent_required"


def test_T18_a_yes_of_one_person_is_none_of_the_next_in_the_browser(
    asking: Relying, scene: Scene
) -> None:
    """Somebody else logs on between the page and its button."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = scene.browser.cookies
    page = asking.ask(strict)
    answer = {"decision": "allow", "csrfmiddlewaretoken": page.context["csrf_token"]}
    other = builders.employee(scene.person.idp, "li", "Li Si")
    logs_on_again(strict, other)
    assert strict.post(page.context["action"], answer).status_code == 403
    assert not Grant.objects.exists()
    page = asking.ask(strict)
    answer["csrfmiddlewaretoken"] = page.context["csrf_token"]
    assert "code" in query_of(strict.post(page.context["action"], answer))


def test_a_refresh_never_tells_of_a_later_logon(scene: Scene) -> None:
    """Core 12.2: `auth_time` stays that of the code's logon, or is left out."""
    tokens = scene.gateway.tokens(scene.browser)
    told = scene.gateway.verified(tokens["id_token"])
    again = scene.gateway.refresh(tokens["refresh_token"]).json()
    kept = scene.gateway.verified(again["id_token"])
    assert kept["auth_time"] == told["auth_time"]
    with time_machine.travel(timedelta(minutes=4)):
        logs_on_again(scene.browser, scene.person)
        later = scene.gateway.refresh(again["refresh_token"]).json()
        claims = scene.gateway.verified(later["id_token"])
        assert claims["sid"] == told["sid"]
        assert "auth_time" not in claims
        fresh = scene.gateway.tokens(scene.browser)
        newest = scene.gateway.verified(fresh["id_token"])["auth_time"]
    assert newest > told["auth_time"]
