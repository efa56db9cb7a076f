"""T-15, T-16: whatever was given out is worth nothing once its person may not log on.

Every artefact at every endpoint, after everything that ends access.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client

from identity import sessions
from identity.models import IdentityProvider, LogonSession
from sync.models import AccessCut, Employee
from tests.oidc.conftest import Scene
from tests.oidc.relying import query_of
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


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_T15_T16_nothing_is_worth_more_than_its_session(
    end: Callable[[Scene], None], scene: Scene
) -> None:
    tokens = scene.gateway.tokens(scene.browser)
    code = scene.gateway.code(scene.browser)
    hint = tokens["id_token"]
    assert scene.gateway.userinfo(tokens["access_token"]).status_code == 200
    assert scene.gateway.introspect(tokens["access_token"]).json()["active"]
    end(scene)
    refused = 401 if end is disabled else 400
    assert scene.gateway.redeem(code).status_code == refused
    assert scene.gateway.refresh(tokens["refresh_token"]).status_code == refused
    assert scene.gateway.userinfo(tokens["access_token"]).status_code == 401
    introspected = scene.gateway.introspect(tokens["access_token"])
    assert introspected.json().get("active", False) is False
    for asked in ({}, {"id_token_hint": hint}):
        silent = scene.gateway.ask(scene.browser, prompt="none", **asked)
        assert "code=" not in silent.headers.get("Location", "")
    if end is not disabled:
        assert query_of(silent)["error"] == "login_required"


def test_T15_a_closed_door_lets_through_what_it_is_open_for(scene: Scene) -> None:
    """The twin: the same artefacts, later, without an end."""
    tokens = scene.gateway.tokens(scene.browser)
    code = scene.gateway.code(scene.browser)
    assert scene.gateway.redeem(code).status_code == 200
    fresh = scene.gateway.refresh(tokens["refresh_token"]).json()
    assert scene.gateway.userinfo(fresh["access_token"]).status_code == 200
    assert scene.gateway.introspect(fresh["access_token"]).json()["active"]


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
