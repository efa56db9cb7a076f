"""Drafts: each leads to the step where it was left (U05)."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider
from tests.identity.conftest import page, words

LISTS = ("console:dashboard", "console:idps", "identity:create")


@pytest.mark.parametrize("where", LISTS)
def test_U05_a_tested_draft_leads_to_the_last_step(
    console: Client, tested: IdentityProvider, where: str
) -> None:
    shown = words(console.get(reverse(where)))
    assert f'href="{page(tested, "sync")}">Continue' in shown


@pytest.mark.parametrize("where", LISTS)
def test_U05_a_draft_without_a_valid_test_leads_to_the_test(
    console: Client, tested: IdentityProvider, typed: dict[str, Any], where: str
) -> None:
    changed = typed | {"corp_id": "ding12345", "next": "leave"}
    console.post(page(tested, "basic"), changed)
    shown = words(console.get(reverse(where)))
    assert f'href="{page(tested, "test")}">Continue' in shown


def test_U05_the_list_says_the_step_and_its_row_leads_there(
    console: Client, tested: IdentityProvider
) -> None:
    assert "Draft, step 3" in words(console.get(reverse("console:idps")))
    overview = console.get(reverse("console:overview", args=[tested.pk]))
    assert overview.headers["Location"] == page(tested, "sync")


def test_U05_the_form_says_when_it_was_saved_and_that_the_secret_is_set(
    console: Client, tested: IdentityProvider, typed: dict[str, Any]
) -> None:
    shown = words(console.get(page(tested, "basic")))
    assert "Saved " in shown
    assert "Stored, and never shown" in shown
    assert typed["app_secret"] not in shown
