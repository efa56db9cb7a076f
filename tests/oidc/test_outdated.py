"""What was given out goes when it can be worth nothing any more."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from identity import sessions
from identity.models import (
    AccessToken,
    Grant,
    IDToken,
    LogonSession,
    LogoutNotice,
    RefreshToken,
)
from identity.oidc import outdated
from tests.oidc.conftest import Scene

GIVEN = (Grant, AccessToken, RefreshToken, IDToken)
DAY = timedelta(days=1)


def counts() -> list[int]:
    return [model.objects.count() for model in GIVEN]


def test_only_what_is_older_than_any_session_goes(scene: Scene) -> None:
    for _time in range(2):
        tokens = scene.gateway.tokens(scene.browser)
        scene.gateway.refresh(tokens["refresh_token"])
    before = counts()
    with time_machine.travel(2 * DAY - timedelta(minutes=1)):
        assert outdated.remove() == 0
    assert counts() == before
    with time_machine.travel(2 * DAY + timedelta(minutes=1)):
        assert outdated.remove() > 0
        assert counts() == [0, 0, 0, 1]  # the last ID token tells when it was used
        assert outdated.remove() == 0


def test_who_goes_on_in_the_same_session_keeps_refreshing(scene: Scene) -> None:
    """The code is older than any session, the refresh token is not."""
    tokens = scene.gateway.tokens(scene.browser)
    for model in (Grant, AccessToken, IDToken):
        model.objects.update(created=F("created") - 3 * DAY)
    outdated.remove()
    fresh = scene.gateway.refresh(tokens["refresh_token"])
    assert fresh.status_code == 200
    assert scene.gateway.userinfo(fresh.json()["access_token"]).status_code == 200


def test_the_outbox_keeps_what_waits_and_what_is_news(scene: Scene) -> None:
    scene.gateway.application.backchannel_logout_uri = "https://rp.example/out"
    scene.gateway.application.save()
    scene.gateway.tokens(scene.browser)
    sessions.end(LogonSession.objects.all(), sessions.BY_HAND)
    old = 31 * DAY
    LogoutNotice.objects.update(due_at=F("due_at") - old)
    outdated.remove()
    assert LogoutNotice.objects.count() == 1
    LogoutNotice.objects.update(state="failed", due_at=F("due_at") + 2 * DAY)
    outdated.remove()
    assert LogoutNotice.objects.count() == 1
    LogoutNotice.objects.update(due_at=F("due_at") - 2 * DAY)
    assert outdated.remove() == 1


@pytest.mark.parametrize("portions", [1, 3])
def test_it_is_bounded(portions: int, scene: Scene, monkeypatch: Any) -> None:
    monkeypatch.setattr(outdated, "PORTION", 2)
    monkeypatch.setattr(outdated, "PORTIONS", portions)
    for _time in range(8):
        scene.gateway.code(scene.browser)
    Grant.objects.update(created=F("created") - 3 * DAY)
    assert outdated.remove() == 2 * portions


def test_to_find_nothing_costs_little(scene: Scene) -> None:
    scene.gateway.tokens(scene.browser)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert outdated.remove() == 0
    assert len(asked) == 6
