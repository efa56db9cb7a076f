"""A real browser on a live console; see tests/conftest.py.

Every page is watched: an error in the browser's console, or anything that the content
security policy stopped, fails the test at its end.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from identity.models import User
from tests.browser.chromium import CHROMIUM, EYES, FLAGS

PUT = """(html) => {
  const content = document.querySelector(".sb-content");
  content.innerHTML = html;
  content.dispatchEvent(new Event("htmx:afterSettle", { bubbles: true }));
}"""
SETTLED = (
    "() => new Promise((on) => requestAnimationFrame(() => requestAnimationFrame(on)))"
)
"""Two frames later everything has the lengths of the present window."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's chromium; without it browser tests are skipped, in CI they fail."""
    if not CHROMIUM.exists():
        if os.environ.get("SASEBRIDGE_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{CHROMIUM} is missing; install the package chromium")
        pytest.skip(f"{CHROMIUM} is missing")
    # Playwright keeps an event loop in this thread; Django would refuse its queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {"executable_path": str(CHROMIUM), "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Without motion, so that colours are read when they have settled."""
    return browser_context_args | {"reduced_motion": "reduce"}


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test that expects something clears it."""
    return []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A page that is watched."""

    def listen(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    context.add_init_script(EYES)
    page = context.new_page()
    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


@dataclass
class LiveConsole:
    """The console in a browser, logged on as whoever is wanted."""

    page: Page
    url: str

    def log_on(self, account: User) -> "LiveConsole":
        """Give the browser a session of this account."""
        client = Client()
        client.force_login(account)
        name = settings.SESSION_COOKIE_NAME
        self.page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": self.url}]
        )
        return self

    def open(self, path: str) -> Page:
        """Open an address of the console and wait until it is loaded."""
        self.page.goto(self.url + path)
        return self.page

    def put(self, html: str) -> Page:
        """Replace the open page's content by markup, as htmx would."""
        self.page.evaluate(PUT, html)
        return self.page


@pytest.fixture
def live_site(live_server: Any, page: Page) -> LiveConsole:
    """The console in a browser, nobody logged on."""
    return LiveConsole(page, live_server.url)


@pytest.fixture
def live_console(live_site: LiveConsole, administrator: User) -> LiveConsole:
    """The console in the administrator's browser."""
    return live_site.log_on(administrator)


@pytest.fixture
def live_staff_console(live_site: LiveConsole, staff: User) -> LiveConsole:
    """The console in the staff member's browser."""
    return live_site.log_on(staff)


COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}
"""The rules of axe whose answer depends on the theme."""


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """Asserts that axe finds nothing to mend on a page."""
    return partial(_check, Axe(), None)


@pytest.fixture(scope="session")
def axe_of_colours() -> Callable[[Page], None]:
    """The same by the rules about colours: of a page whose other theme was checked."""
    return partial(_check, Axe(), COLOURS)


def _check(engine: Axe, options: dict[str, Any] | None, page: Page) -> None:
    found = engine.run(page, options=options)
    assert found.violations_count == 0, found.generate_report()
