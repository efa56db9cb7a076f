"""Dangerous acts ask for the password again, ten minutes after it was entered (T-48)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import (
    AuditEvent,
    IdentityProvider,
    LogonSession,
    Tally,
    User,
)
from identity.proof import TRIES
from sync.models import InboxEvent
from sync.views.held import held_by, mark_of
from tests import builders
from tests.bad_input.pages import Page
from tests.plugins.accounts import PASSWORD

LONG_AGO = timedelta(minutes=10, seconds=1)


def words(response: Any) -> str:
    return str(response.content.decode())


def wait(client: Client, since: timedelta = LONG_AGO) -> None:
    """Let so much time pass since the password was entered; nothing else ages."""
    rows = LogonSession.objects.filter(session_key=client.session.session_key)
    assert rows.update(confirmed_at=timezone.now() - since) == 1


@dataclass(frozen=True)
class Act:
    """A dangerous act: where, what is sent, and whether it has happened."""

    path: str
    sent: dict[str, Any]
    done: Callable[[], bool]
    keeps: tuple[str, ...] = field(default=())
    """Values that the page repeats if the password is missing."""


def closing(staff: User, idp: IdentityProvider) -> Act:
    sent = idp.settings | {
        "name": "Hangzhou",
        "description": "typed just now",
        "status": "closed",
        "confirm_close": idp.name,
        "sync_interval_hours": "24",
    }
    path, rows = reverse("identity:edit", args=[idp.pk]), IdentityProvider.objects
    closed = rows.filter(pk=idp.pk, status="closed")
    return Act(path, sent, closed.exists, ("typed just now",))


def deleting(staff: User, idp: IdentityProvider) -> Act:
    IdentityProvider.objects.update(name="Hangzhou", status="closed")
    path = reverse("console:delete", args=[idp.pk])
    rows = IdentityProvider.objects.filter(pk=idp.pk)
    return Act(path, {"typed": "Hangzhou"}, lambda: not rows.exists(), ("Hangzhou",))


def approving(staff: User, idp: IdentityProvider) -> Act:
    builders.event(idp, "left", ["u1"], state="held")
    mark = mark_of(held_by(idp))
    held = InboxEvent.objects.filter(state="held")
    path = reverse("sync:events-approve", args=[idp.pk])
    return Act(path, {"mark": mark}, lambda: not held.exists(), (mark,))


def promoting(staff: User, idp: IdentityProvider) -> Act:
    path = f"/admin/identity/user/{staff.pk}/change/"
    sent = {
        "username": "bob",
        "role": "administrator",
        "is_active": "on",
        "email": "new@example.test",
    }
    promoted = User.objects.filter(username="bob", role="administrator")
    return Act(path, sent, promoted.exists, ("new@example.test", "administrator"))


def resetting(staff: User, idp: IdentityProvider) -> Act:
    path = f"/admin/identity/user/{staff.pk}/password/"
    new = "a fresh pass phrase"
    sent = {"usable_password": "true", "password1": new, "password2": new}

    def done() -> bool:
        return User.objects.get(username="bob").check_password(new)

    return Act(path, sent, done)


ACTS = [closing, deleting, approving, promoting, resetting]


@pytest.fixture
def act(request: pytest.FixtureRequest, staff: User, idp: IdentityProvider) -> Act:
    made: Act = request.param(staff, idp)
    return made


every_act = pytest.mark.parametrize(
    "act", ACTS, indirect=True, ids=[f"T-48-{one.__name__}" for one in ACTS]
)


@every_act
def test_it_needs_the_password_after_ten_minutes(console: Client, act: Act) -> None:
    """422 with the field, and with what was sent; then it needs nothing but that."""
    wait(console)
    response = console.post(act.path, act.sent)
    page = Page(words(response))
    assert response.status_code == 422
    assert not act.done()
    assert len(page.named("own_password")) == 1
    for kept in act.keeps:
        assert kept in words(response)
    assert "a fresh pass phrase" not in words(response)
    console.post(act.path, act.sent | {"own_password": PASSWORD})
    assert act.done()


@every_act
def test_it_needs_nothing_within_ten_minutes(console: Client, act: Act) -> None:
    """The twin: who has just logged on is not asked again."""
    wait(console, timedelta(minutes=9))
    assert console.post(act.path, act.sent).status_code == 302
    assert act.done()


@every_act
def test_a_wrong_password_does_nothing(console: Client, act: Act) -> None:
    wait(console)
    response = console.post(act.path, act.sent | {"own_password": "not the password"})
    assert response.status_code == 422
    assert "This is not your password" in words(response)
    assert "not the password" not in words(response)
    assert not act.done()
    assert AuditEvent.objects.filter(action="proof.failed").count() == 1
    assert "not the password" not in str(list(AuditEvent.objects.values()))


def test_T_48_the_form_shows_the_field_before_it_is_sent(console: Client) -> None:
    idp = builders.idp("Hangzhou", status="closed")
    path = reverse("console:delete", args=[idp.pk])
    assert "own_password" not in words(console.get(path))
    wait(console)
    assert "own_password" in words(console.get(path))


def test_T_48_the_password_counts_for_ten_minutes(console: Client) -> None:
    first, second = (builders.idp(name, status="closed") for name in ("One", "Two"))
    wait(console)
    for idp, proof in ((first, {"own_password": PASSWORD}), (second, {})):
        path = reverse("console:delete", args=[idp.pk])
        assert console.post(path, {"typed": idp.name} | proof).status_code == 302
    assert not IdentityProvider.objects.exists()


def test_T_48_what_is_sent_along_with_a_password_is_never_repeated(
    console: Client, staff: User
) -> None:
    wait(console)
    sent = {"password1": "p1 p1 p1", "password2": "p2 p2 p2", "unset-password": "yes"}
    page = words(console.post(f"/admin/identity/user/{staff.pk}/password/", sent))
    assert "p1 p1 p1" not in page
    assert "p2 p2 p2" not in page
    assert 'name="unset-password" value="yes"' in page
    assert page.count('name="csrfmiddlewaretoken"') <= page.count("<form")


def test_T_48_mark_up_in_what_is_repeated_stays_text(console: Client) -> None:
    idp = builders.idp("Hangzhou")
    wait(console)
    path = reverse("sync:events-approve", args=[idp.pk])
    page = words(console.post(path, {"mark": '"><script>alert(1)</script>'}))
    assert "<script>alert" not in page


def test_T_48_the_password_of_another_account_is_none(
    console: Client, staff: User
) -> None:
    staff.set_password("the password of bob")
    staff.save()
    idp = builders.idp("Hangzhou", status="closed")
    wait(console)
    path = reverse("console:delete", args=[idp.pk])
    sent = {"typed": "Hangzhou", "own_password": "the password of bob"}
    assert console.post(path, sent).status_code == 422


def test_T_48_a_session_without_a_row_proves_nothing(console: Client) -> None:
    idp = builders.idp("Hangzhou", status="closed")
    LogonSession.objects.update(confirmed_at=None)
    path = reverse("console:delete", args=[idp.pk])
    assert console.post(path, {"typed": "Hangzhou"}).status_code == 422


def test_T_48_guessing_is_slowed_down_and_ends(console: Client) -> None:
    """T-41: a stolen session is no place to guess the password at."""
    idp = builders.idp("Hangzhou", status="closed")
    path = reverse("console:delete", args=[idp.pk])
    wait(console)
    for _ in range(TRIES):
        console.post(path, {"typed": "Hangzhou", "own_password": "wrong"})
    right = {"typed": "Hangzhou", "own_password": PASSWORD}
    assert "Too many wrong passwords" in words(console.post(path, right))
    Tally.objects.update(minute=timezone.now() - timedelta(seconds=61))
    assert console.post(path, right).status_code == 302


def test_T_48_the_secrets_of_an_edit_form_do_not_come_back(
    console: Client, idp: IdentityProvider
) -> None:
    path = reverse("identity:edit", args=[idp.pk])
    wait(console)
    sent = idp.settings | {
        "name": "Example",
        "status": "closed",
        "confirm_close": idp.name,
        "sync_interval_hours": "24",
        "app_secret": "a-secret-0123456789-typed",
    }
    response = console.post(path, sent)
    assert response.status_code == 422
    assert "a-secret-0123456789-typed" not in words(response)
