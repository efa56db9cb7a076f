"""The second factor in a real browser: both pages of the logon, the set-up, looks."""

from collections.abc import Callable
from typing import Literal

import pytest
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from identity import second_factor
from identity.models import User
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import SETTLED, LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]


def code_of(account: User, steps: int = 0) -> str:
    device = TOTPDevice.objects.get(user=account)
    return f"{totp(second_factor._key(device), drift=steps):06}"


def looked_at(page: Page, axe: Callable[[Page], None]) -> None:
    """Axe in both themes, and no sideways scrolling on a phone."""
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        page.evaluate(SETTLED)
        axe(page)
    page.set_viewport_size({"width": 320, "height": 800})
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide), page.url
    page.set_viewport_size({"width": 1280, "height": 800})


def test_setting_up_logging_on_and_switching_off(
    live_site: LiveConsole, administrator: User, axe: Callable[[Page], None]
) -> None:
    """The whole way, by the pages alone."""
    page = live_site.log_on(administrator).open("/account/security/")
    page.get_by_role("link", name="Set it up").click()
    looked_at(page, axe)
    page.get_by_label("Code of your app").fill(code_of(administrator, -1))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    looked_at(page, axe)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    kept = download.value.path().read_text().split()
    assert len(kept) == 10
    page.get_by_label("I have kept them").check()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The second factor is on.")).to_be_visible()
    looked_at(page, axe)
    page.locator("summary[aria-label^=Account]").click()
    page.get_by_role("button", name="Log off").click()
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log on").click()
    looked_at(page, axe)
    page.get_by_role("link", name="Use a recovery code").click()
    looked_at(page, axe)
    page.get_by_label("Recovery code").fill(kept[0])
    page.get_by_role("button", name="Log on").click()
    expect(page.get_by_text("9 are left")).to_be_visible()
    page.goto(f"{live_site.url}/account/second-factor/off/")
    looked_at(page, axe)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("Code of your app, or a recovery code").fill(kept[1])
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_text("The second factor is off.")).to_be_visible()
