"""Test logon: an administrator goes the whole way, and nobody is logged on."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import AuditEvent, LogonAttempt, LogonSession, User
from tests.logon.conftest import World
from tests.sync_views.reading import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun(world: World, console: Client) -> dict[str, str]:
    """What the vendor was told when an administrator pressed Test logon."""
    path = reverse("console:test-logon", args=[world.idp.pk])
    answer = console.post(path)
    told = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in told.items()}


def back(console: Client, **answer: str) -> str:
    """What the page shows that the way back leads to."""
    path = reverse("identity:logon-return", args=["dingtalk"])
    return words(console.get(path, answer, follow=True).content.decode())


def test_every_stage_is_shown_and_no_session_is_opened(
    console: Client, administrator: User, world: World, begun: dict[str, str]
) -> None:
    """Issue 5, item 6: the seven stages, and the administrator stays who they are."""
    sessions = LogonSession.objects.count()
    shown = back(console, code=world.code(), state=begun["state"])
    assert "This person could log on" in shown
    attempt = LogonAttempt.objects.get()
    assert attempt.test
    assert attempt.outcome == "success"
    assert LogonSession.objects.count() == sessions
    assert console.get("/").wsgi_request.user == administrator
    assert AuditEvent.objects.filter(action="logon.test").exists()


def test_a_failed_stage_is_shown_with_its_fix(
    console: Client, world: World, begun: dict[str, str]
) -> None:
    shown = back(console, error="access_denied", state=begun["state"])
    assert "they cancelled, or it refused them" in shown
    assert LogonAttempt.objects.get().test


def test_another_browser_cannot_finish_it(
    client: Client, world: World, begun: dict[str, str]
) -> None:
    """T-28."""
    back(client, code=world.code(), state=begun["state"])
    assert LogonAttempt.objects.get().outcome == "other_browser"
    assert client.get("/").status_code == 302
