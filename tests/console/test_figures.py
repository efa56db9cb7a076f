"""Today's logons in figures, on the dashboard and on an IdP's overview (pages 5.12)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import LogonAttempt, LogonSession, User
from tests import builders
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db


def test_logons_of_today_are_counted_for_one_idp_and_for_all(
    console: Client, employee_account: User
) -> None:
    acme, other = builders.idp("Acme"), builders.idp("Other")
    yesterday = timezone.now() - timedelta(days=1)
    rows: list[dict[str, Any]] = [
        {"idp": acme, "outcome": "success"},
        {"idp": acme, "outcome": "success", "test": True},
        {"idp": acme, "outcome": "success", "at": yesterday},
        {"idp": acme, "outcome": "cut", "at": yesterday},
        {"idp": acme, "outcome": "company"},
        {"idp": other, "outcome": "success"},
        {"idp": None, "outcome": "no_state"},
    ]
    for number, row in enumerate(rows):
        LogonAttempt.objects.create(trace_id=str(number), **row)
    for key, idp in (("a", acme), ("b", acme), ("c", other)):
        LogonSession.objects.create(account=employee_account, idp=idp, session_key=key)
    LogonSession.objects.filter(session_key="b").update(ended_at=timezone.now())

    overview = read(console, reverse("console:overview", args=[acme.pk]))
    assert "Logged on 1 Did not work 1 Open sessions 1" in words(overview)
    assert f"/logons/?outcome=failed&idp={acme.pk}" in links(overview)
    assert f"/logons/?idp={acme.pk}" in links(overview)
    dashboard = read(console, reverse("console:dashboard"))
    assert "Logged on 2 Did not work 2 Open sessions 2" in words(dashboard)
    assert "/logons/?outcome=failed" in links(dashboard)
