"""Django's admin makes no applications and no tokens past our rules (T-13, T-23, T-48)."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse

NAMES = ("application", "grant", "accesstoken", "refreshtoken", "idtoken")


@pytest.mark.parametrize("name", [pytest.param(n, id=f"T-13-{n}") for n in NAMES])
@pytest.mark.parametrize("page", ["changelist", "add"])
def test_it_has_no_page_of_them(name: str, page: str, console: Client) -> None:
    assert (
        console.get(reverse("admin:identity_auditevent_changelist")).status_code == 200
    )
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:identity_{name}_{page}")


def test_what_can_be_written_there_is_known(db: None) -> None:
    """Whatever brings pages of its own to the admin has to be looked at first."""
    shown = {model._meta.label for model in admin.site._registry}
    assert shown == {
        *("identity.User", "identity.IdentityProvider", "identity.ConnectionReport"),
        *("identity.AuditEvent", "identity.Enterprise"),
        *("sync.SyncRun", "sync.Department", "sync.Employee"),
    }
