"""Employees in a real browser: from the Enterprise ID to their resources and out again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, LogonAttempt, LogonSession
from sync.models import Employee
from tests.browser.chromium import EYES
from tests.client.conftest import ID
from tests.client.test_home import application
from tests.plugins.browser import SETTLED, LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]
Check = Callable[[Page], None]


def identify(page: Page, typed: str = ID) -> None:
    page.fill("[name=enterprise_id]", typed)
    page.get_by_role("button", name="Confirm").click()


def choose(page: Page, name: str) -> None:
    """On the simulator's page: who holds the phone."""
    page.fill("[name=q]", name)
    page.get_by_role("button", name="Search").click()
    page.locator("button[name=unionid]", has_text=name).first.click()


def looked_at(page: Page, axe: Check) -> None:
    """Axe in both themes, wide and narrow; nothing scrolls sideways (U42, U44)."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate(SETTLED)
            assert page.evaluate(
                "document.documentElement.scrollWidth <= "
                "document.documentElement.clientWidth"
            ), f"{page.url} at {width}"
            if width != 390:
                axe(page)


def test_S170_from_the_id_to_the_resources_and_out_again(
    site: LiveConsole, person: Employee, axe: Check
) -> None:
    """S170 to S175, U44, U46: each page is looked at on the way."""
    application("Wiki")
    page = site.open("/client/")
    looked_at(page, axe)
    identify(page)
    looked_at(page, axe)
    page.get_by_role("link", name="Log on with DingTalk").click()
    expect(page.get_by_role("heading", name="Log on with DingTalk")).to_be_visible()
    choose(page, person.name)
    page.wait_for_url(f"{site.url}/client/home/")
    expect(page.get_by_text("Connection successful")).to_be_visible()
    expect(page.get_by_role("heading", name=person.name)).to_be_visible()
    expect(page.get_by_text("Chrome on Linux (here)")).to_be_visible()
    expect(page.get_by_role("link", name="Wiki")).to_be_visible()
    looked_at(page, axe)
    page.get_by_role("button", name="Log off").click()
    expect(page.get_by_text("You are logged off.")).to_be_visible()
    expect(page.get_by_role("link", name="Log on with DingTalk")).to_be_visible()
    assert LogonSession.objects.get().ended_because == "logged_off"
    site.open("/client/home/")
    page.wait_for_url(f"{site.url}/client/")


def test_S174_by_the_page_in_the_frame(
    site: LiveConsole, person: Employee, axe: Check
) -> None:
    """S174: the vendor's page in place; what it says leads home."""
    page = site.open("/client/")
    identify(page)
    page.get_by_role("button", name="Scan the QR code").click()
    frame = page.frame_locator(".sb-frame iframe")
    frame.locator("[name=q]").fill(person.name)
    frame.get_by_role("button", name="Search").click()
    looked_at(page, axe)
    frame.locator("button[name=unionid]", has_text=person.name).first.click()
    page.wait_for_url(f"{site.url}/client/home/")
    expect(page.get_by_text("Connection successful")).to_be_visible()
    expect(page.get_by_text("by QR code")).to_be_visible()
    assert LogonAttempt.objects.get().way == LogonSession.objects.get().way == "qr"


def test_S176_who_is_nobody_here_reads_why_and_a_number(
    site: LiveConsole,
    on_a_port: Simulator,
    axe: Check,
    complaints: list[str],
) -> None:
    """S176, pages 5.2: the sentence, the trace to copy, and a way to try again."""
    outsider = next(iter(on_a_port.company.outsiders.values()))
    page = site.open("/client/")
    identify(page)
    page.get_by_role("link", name="Log on with DingTalk").click()
    page.get_by_role("button", name=outsider.name).click()
    expect(
        page.get_by_role("heading", name="You could not be logged on")
    ).to_be_visible()
    trace = page.get_by_label("Trace ID", exact=True)
    expect(trace).to_have_value(LogonAttempt.objects.get().trace_id)
    expect(page.get_by_role("heading", name="Tell your administrator")).to_be_visible()
    page.get_by_role("button", name="Copy Trace ID").click()
    expect(page.get_by_role("button", name="Copy Trace ID")).to_have_text("Copied")
    looked_at(page, axe)
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("link", name="Log on with DingTalk")).to_be_visible()
    assert not LogonSession.objects.exists()
    complaints.clear()  # the refusal's status is one


def test_S176_a_closed_idp_is_as_if_it_were_not_there(
    site: LiveConsole, axe: Check, complaints: list[str]
) -> None:
    """T-15, T-42: for whom comes and for whom was remembered."""
    page = site.open("/client/")
    identify(page)
    expect(page.get_by_role("link", name="Log on with DingTalk")).to_be_visible()
    IdentityProvider.objects.update(status="closed")
    page.reload()
    expect(page.get_by_text("No company has this ID.")).to_be_visible()
    identify(page)
    expect(page.get_by_text("No company has this ID.")).to_be_visible()
    looked_at(page, axe)
    complaints.clear()  # the refusal's status is one


def test_not_this_company_asks_again(site: LiveConsole) -> None:
    page = site.open("/client/")
    identify(page)
    page.get_by_role("button", name="Not this company?").click()
    expect(page.get_by_label("Enterprise ID")).to_be_focused()


def test_U43_all_of_it_in_chinese(site: LiveConsole, person: Employee) -> None:
    page = site.page
    context = {"name": "sasebridge_language", "value": "zh-hans", "url": site.url}
    page.context.add_cookies([context])  # type: ignore[list-item]
    site.open("/client/")
    page.fill("[name=enterprise_id]", ID)
    page.get_by_role("button", name="确认").click()
    page.get_by_role("link", name="使用钉钉登录").click()
    choose(page, person.name)
    expect(page.get_by_text("连接成功")).to_be_visible()
    expect(page.get_by_role("button", name="退出登录")).to_be_visible()


def test_U46_without_script_it_works_too(site: LiveConsole, person: Employee) -> None:
    """Only the QR code is not offered."""
    opened = site.page.context.browser
    assert opened is not None
    context = opened.new_context(java_script_enabled=False)
    context.add_init_script(EYES)
    page = context.new_page()
    page.goto(f"{site.url}/client/")
    identify(page)
    expect(page.get_by_role("button", name="Scan the QR code")).to_have_count(0)
    page.get_by_role("link", name="Log on with DingTalk").click()
    choose(page, person.name)
    expect(page.get_by_text("Connection successful")).to_be_visible()
    page.get_by_role("button", name="Log off").click()
    expect(page.get_by_text("You are logged off.")).to_be_visible()
    context.close()
