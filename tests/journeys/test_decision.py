"""Deciding about a plan in a real browser, with a company behind it, and without script."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from sync.models import Kept
from tests import builders
from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.mark.alone
def test_a_plan_is_decided_about_without_script(
    live_console: LiveConsole, browser: Browser
) -> None:
    """U46: the choice is kept from page to page, and sent with the approval."""
    run = builders.run(builders.idp(), "held", digest="plan")
    for number in range(55):
        key = f"p{number:02}"
        after = {"name": key}
        builders.change(
            run, "employee", "create", key, label=key, after=after, applied=False
        )
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(live_console.page.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(live_console.url + reverse("sync:run", args=[run.pk]))
    page.get_by_role("checkbox", name="Leave out p07").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("checkbox", name="Leave out p54").check()
    page.get_by_role("button", name="Store what is left out").click()
    page.fill("#plan-q", "p07")
    page.press("#plan-q", "Enter")
    expect(page.get_by_role("checkbox", name="Leave out p07")).to_be_checked()
    page.get_by_role("button", name="Approve these 53").click()
    expect(page.get_by_text("It is read anew, and then carried out")).to_be_visible()
    assert set(Kept.objects.values_list("key", flat=True)) == {"p07", "p54"}
    context.close()
