"""The directory as of a past moment, and two moments compared, in a real browser."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from sync.models import Department
from tests import builders
from tests.history.conftest import ago, made
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def sales(root: Department) -> Department:
    """Besides, somebody was moved from Sales to the top thirty hours ago."""
    chen = builders.employee(root.idp, "chen", "Chen Na", [root])
    builders.recount(root.idp)
    run = builders.run(root.idp)
    made(run, 30, "membership", "create", f"{chen.userid}/1", place="1")
    seat = {"order": 1, "leader": False}
    made(run, 30, "membership", "remove", f"{chen.userid}/20", place="20", before=seat)
    return Department.objects.get(source_id="20")


def names(page: Page) -> list[str]:
    """Who is in the list, and where they were."""
    return page.locator(".sb-people tbody tr").all_inner_texts()


def test_u33_back_to_a_moment_by_keys_what_changed_since_and_back_to_now(
    live_staff_console: LiveConsole, sales: Department
) -> None:
    """The department as it was called, with who was moved and who left since; nothing
    there that does nothing in the past."""
    at = reverse("sync:directory") + f"?idp={sales.idp_id}&dept={sales.pk}"
    page = live_staff_console.open(at)
    pane = page.locator("#pane")
    expect(pane.locator(".sb-pane-title")).to_have_text("Selling")
    page.get_by_label("As of").fill(ago(60))
    page.keyboard.press("Enter")
    banner = page.locator(".sb-asof")
    expect(banner).to_contain_text("As of")
    expect(pane.locator(".sb-pane-title")).to_have_text("Sales")
    expect(pane.locator("tbody th a")).to_have_text(["Chen Na", "Li Wei"])
    assert all("Sales" in each for each in names(page))
    expect(pane).to_contain_text("as they are now")
    expect(page.get_by_role("search", name="Search this directory")).to_have_count(0)
    expect(page.get_by_label("Filters that are on")).to_have_count(0)

    page.get_by_role("tree").get_by_text("Closed office").click()
    expect(pane.locator(".sb-pane-title")).to_have_text("Closed office")
    expect(page).to_have_url(re.compile(r"at=.*dept=30"))
    page.get_by_label("As of").fill(ago(59))
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"dept=30"))
    page.get_by_role("tree").get_by_text("Sales").click()
    expect(pane.locator(".sb-pane-title")).to_have_text("Sales")

    banner.get_by_role("link", name="What has changed since").click()
    kinds = page.get_by_label("Kinds of differences")
    kinds.get_by_role("link", name=re.compile("In other departments")).click()
    expect(page.locator(".sb-changes tbody tr")).to_have_count(1)
    expect(page.locator(".sb-changes tbody tr")).to_contain_text("Chen Na")
    expect(page.locator(".sb-changes tbody tr")).to_contain_text("Acme")
    page.go_back()
    page.go_back()
    expect(pane.locator(".sb-pane-title")).to_have_text("Sales")
    banner.get_by_role("link", name="Back to now").click()
    expect(pane.locator(".sb-pane-title")).to_have_text("Selling")
    expect(pane.locator("tbody th a")).to_have_text(["Wang Fang"])
    expect(banner).to_have_count(0)
