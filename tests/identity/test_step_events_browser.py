"""The step Events in a real browser, with DingTalk's own calls to the live address."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.pusher import Pusher, Subscription
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider, User
from tests.identity.basics import KEY
from tests.identity.conftest import page as address
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import SETTLED, LiveConsole

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TOKEN = "YYwR3A3rV6mrvpC"
PEOPLE = ("user_add_org", "user_modify_org", "user_leave_org")
DEPARTMENTS = ("org_dept_create", "org_dept_modify", "org_dept_remove")
WIDTHS = (1280, 390, 320)


@pytest.fixture
def dingtalk(
    simulator: Simulator, idp: IdentityProvider, live_server: Client
) -> Pusher:
    """DingTalk's side: the address is pasted there, with the keys that it shows."""
    url = str(live_server) + reverse("sync:receive", args=["dingtalk", idp.pk])
    return Pusher(simulator, Subscription(url, TOKEN, KEY), sleep=lambda _seconds: None)


def light(page: Page, name: str) -> Locator:
    """A line or a light that is done."""
    return page.locator(f'[data-tick="{name}"][data-done]')


def save_keys(page: Page) -> None:
    page.get_by_label("AES Encryption Key", exact=True).fill(KEY)
    page.get_by_label("Encryption Token", exact=True).fill(TOKEN)
    page.get_by_role("button", name="Save", exact=True).click()


def happen(dingtalk: Pusher, *names: str) -> None:
    """DingTalk tells of these; what has happened there does not matter here."""
    for name in names:
        told = Event(name, ("nobody",)) if name in PEOPLE else Event(name, ("9999",))
        assert dingtalk.deliver(told), dingtalk.log


def is_whole(page: Page, axe: Callable[[Page], None]) -> None:
    """axe finds nothing, and nothing is wider than the page, a phone's too."""
    axe(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(SETTLED)
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), width
    page.set_viewport_size({"width": 1280, "height": 800})


def test_S140_S156_S160_the_list_ticks_itself_while_dingtalk_calls(
    live_console: LiveConsole,
    idp: IdentityProvider,
    dingtalk: Pusher,
    axe: Callable[[Page], None],
) -> None:
    """A1: too early, then in the right order; the page is never loaded again."""
    page = live_console.open(address(idp, "events"))
    shown = page.get_by_label("Request Address", exact=True).input_value()
    assert shown.endswith(dingtalk.subscription.url.removeprefix(live_console.url))
    assert not dingtalk.check_url().fine
    expect(page.locator("#refused")).to_contain_text("the keys were not set here yet")
    save_keys(page)
    expect(light(page, "keys")).to_be_visible()
    expect(page.locator("#refused")).to_contain_text("press Save in DingTalk again")
    page.evaluate("window.same = true")
    assert dingtalk.check_url().fine
    expect(light(page, "address")).to_contain_text("called to verify the address at")
    expect(page.locator("#refused")).to_have_count(0)
    happen(dingtalk, *PEOPLE)
    for name in PEOPLE:
        expect(light(page, name)).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("User Removed From Address Book")
    expect(light(page, "org_dept_create")).to_have_count(0)
    is_whole(page, axe)
    happen(dingtalk, *DEPARTMENTS)
    expect(page.locator("#heard")).to_contain_text("8 of 8")
    expect(page.locator("#heard")).to_contain_text("Events work")
    assert page.locator("#heard").get_attribute("hx-trigger") is None
    assert page.evaluate("window.same") is True


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser without script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_U46_the_step_works_without_script(
    plain: Page,
    live_server: Client,
    administrator: User,
    idp: IdentityProvider,
    dingtalk: Pusher,
) -> None:
    plain.goto(str(live_server) + address(idp, "events"))
    plain.fill("[name=username]", administrator.username)
    plain.fill("[name=password]", PASSWORD)
    plain.press("[name=password]", "Enter")
    save_keys(plain)
    expect(plain.get_by_text("Saved. Now press Save in DingTalk")).to_be_visible()
    assert dingtalk.check_url().fine
    happen(dingtalk, *PEOPLE, *DEPARTMENTS)
    plain.get_by_role("link", name="Reload").click()
    expect(plain.locator("#heard")).to_contain_text("8 of 8")


def test_U01_the_keys_of_edit_have_their_part_of_the_guide(
    live_console: LiveConsole, idp: IdentityProvider
) -> None:
    page = live_console.open(reverse("identity:edit", args=[idp.pk]))
    page.get_by_label("Request Address", exact=True).focus()
    guide = page.locator("[data-guide-card]")
    expect(guide.get_by_role("heading", name="Event Subscription")).to_be_visible()
    page.get_by_label("AES Encryption Key", exact=True).fill(KEY)
    block = page.locator("section", has=page.locator("#block-events"))
    expect(block.locator("[data-was=aes_key]")).to_be_visible()
    expect(block.locator("[data-was=token]")).to_be_hidden()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
