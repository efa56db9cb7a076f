"""How alerts arrive: by mail, and by the robot of the simulated group over real HTTP."""

import smtplib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone, translation

from identity.connectors import registry
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, User
from sync import alerts, notify
from sync.models import Alert, AlertDelivery, AlertRobot, AlertSettings, RobotMonth
from tests import builders

pytestmark = pytest.mark.django_db
State = AlertDelivery.State
KIND = "dingtalk"


class Refusing(BaseEmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise smtplib.SMTPAuthenticationError(535, b"canary in the answer")


@pytest.fixture
def acme(administrator: User) -> IdentityProvider:
    return builders.idp("Acme")


@pytest.fixture
def robot(on_a_port: Simulator, settings: Any) -> Simulator:
    """The simulator's robot, stored as the page stores it; nobody is told by mail."""
    AlertSettings.objects.create(pk=1, administrators=False)
    base = f"{settings.DINGTALK_OAPI_URL}/robot/send?access_token="
    row = AlertRobot(kind=KIND)
    row.keep(
        {"address": base + on_a_port.robot.token, "secret": on_a_port.robot.secret}
    )
    row.save()
    return on_a_port


def held(idp: IdentityProvider, number: int = 0) -> Alert:
    run = builders.run(idp, "held", digest=f"{number:064}")
    alert = alerts.note(Alert.Kind.HELD, f"{number}", idp=idp, run=run, people=7)
    assert alert is not None
    return alert


def other(number: int = 0) -> Alert:
    alert = alerts.note(Alert.Kind.WEBHOOK, f"w{number}", name="SASE")
    assert alert is not None
    return alert


def way() -> AlertDelivery:
    return AlertDelivery.objects.get()


# --- mail ---


def test_a_mail_has_numbers_and_a_link_in_text_and_html(
    acme: IdentityProvider, settings: Any
) -> None:
    alert = held(acme)
    assert notify.deliver() == 1
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.test"]
    assert letter.subject == "A synchronization is held: Acme"
    link = f"{settings.PUBLIC_URL}/sync/runs/{alert.run_id}/"
    assert "7 people would lose access." in letter.body
    assert link in letter.body
    ((page, kind),) = letter.alternatives  # type: ignore[attr-defined]
    assert kind == "text/html"
    assert f'href="{link}"' in page
    assert (way().state, way().error) == (State.SENT, "")
    assert notify.deliver() == 0


def test_a_hostile_name_injects_no_header_and_no_markup(acme: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=acme.pk).update(
        name="A\r\nBcc: all@evil.test\n\n<script>\u202e"
    )
    acme.refresh_from_db()
    held(acme)
    assert notify.deliver() == 1
    letter = mail.outbox[0]
    assert "\n" not in letter.subject
    assert letter.recipients() == ["alice@example.test"]
    assert "Bcc" not in letter.message()
    assert "<script>" not in letter.alternatives[0][0]  # type: ignore[attr-defined]


def test_what_fails_is_tried_again_with_growing_waits_and_then_given_up(
    acme: IdentityProvider, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    held(acme)
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while way().state == State.WAITING:
            before = timezone.now()
            notify.deliver()
            waits.append((way().due_at - before).total_seconds())
            clock.move_to(way().due_at)
    assert waits == list(notify.PAUSES)
    assert (way().state, way().error) == (State.FAILED, "SMTPAuthenticationError 535")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert notify.again(way())
    assert notify.deliver() == 1
    assert not notify.again(way())


def test_what_a_killed_worker_began_is_sent_by_the_next(
    acme: IdentityProvider,
) -> None:
    held(acme)
    assert notify._claim(way())
    assert notify.deliver() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        assert notify.deliver() == 1
    assert len(mail.outbox) == 1


# --- the robot ---


def test_the_robot_gets_a_signed_message_without_markup_of_ours(
    robot: Simulator, acme: IdentityProvider
) -> None:
    IdentityProvider.objects.filter(pk=acme.pk).update(name="A](http://evil.test) @all")
    acme.refresh_from_db()
    held(acme)
    assert notify.deliver() == 1
    (said,) = robot.robot.messages
    assert said["msgtype"] == "markdown"
    assert "(http://evil.test)" not in said["markdown"]["text"]
    assert "@all" not in said["markdown"]["text"]
    assert "7 people would lose access." in said["markdown"]["text"]
    assert notify.used(KIND) == 1


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"secret": "SEC" + "0" * 64}, "sign not match"),
        ({"token": "0" * 64}, "no robot with this address"),
    ],
    ids=["310000", "300001"],
)
def test_a_refusal_says_why_and_holds_no_secret(
    robot: Simulator, acme: IdentityProvider, spoilt: dict[str, str], code: str
) -> None:
    token, secret = robot.robot.token, robot.robot.secret
    for name, value in spoilt.items():
        setattr(robot.robot, name, value)
    held(acme)
    assert notify.deliver() == 0
    assert code in way().error
    assert token not in way().error
    assert secret not in way().error
    assert way().state == State.WAITING


def test_the_robot_is_not_sent_more_than_it_takes_in_a_minute(
    robot: Simulator, acme: IdentityProvider
) -> None:
    for number in range(18):
        other(number)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert notify.deliver() == 15
        assert {
            row.attempts for row in AlertDelivery.objects.filter(state="waiting")
        } == {0}
        clock.shift(61)
        assert notify.deliver() == 3
    assert len(robot.robot.messages) == 18
    assert not robot.robot.silenced_until


def test_one_that_is_too_fast_all_the_same_waits_ten_minutes(
    robot: Simulator, acme: IdentityProvider
) -> None:
    robot.robot.silenced_until = timezone.now().timestamp() + 300
    other()
    notify.deliver()
    assert way().due_at > timezone.now() + timedelta(minutes=9)


def test_S012_the_month_is_counted_in_the_vendors_zone_and_warned_of(
    robot: Simulator, acme: IdentityProvider
) -> None:
    AlertSettings.objects.update(administrators=True)
    with time_machine.travel("2026-10-31T16:30:00Z", tick=False):  # November there
        RobotMonth.objects.create(kind=KIND, month="2026-11", count=3999)
        other()
        notify.deliver()
        assert notify.used(KIND) == 4000
        quota = Alert.objects.get(kind="quota")
        assert [row.way for row in quota.ways.all()] == ["mail"]
        other(1)
        notify.deliver()
        assert Alert.objects.filter(kind="quota").count() == 1
    with time_machine.travel("2026-11-30T16:30:00Z", tick=False):
        assert notify.used(KIND) == 0


@pytest.mark.parametrize(
    ("count", "urgent", "goes"),
    [(4900, False, False), (4900, True, True), (4999, True, True), (5000, True, False)],
)
def test_S012_before_the_end_of_the_quota_only_held_runs_go(
    robot: Simulator, acme: IdentityProvider, count: int, urgent: bool, goes: bool
) -> None:
    month = notify._month(registry.alert_channels()[KIND])
    RobotMonth.objects.create(kind=KIND, month=month, count=count)
    held(acme) if urgent else other()
    assert notify.deliver() == int(goes)
    assert notify.used(KIND) == count + int(goes)
    assert AlertDelivery.objects.get(way=KIND).state == (
        State.SENT if goes else State.FAILED
    )


@pytest.mark.parametrize("kind", Alert.Kind)
def test_every_kind_has_words(acme: IdentityProvider, kind: str) -> None:
    facts = {"since": timezone.now().isoformat(), "count": 4000, "most": 5000}
    alert = Alert(kind=kind, idp=acme, run=builders.run(acme), facts=facts)
    for language in ("en", "zh-hans"):
        with translation.override(language):
            words = alerts.words(alert)
            assert all((words.title, words.lines, words.link, words.link_label))
