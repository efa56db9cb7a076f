"""Which occasions administrators are alerted of: each once, whoever looks how often."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from identity.models import IdentityProvider, User
from sync import alerts, notify, tasks
from sync.models import Alert, AlertDelivery, AlertSettings, InboxEvent
from tests import builders

pytestmark = pytest.mark.django_db
DIGEST = "d" * 64


@pytest.fixture
def acme(administrator: User) -> IdentityProvider:
    return builders.idp("Acme")


def kinds() -> list[str]:
    return [alert.kind for alert in alerts.find()]


def test_a_held_plan_is_told_once_until_a_run_goes_through(
    acme: IdentityProvider,
) -> None:
    run = builders.run(acme, "held", digest=DIGEST)
    for number in range(2):
        builders.change(run, "employee", "remove", f"u{number}", applied=False)
        builders.change(run, "membership", "remove", f"u{number}/7", applied=False)
    builders.change(run, "employee", "replace", "u2", applied=False)
    builders.change(run, "employee", "remove", "u3", applied=False, approved=True)
    builders.change(run, "department", "remove", "7", applied=False)
    assert kinds() == ["held"]
    assert Alert.objects.get().facts == {"people": 3, "departments": 1}
    assert kinds() == []
    builders.run(acme, "held", digest=DIGEST)  # the next cycle plans the same
    assert kinds() == []
    builders.run(acme, "held", digest="e" * 64)
    assert kinds() == ["held"]
    builders.run(acme, "success")
    builders.run(acme, "held", digest=DIGEST)
    assert kinds() == ["held"]


@pytest.mark.parametrize("purpose", ["preview", "undo"])
def test_what_somebody_asked_for_and_waits_for_is_no_alert(
    acme: IdentityProvider, purpose: str
) -> None:
    builders.run(acme, "held", digest=DIGEST, purpose=purpose)
    assert kinds() == []


def test_failing_is_told_from_the_second_in_a_row_and_that_it_works_again(
    acme: IdentityProvider,
) -> None:
    builders.run(acme, "success")
    builders.run(acme, "failed", error_code="timeout")
    assert kinds() == []
    builders.run(acme, "failed", error_code="timeout")
    assert kinds() == ["failing"]
    builders.run(acme, "failed", error_code="dns")
    assert kinds() == []
    builders.run(acme, "success")
    assert kinds() == ["working"]
    assert kinds() == []
    for _number in range(2):
        builders.run(acme, "failed")
    assert kinds() == ["failing"]


def test_events_that_wait_or_were_given_up_are_told_once_until_none_is_left(
    acme: IdentityProvider,
) -> None:
    held = builders.event(acme, "left", ["u1"], state="held")
    builders.event(acme, "changed", ["u2"], state="dead")
    assert sorted(kinds()) == ["dead", "leavers"]
    builders.event(acme, "left", ["u3"], state="held")
    assert kinds() == []
    InboxEvent.objects.filter(state="held").update(state="applied")
    assert kinds() == []
    InboxEvent.objects.filter(pk=held.pk).update(state="held")
    assert kinds() == ["leavers"]


def test_silence_is_told_once_and_the_next_silence_again(
    acme: IdentityProvider,
) -> None:
    for name in acme.connector_class.push_settings:
        acme.set_secret(name, "x" * 43)
    _events_until_now(acme, 8)
    assert kinds() == []
    with time_machine.travel(timezone.now() + timedelta(days=4), tick=False):
        assert kinds() == ["silent"]
        assert kinds() == []
        _events_until_now(acme, 8)
        assert kinds() == []
    with time_machine.travel(timezone.now() + timedelta(days=9), tick=False):
        assert kinds() == ["silent"]


def _events_until_now(idp: IdentityProvider, number: int) -> None:
    for ago in reversed(range(number)):
        at = timezone.now() - timedelta(minutes=ago)
        builders.event(idp, "changed", [f"u{ago}"], received_at=at, state="applied")


@pytest.mark.parametrize("values", [{"status": "closed"}, {"draft": True}])
def test_a_closed_idp_and_a_draft_are_nobodys_trouble(
    administrator: User, values: dict[str, Any]
) -> None:
    builders.run(builders.idp("Other", **values), "held", digest=DIGEST)
    assert kinds() == []


def test_each_address_is_told_once_in_its_own_language(acme: IdentityProvider) -> None:
    User.objects.create_superuser("li", "li@example.test", "x", language="zh-hans")
    User.objects.create_superuser("gone", "gone@example.test", "x", is_active=False)
    User.objects.create_superuser("mute", "", "x")
    User.objects.create_user("bob", "bob@example.test", "x", role=User.Role.STAFF)
    AlertSettings.objects.create(
        pk=1, recipients=["ALICE@example.test", "it@example.test"]
    )
    builders.run(acme, "held", digest=DIGEST)
    alerts.find()
    found = AlertDelivery.objects.order_by("pk").values_list("to", "language")
    assert list(found) == [
        ("alice@example.test", "en"),
        ("li@example.test", "zh-hans"),
        ("it@example.test", "en"),
    ]


def test_without_mail_the_alert_is_kept_and_goes_nowhere(
    acme: IdentityProvider, settings: Any
) -> None:
    settings.EMAIL_BACKEND = alerts.NO_MAIL
    builders.run(acme, "held", digest=DIGEST)
    tasks.find_alerts()
    assert Alert.objects.count() == 1
    assert not AlertDelivery.objects.exists()


def test_events_that_wait_are_told_again_after_old_alerts_were_removed(
    acme: IdentityProvider,
) -> None:
    """An alert's number among its kind is taken again once an older one is pruned."""
    for days in (200, 100):
        with time_machine.travel(timezone.now() - timedelta(days=days)):
            one = builders.event(acme, "left", ["u1"], state="held")
            assert kinds() == ["leavers"]
            InboxEvent.objects.filter(pk=one.pk).update(state="applied")
            assert kinds() == []
    notify.prune()
    builders.event(acme, "left", ["u1"], state="held")
    assert kinds() == ["leavers"]
