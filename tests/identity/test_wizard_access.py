"""Who may open the wizard, and what it never shows to anybody."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import AuditEvent, ConnectionReport, IdentityProvider
from tests.identity.conftest import page, words

pytestmark = pytest.mark.alone

NEW = "/identity/new/"

SECRETS = {
    "app_secret": "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR-bn4FbfeVQQKNr1_1giWAabcd",
    "aes_key": "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AMabcdeQ",
    "token": "YYwR3A3rV6mrvpCabcdef",
}


def test_P6_a_secret_is_in_no_page_session_message_trail_or_report(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    """Typed right, typed with another field wrong, stored, tested."""
    sent = typed | SECRETS
    answers = [
        console.post(page(draft, "basic"), sent | {"name": "a b"}),
        console.post(page(draft, "basic"), sent, follow=True),
        console.post(page(draft, "test"), follow=True),
    ]
    steps = ("basic", "test", "sync", "events")
    answers += [console.get(page(draft, step)) for step in steps]
    kept = [repr(dict(console.session.items()))]
    kept += [str(event.detail) for event in AuditEvent.objects.all()]
    kept += [str(report.checks) for report in ConnectionReport.objects.all()]
    everything = "\n".join([words(answer) for answer in answers] + kept)
    for secret in SECRETS.values():
        assert secret not in everything


@pytest.mark.parametrize(
    "address",
    ["new", "basic", "test", "sync", "events", "departments", "sample", "edit"],
)
def test_only_administrators_open_the_wizard(
    client: Client,
    staff_console: Client,
    console: Client,
    tested: IdentityProvider,
    address: str,
) -> None:
    path = NEW if address == "new" else _address(tested, address)
    assert staff_console.get(path).status_code == 403
    assert staff_console.post(path).status_code in (403, 405)
    for response in (client.get(path), client.post(path)):
        assert response.status_code in (302, 405)
        assert response.status_code == 405 or "/accounts/login/" in str(
            response.headers["Location"]
        )
    assert console.get(path).status_code in (200, 302)


def _address(idp: IdentityProvider, name: str) -> str:
    if name in ("departments", "sample", "edit"):
        return reverse(f"identity:{name}", args=[idp.pk])
    return page(idp, name)


@pytest.mark.parametrize("step", ["basic", "test", "sync", "events"])
def test_an_idp_that_does_not_exist_is_not_found(console: Client, step: str) -> None:
    missing = IdentityProvider(kind="dingtalk")
    assert console.get(page(missing, step)).status_code == 404


@pytest.mark.parametrize("step", ["basic", "test", "sync", "events"])
def test_other_methods_are_refused(
    console: Client, draft: IdentityProvider, step: str
) -> None:
    assert console.put(page(draft, step)).status_code == 405
    assert console.delete(page(draft, step)).status_code == 405
