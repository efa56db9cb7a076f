"""Test logon in a real browser: a form that leads on to the vendor's page."""

import pytest
from playwright.sync_api import expect

from identity.models import IdentityProvider, LogonAttempt, LogonSession, User
from sync.models import Employee
from tests.client.test_journey import choose
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]


def test_U10_an_administrator_tries_a_logon(
    site: LiveConsole, idp: IdentityProvider, person: Employee, administrator: User
) -> None:
    """U10, S180: the content security policy lets the form through to the vendor."""
    site.log_on(administrator)
    page = site.open(f"/identity/{idp.pk}/troubleshoot/")
    page.get_by_role("button", name="Test logon").click()
    expect(page.get_by_role("heading", name="Log on with DingTalk")).to_be_visible()
    choose(page, person.name)
    expect(page.get_by_text("This person could log on")).to_be_visible()
    attempt = LogonAttempt.objects.get()
    assert page.url == f"{site.url}/logons/{attempt.trace_id}/"
    assert attempt.test
    assert not LogonSession.objects.exclude(account=administrator).exists()
