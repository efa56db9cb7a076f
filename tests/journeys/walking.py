"""The steps that every journey takes, and what is looked for on the way."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import User
from sync.models import SyncRun
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

Look = Callable[[Page], None]
TYPED = ("corp_id", "app_key", "app_secret")
ALWAYS = ("logout", "set_language", "console:theme")
"""Log off, language and theme: the only things that staff may send."""


def log_on(site: LiveConsole, account: User) -> Page:
    """By user and password."""
    page = site.open("/")
    page.fill("[name=username]", account.username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log on").click()
    return page


def log_off(page: Page) -> None:
    """By the account's menu."""
    page.locator("summary[aria-label^=Account]").click()
    page.get_by_role("button", name="Log off").click()
    expect(page.get_by_role("button", name="Log on")).to_be_visible()


def create(page: Page, look: Look = lambda page: None) -> None:
    """From a page with Create IdP to the first step."""
    page.get_by_role("link", name="Create IdP").first.click()
    expect(page.get_by_role("radio", name="DingTalk")).to_be_checked()
    look(page)
    page.get_by_role("button", name="Configure").click()
    expect(page.get_by_role("heading", name="Basic Configurations")).to_be_visible()
    look(page)


def fill_in(page: Page, values: dict[str, str]) -> None:
    """The first step's fields."""
    page.fill("[name=name]", "Headquarters")
    page.fill("[name=description]", "DingTalk Logon")
    for name in TYPED:
        page.fill(f"[name={name}]", values[name])


def fail_with_a_wrong_secret(page: Page, look: Look = lambda page: None) -> None:
    """Sent with a secret that DingTalk does not know; ends on the first step again."""
    page.fill("[name=app_secret]", "wrong-secret-0001")
    page.get_by_role("button", name="Connectivity Test").click()
    expect(page.get_by_role("heading", name="Connection Failed")).to_be_visible()
    expect(page.get_by_text("server address and server port").first).to_be_visible()
    expect(page.get_by_text("invalidClientIdOrSecret").first).to_be_visible()
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    look(page)
    page.get_by_role("link", name="Back").click()


@contextmanager
def held(simulator: Simulator, path: str, nth: int = 1) -> Iterator[None]:
    """DingTalk lets the n-th call of a path wait for as long as the block runs."""
    gate = threading.Event()
    rule = simulator.faults.before(path, nth, lambda: gate.wait(20))
    try:
        yield
    finally:
        gate.set()
        simulator.faults.remove(rule)


def assert_nothing_changes_anything(page: Page) -> None:
    """What the page can send, by form or by htmx, is only what everybody may."""
    forms = page.locator("form[method=post]").all()
    sent = [form.get_attribute("action") for form in forms]
    sent += [one.get_attribute("hx-post") for one in page.locator("[hx-post]").all()]
    assert "/accounts/logout/" in sent
    assert set(sent) <= {reverse(name) for name in ALWAYS}


def tab_to(page: Page, wanted: Locator, most: int = 120) -> None:
    """Press Tab until `wanted` has the focus."""
    for _press in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{most} times Tab do not reach {wanted}")


def until_the_run_ends(seconds: float = 60) -> SyncRun:
    """The only run, once it is over; bounded."""
    limit = time.monotonic() + seconds
    while (run := SyncRun.objects.get()).is_open:
        assert time.monotonic() < limit, f"the run is {run.state} after {seconds} s"
        time.sleep(0.2)
    return run
