"""What a person sees at the authorization endpoint: the question, and the refusal."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from identity.models import Grant, LogonSession
from tests.oidc.conftest import Scene, application
from tests.oidc.relying import AUTHORIZE, Relying, query_of, sent_to
from tests.plugins.logged_on import logged_on


@pytest.fixture
def asking(db: None) -> Relying:
    """An application that people are asked about."""
    row = application("Wiki & Co", skip_authorization=False, description="Know-how")
    return Relying(row, "a-secret-of-a-gateway-that-nobody-guesses")


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
