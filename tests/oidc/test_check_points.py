"""T-15, T-16: whatever was given out is worth nothing once its person may not log on.

Every artefact at every endpoint, after everything that ends access.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from identity import sessions
from identity.models import AuditEvent, IdentityProvider, LogonSession
from sync.models import AccessCut, Employee
from tests.oidc.conftest import Scene
from tests.plugins.logged_on import session_of


def left(scene: Scene) -> None:
    Employee.objects.filter(pk=scene.person.pk).update(status="left")


def out_of_scope(scene: Scene) -> None:
    Employee.objects.filter(pk=scene.person.pk).update(status="out_of_scope")


def cut(scene: Scene) -> None:
    AccessCut.objects.create(employee=scene.person)


def closed(scene: Scene) -> None:
    IdentityProvider.objects.update(status="closed")


def disabled(scene: Scene) -> None:
    scene.gateway.application.enabled = False
    scene.gateway.application.save()


def ended(scene: Scene) -> None:
    sessions.end(LogonSession.objects.all(), sessions.BY_HAND)


def logged_off(scene: Scene) -> None:
    scene.browser.logout()
    sessions.end(LogonSession.objects.all(), sessions.LOGGED_OFF)


def idle(scene: Scene) -> None:
    LogonSession.objects.update(seen_at=F("seen_at") - timedelta(hours=8))


def too_long(scene: Scene) -> None:
    LogonSession.objects.update(created_at=F("created_at") - timedelta(hours=24))


def deactivated(scene: Scene) -> None:
    account = session_of(scene.browser).account
    account.is_active = False
    account.save()


ENDS: list[Callable[[Scene], None]] = [
    *(left, out_of_scope, cut, closed, disabled, ended, logged_off, idle, too_long),
    deactivated,
]


Show = Callable[[], bool]


def a_code(scene: Scene) -> Show:
    code = scene.gateway.code(scene.browser)
    return lambda: scene.gateway.redeem(code).status_code == 200


def a_refresh_token(scene: Scene) -> Show:
    token = scene.gateway.tokens(scene.browser)["refresh_token"]
    return lambda: scene.gateway.refresh(token).status_code == 200


def a_rotated_refresh_token(scene: Scene) -> Show:
    first = scene.gateway.tokens(scene.browser)["refresh_token"]
    token = scene.gateway.refresh(first).json()["refresh_token"]
    return lambda: scene.gateway.refresh(token).status_code == 200


def an_access_token_at_userinfo(scene: Scene) -> Show:
    token = scene.gateway.tokens(scene.browser)["access_token"]
    return lambda: scene.gateway.userinfo(token).status_code == 200


def an_access_token_at_introspection(scene: Scene) -> Show:
    token = scene.gateway.tokens(scene.browser)["access_token"]
    return lambda: scene.gateway.introspect(token).json().get("active") is True


def gets_a_code(response: Any) -> bool:
    return "code=" in response.headers.get("Location", "").partition("?")[2]


def a_session_at_authorize(scene: Scene) -> Show:
    return lambda: gets_a_code(scene.gateway.ask(scene.browser))


def a_session_silently(scene: Scene) -> Show:
    return lambda: gets_a_code(scene.gateway.ask(scene.browser, prompt="none"))


def a_session_with_its_hint(scene: Scene) -> Show:
    asked = {"id_token_hint": scene.gateway.tokens(scene.browser)["id_token"]}
    return lambda: gets_a_code(scene.gateway.ask(scene.browser, prompt="none", **asked))


def a_page_that_asks(scene: Scene) -> Show:
    page = scene.gateway.ask(scene.browser, prompt="consent")
    action = page.context["action"]
    return lambda: gets_a_code(scene.browser.post(action, {"decision": "allow"}))


def a_session_at_home(scene: Scene) -> Show:
    return lambda: scene.browser.get("/client/home/").status_code == 200


SHOWN: list[Callable[[Scene], Show]] = [
    *(a_code, a_refresh_token, a_rotated_refresh_token),
    *(an_access_token_at_userinfo, an_access_token_at_introspection),
    *(a_session_at_authorize, a_session_silently, a_session_with_its_hint),
    *(a_page_that_asks, a_session_at_home),
]
LASTS = {(disabled, a_session_at_home)}
"""An application's end is none of its person's session."""


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"T-15-T-16-{end.__name__}")
def test_nothing_is_worth_more_than_its_session(
    end: Callable[[Scene], None], scene: Scene
) -> None:
    """Each artefact at each endpoint, with one of its own kind that succeeds before."""
    later = {}
    for make in SHOWN:
        assert make(scene)(), make.__name__
        later[make] = make(scene)
    end(scene)
    opened = {make for make, show in later.items() if show()}
    assert opened == {make for ending, make in LASTS if ending is end}


def test_T16_what_is_lifted_works_again_but_for_an_ended_session(scene: Scene) -> None:
    """A cut that a read takes back ends nothing for good; ended sessions stay ended."""
    tokens = scene.gateway.tokens(scene.browser)
    cut(scene)
    assert scene.gateway.userinfo(tokens["access_token"]).status_code == 401
    AccessCut.objects.all().delete()
    assert scene.gateway.userinfo(tokens["access_token"]).status_code == 200
    ended(scene)
    assert scene.gateway.userinfo(tokens["access_token"]).status_code == 401


def test_T16_a_session_of_another_person_opens_nothing(scene: Scene) -> None:
    """Ending one person's session leaves another's tokens alone."""
    from tests import builders
    from tests.plugins.logged_on import logged_on

    other = builders.employee(scene.person.idp, "li", "Li Si")
    theirs = scene.gateway.tokens(logged_on(other))
    own = scene.gateway.tokens(scene.browser)
    sessions.end(
        LogonSession.objects.filter(pk=session_of(scene.browser).pk), sessions.BY_HAND
    )
    assert scene.gateway.userinfo(own["access_token"]).status_code == 401
    assert scene.gateway.userinfo(theirs["access_token"]).json()["sub"] == other.sub.hex


def test_a_refresh_counts_as_seen_and_lengthens_nothing(scene: Scene) -> None:
    tokens = scene.gateway.tokens(scene.browser)
    LogonSession.objects.update(seen_at=F("seen_at") - timedelta(hours=7))
    fresh = scene.gateway.refresh(tokens["refresh_token"]).json()
    LogonSession.objects.update(seen_at=F("seen_at") - timedelta(hours=7))
    assert scene.gateway.userinfo(fresh["access_token"]).status_code == 200
    LogonSession.objects.update(created_at=F("created_at") - timedelta(hours=24))
    assert scene.gateway.refresh(fresh["refresh_token"]).status_code == 400
    assert scene.gateway.ask(Client(), prompt="none").status_code == 302


def noted() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(action__startswith="oidc.").order_by("pk")
    return [(row.action, row.detail["application"]) for row in rows]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"G-06-{end.__name__}")
def test_who_tries_after_a_cut_is_noted_once(
    end: Callable[[Scene], None], scene: Scene
) -> None:
    """A person's cut is worth a line for each application; a log off or an end by time
    is worth none, and neither is what never was a token of ours."""
    tokens = scene.gateway.tokens(scene.browser)
    code = scene.gateway.code(scene.browser)
    assert noted() == []
    end(scene)
    for _time in range(3):
        scene.gateway.redeem(code)
        scene.gateway.refresh(tokens["refresh_token"])
        scene.gateway.userinfo(tokens["access_token"])
        scene.gateway.userinfo("sba_unknown")
    routine = end in (logged_off, idle, too_long)
    assert noted() == ([] if routine else [("oidc.refused", "Gateway")])


def test_G06_a_reuse_is_noted_once_with_who_and_from_where(scene: Scene) -> None:
    code = scene.gateway.code(scene.browser)
    first = scene.gateway.redeem(code).json()["refresh_token"]
    fresh = scene.gateway.refresh(first).json()["refresh_token"]
    assert noted() == []
    for _time in range(2):
        scene.gateway.refresh(first)
        scene.gateway.redeem(code)
    assert noted() == [
        ("oidc.refresh_reused", "Gateway"),
        ("oidc.code_reused", "Gateway"),
    ]
    assert scene.gateway.refresh(fresh).status_code == 400
    line = AuditEvent.objects.get(action="oidc.code_reused")
    assert (line.actor, line.address) == (
        session_of(scene.browser).account,
        "127.0.0.1",
    )
