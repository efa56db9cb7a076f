"""Nothing opens out of order, and no session outlives its row (T-17, T-26).

Each case leaves out, or does again, one step of what the twin beside it does whole.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from identity.models import Grant, LogonSession
from tests.oidc.conftest import Scene
from tests.oidc.relying import AUTHORIZE, Relying

pytestmark = pytest.mark.django_db
HOME, CLIENT = "/client/home/", "/client/"


def is_in(browser: Client) -> bool:
    """Whether this browser is shown the home of somebody."""
    answer = browser.get(HOME)
    assert answer.status_code == 200 or answer.headers["Location"] == CLIENT
    return answer.status_code == 200


def no_row(scene: Scene) -> None:
    LogonSession.objects.all().delete()


def ended(scene: Scene) -> None:
    LogonSession.objects.update(ended_at="2026-01-01T00:00Z")


def no_django_session(scene: Scene) -> None:
    Session.objects.all().delete()


def another_key(scene: Scene) -> None:
    LogonSession.objects.update(session_key="another")


@pytest.mark.parametrize("spoil", [no_row, ended, no_django_session, another_key])
def test_T_17_without_its_row_a_cookie_is_nobodys(
    scene: Scene, spoil: Callable[[Scene], None], settings: Any
) -> None:
    assert settings.SESSION_ENGINE.endswith("backends.db")
    assert is_in(scene.browser)  # the twin
    spoil(scene)
    assert not is_in(scene.browser)
    answer = scene.gateway.ask(scene.browser)
    assert answer.headers["Location"].startswith(CLIENT)
    assert not Grant.objects.exists()
    assert not is_in(scene.browser)


def decided(browser: Client, relying: Relying) -> str:
    """Where the answer of a person leads that was sent without their being asked."""
    address = f"{AUTHORIZE}?{urlencode(relying.request())}"
    return str(browser.post(address, {"decision": "allow"}).headers["Location"])


def test_T_26_consent_before_the_logon_gives_no_code(scene: Scene) -> None:
    assert decided(Client(), scene.native).startswith(CLIENT)
    assert not Grant.objects.exists()
    assert decided(scene.browser, scene.native).startswith(scene.native.redirect_uri)


STEPS = {
    "home before the logon": ("get", HOME, {}),
    "log off before the logon": ("post", "/client/logoff/", {}),
    "end sessions before the logon": ("post", "/client/home/end/", {"others": "1"}),
    "the way back before the beginning": ("get", "/open-dev/dingtalk", {"code": "c"}),
    "the code before the password": ("get", "/accounts/login/code/", {}),
    "a code sent before the password": (
        "post",
        "/accounts/login/code/",
        {"code": "123456"},
    ),
    "an empty answer to the in-app page": ("post", "/ui/dingAuth/", {}),
    "an empty Enterprise ID": ("post", CLIENT, {}),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_T_26_a_step_before_its_turn_opens_nothing(
    scene: Scene, step: tuple[str, str, dict[str, str]]
) -> None:
    method, path, sent = step
    sessions = LogonSession.objects.count()
    browser = Client()
    answer = getattr(browser, method)(path, sent)
    assert answer.status_code in (302, 400, 403, 422)
    assert not is_in(browser)
    assert browser.get("/").status_code == 302
    assert LogonSession.objects.count() == sessions
    assert is_in(scene.browser)  # the twin: whoever went the whole way stays in
