"""Deciding about held events in a real browser, with keys alone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from sync.models import InboxEvent
from tests import builders
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.alone,
]


def test_held_events_are_approved_after_a_question_that_says_the_number(
    live_console: LiveConsole,
) -> None:
    idp = builders.idp()
    builders.company(idp, people=8, departments=2)
    for number in range(7):
        builders.event(idp, "left", [f"user{number:06}"], state="held")
    live_console.page.set_viewport_size({"width": 320, "height": 700})
    page = live_console.open(reverse("sync:events"))
    final = page.get_by_role("button", name="Mark 7 people as left")
    expect(final).to_be_hidden()
    page.locator(".sb-decide summary").focus()
    page.keyboard.press("Enter")
    expect(final).to_be_visible()
    page.keyboard.press("Tab")
    expect(final).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("7 people are looked up once more")).to_be_visible()
    assert not InboxEvent.objects.filter(state="held").exists()
