"""Settings > Alerts, as an administrator uses it and as others do not."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, LogonSession
from sync import alerts
from sync.models import Alert, AlertDelivery, AlertRobot, AlertSettings
from tests.plugins.accounts import PASSWORD

pytestmark = [pytest.mark.alone, pytest.mark.django_db]
KIND = "dingtalk"
ALERTS, ROBOT = "/settings/alerts/", f"/settings/alerts/robots/{KIND}/"
SENT = {"administrators": "on", "recipients": "it@example.test", "language": "en"}


@pytest.fixture
def values(on_a_port: Simulator, settings: Any) -> dict[str, str]:
    """What an administrator copies from the group."""
    base = f"{settings.DINGTALK_OAPI_URL}/robot/send?access_token="
    return {"address": base + on_a_port.robot.token, "secret": on_a_port.robot.secret}


def text(response: Any) -> str:
    return str(response.content.decode())


def wait(console: Client) -> None:
    ago = timezone.now() - timedelta(minutes=11)
    assert LogonSession.objects.update(confirmed_at=ago)


def test_who_is_told_is_saved_after_the_password_and_written_down(
    console: Client,
) -> None:
    wait(console)
    assert console.post(ALERTS, SENT).status_code == 422
    assert AlertSettings.load().recipients == []
    console.post(ALERTS, SENT | {"own_password": PASSWORD})
    assert AlertSettings.load().recipients == ["it@example.test"]
    line = AuditEvent.objects.get(action="alerts.change")
    assert line.detail == {"recipients": {"before": [], "after": ["it@example.test"]}}


@pytest.mark.parametrize(
    "typed",
    ["nobody", "a@b.test\r\nBcc: c@d.test", "a@b.test, c@d.test", "a\u202e@b.test"],
)
def test_what_is_no_address_is_refused(console: Client, typed: str) -> None:
    response = console.post(ALERTS, SENT | {"recipients": typed})
    assert response.status_code == 422
    assert AlertSettings.load().recipients == []


def test_the_page_says_when_mail_is_not_set_up(console: Client, settings: Any) -> None:
    assert "EMAIL_URL" not in text(console.get(ALERTS))
    settings.EMAIL_BACKEND = alerts.NO_MAIL
    page = text(console.get(ALERTS))
    assert "Whoever runs this server sets EMAIL_URL" in page
    assert "Nobody is told yet" in page
    assert "Nothing was sent" in text(console.post(f"{ALERTS}test/", follow=True))


def test_S010_S011_S012_T34_a_robot_is_set_up_tested_and_removed(
    console: Client, values: dict[str, str], on_a_port: Simulator, caplog: Any
) -> None:
    """Its two secrets are canaries: no page, no audit line, no row has them."""
    page = text(console.get(ROBOT))
    assert "January 1, 2024" in page
    assert "February 1, 2024" in page
    assert "0 of 5000 free calls" in page
    assert console.post(ROBOT, values).status_code == 302
    answer = text(console.post(f"{ALERTS}test/", follow=True))
    assert "The test was sent to 2 places." in answer
    assert len(mail.outbox) == 1
    assert len(on_a_port.robot.messages) == 1
    shown = [answer, text(console.get(ALERTS)), text(console.get(ROBOT)), caplog.text]
    lines = AuditEvent.objects.filter(action__startswith="robot.")
    assert lines.get().detail == {"address": "changed", "secret": "changed"}
    stored = [*AlertRobot.objects.values(), *Alert.objects.values()]
    everywhere = f"{shown}{list(lines.values())}{stored}{on_a_port.robot.messages}"
    for canary in (on_a_port.robot.token, on_a_port.robot.secret):
        assert canary not in everywhere
    wait(console)
    console.post(f"{ROBOT}remove/")
    assert AlertRobot.objects.exists()
    console.post(f"{ROBOT}remove/", {"own_password": PASSWORD})
    assert not AlertRobot.objects.exists()


def test_what_is_left_empty_stays_and_at_first_nothing_may_be(
    console: Client, values: dict[str, str]
) -> None:
    response = console.post(ROBOT, values | {"secret": ""})
    assert response.status_code == 422
    assert values["address"] not in text(response)
    assert not AlertRobot.objects.exists()
    console.post(ROBOT, values)
    console.post(ROBOT, {"address": "", "secret": "SEC" + "1" * 40})
    row = AlertRobot.objects.get()
    assert row.reveal() == values | {"secret": "SEC" + "1" * 40}
    assert row.sealed not in text(console.get(ROBOT))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/robot/send?access_token={t}",
        "{base}.evil.test/robot/send?access_token={t}",
        "{base}@evil.test/robot/send?access_token={t}",
        "http://169.254.169.254/robot/send?access_token={t}",
        "{base}/robot/send/../x?access_token={t}",
        "{base}/robot/send?access_token={t}#x",
        "{base}/robot/send?access_token={t}&access_token={t}",
        "{base}/robot/send?access_token=",
        "{base}/robot/send?access_token=%0d%0aX",
        "http://[::1/robot/send?access_token={t}",
        "file:///robot/send?access_token={t}",
    ],
)
def test_T35_only_the_vendors_own_host_is_an_address_of_a_robot(
    console: Client, values: dict[str, str], settings: Any, address: str
) -> None:
    typed = address.format(base=settings.DINGTALK_OAPI_URL, t="0" * 64)
    assert console.post(ROBOT, values | {"address": typed}).status_code == 422
    assert not AlertRobot.objects.exists()


def test_a_failed_delivery_is_sent_again_by_its_button(console: Client) -> None:
    alert = alerts.note(Alert.Kind.WEBHOOK, "x", name="SASE")
    assert alert
    alert.ways.update(state="failed", error="SMTPServerDisconnected")
    assert "SMTPServerDisconnected" in text(console.get(ALERTS))
    way = alert.ways.get()
    console.post(reverse("sync:alert-again", args=[way.pk]))
    assert AuditEvent.objects.filter(action="alerts.again").count() == 1
    assert AlertDelivery.objects.get().state == "waiting"


def test_only_administrators_see_and_change_alerts(
    staff_console: Client, values: dict[str, str]
) -> None:
    for path in (ALERTS, ROBOT):
        assert staff_console.get(path).status_code == 403
        assert staff_console.post(path, SENT | values).status_code == 403
    for path in (f"{ALERTS}test/", f"{ROBOT}remove/", f"{ALERTS}1/again/"):
        assert staff_console.post(path).status_code == 403
    assert "/settings/alerts/" not in text(staff_console.get("/"))
