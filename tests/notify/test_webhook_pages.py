"""Settings > Webhooks, as an administrator uses it and as others do not."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.models import AuditEvent, LogonSession
from sync import webhooks
from sync.models import WebhookEndpoint, WebhookSecret
from tests import builders
from tests.notify.hook import Hook, hooked
from tests.plugins.accounts import PASSWORD

pytestmark = pytest.mark.django_db
LIST = "/settings/webhooks/"


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    settings.LOGOUT_PRIVATE_HOSTS = ["127.0.0.1"]
    with hooked() as one:
        yield one


def text(response: Any) -> str:
    return str(response.content.decode())


def sent(hook: Hook, **values: Any) -> dict[str, Any]:
    return {"name": "SASE", "address": hook.url, "start": "now"} | values


def test_a_webhook_is_added_tested_rotated_paused_and_deleted(
    console: Client, hook: Hook, caplog: Any
) -> None:
    """Its secret is a canary: shown once, and nowhere else."""
    builders.run(builders.idp("Acme"))
    answer = text(console.post(f"{LIST}new/", sent(hook)))
    hook.secrets = re.findall(r"whsec_[A-Za-z0-9+/=]{40,}", answer)[:1]
    page = f"{LIST}{WebhookEndpoint.objects.get().pk}/"
    assert "The test was taken." in text(console.post(f"{page}test/", follow=True))
    assert hook.came[0]["type"] == "webhook.test"
    version = WebhookSecret.objects.get().pk
    answer = text(console.post(f"{page}secret/", {"version": version}))
    hook.secrets += re.findall(r"whsec_[A-Za-z0-9+/=]{40,}", answer)[:1]
    assert console.post(f"{page}secret/", {"version": version}).status_code == 409
    console.post(f"{page}test/")
    assert (len(hook.came), hook.refused) == (2, 0)
    hook.answer = lambda number: 418
    failed = text(console.post(f"{page}test/", follow=True))
    assert "it answered with status 418 instead of 2xx" in failed
    console.post(f"{page}switch/", {"off": "1"})
    assert WebhookEndpoint.objects.get().state == "paused"
    console.post(f"{page}edit/", sent(hook, name="Policies", types=["employee.left"]))
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.name, endpoint.types) == ("Policies", ["employee.left"])
    everywhere = [text(console.get(one)) for one in (LIST, page, f"{page}edit/")]
    everywhere += [caplog.text, str([*AuditEvent.objects.values()])]
    everywhere += [str([*WebhookSecret.objects.values()]), str(hook.came)]
    for canary in hook.secrets:
        assert canary.removeprefix("whsec_") not in str(everywhere)
    console.post(f"{page}delete/")
    assert not WebhookEndpoint.objects.exists()
    actions = AuditEvent.objects.filter(action__startswith="webhook.")
    assert list(actions.order_by("pk").values_list("action", flat=True)) == [
        f"webhook.{one}"
        for one in (
            "create",
            "test",
            "secret",
            "test",
            "test",
            "pause",
            "change",
            "delete",
        )
    ]


@pytest.mark.parametrize("act", ["new", "edit", "secret", "delete"])
def test_T48_what_hands_out_or_changes_needs_the_password(
    console: Client, hook: Hook, act: str
) -> None:
    endpoint, _secret = webhooks.add("Old", hook.url, [], from_now=True, by=None)
    ago = timezone.now() - timedelta(minutes=11)
    LogonSession.objects.update(confirmed_at=ago)
    path = f"{LIST}new/" if act == "new" else f"{LIST}{endpoint.pk}/{act}/"
    values = sent(hook, version=endpoint.secrets.get().pk)
    assert console.post(path, values).status_code == 422
    assert [row.name for row in WebhookEndpoint.objects.all()] == ["Old"]
    assert WebhookSecret.objects.count() == 1
    assert console.post(path, values | {"own_password": PASSWORD}).status_code < 400


@pytest.mark.parametrize(
    "address",
    [
        "", "http://app.test/", "http://127.0.0.2/", "http://localhost/", "ftp://a.test/",
        "https://u:p@a.test/", "https://a.test/#x", "https://a.test/ x", "//a.test/",
        "https:///x", "javascript:alert(1)", "file:///etc/passwd", "http://127.1/",
        "http://0x7f.0.0.1/", "http://[::ffff:127.0.0.1]/", "https://a.test/\r\nHost: b",
        "https://*.a.test/", "http://169.254.169.254/latest/meta-data/",
    ],
)  # fmt: skip
def test_T35_an_address_that_nobody_may_register_is_refused(
    console: Client, hook: Hook, address: str
) -> None:
    assert console.post(f"{LIST}new/", sent(hook, address=address)).status_code == 422
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[fd00::1]", "[::1]"])
def test_T35_an_address_inside_is_not_called(console: Client, host: str) -> None:
    endpoint, _ = webhooks.add("In", f"https://{host}/", [], from_now=True, by=None)
    assert webhooks.test(endpoint).startswith("private:")


def test_only_administrators_see_webhooks(staff_console: Client, hook: Hook) -> None:
    endpoint, _secret = webhooks.add("Old", hook.url, [], from_now=True, by=None)
    for path in (LIST, f"{LIST}new/", f"{LIST}{endpoint.pk}/"):
        assert staff_console.get(path).status_code == 403
    for act in ("test", "switch", "delete", "secret", "edit"):
        assert staff_console.post(f"{LIST}{endpoint.pk}/{act}/").status_code == 403
    assert LIST not in text(staff_console.get("/"))
