"""A draft on its way through the wizard, and what an administrator types."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider


@pytest.fixture
def typed(credentials: dict[str, str]) -> dict[str, Any]:
    """The first step's form as a browser sends it."""
    return {
        "name": "test",
        "description": "DingTalk Logon",
        "status": "enabled",
        "corp_id": credentials["corp_id"],
        "app_key": credentials["app_key"],
        "app_secret": credentials["app_secret"],
        "dingtalk_type": "standard",
        "push_method": "http",
        "aes_key": "",
        "token": "",
        "auto_sync": "on",
        "sync_users": "on",
        "sync_interval_hours": "24",
    }


@pytest.fixture
def path(idp: IdentityProvider) -> str:
    """The address of Edit Identity Source."""
    return reverse("identity:edit", args=[idp.pk])


@pytest.fixture
def kept(typed: dict[str, Any]) -> dict[str, Any]:
    """That page's form as it is shown: the secret's field is empty."""
    return typed | {"name": "Example", "description": "", "app_secret": ""}


def page(idp: IdentityProvider, step: str) -> str:
    """The address of a step."""
    return reverse(f"identity:setup-{step}", args=[idp.pk])


@pytest.fixture
def tested(
    console: Client,
    draft: IdentityProvider,
    typed: dict[str, Any],
    simulator: Simulator,
) -> IdentityProvider:
    """A draft that passed the connectivity test."""
    console.post(page(draft, "basic"), typed)
    draft.refresh_from_db()
    return draft


def words(response: Any) -> str:
    """The answer's text."""
    return str(response.content.decode())


@pytest.fixture
def new_idp(db: None) -> IdentityProvider:
    """A draft of which nothing is known yet."""
    return IdentityProvider.objects.create(kind="dingtalk")
