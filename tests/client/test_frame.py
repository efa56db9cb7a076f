"""The vendor's page in a frame: what it says is heard, and nobody else.

The page is played by the test, so that it can say what no vendor would.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.client.conftest import ID
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]
SAY = "(said) => parent.postMessage(said, '*')"
BACK = "/open-dev/dingtalk"


@pytest.fixture
def ways(site: LiveConsole) -> Iterator[Page]:
    """The page with the two ways, the vendor's page open in its frame."""
    page = site.page

    def vendors(route: Route) -> None:
        route.fulfill(body="<title>vendor</title>", content_type="text/html")

    def ours(route: Route) -> None:
        route.fulfill(body="<h1>came back</h1>", content_type="text/html")

    page.route("**/oauth2/auth?*", vendors)
    page.route(f"**{BACK}*", ours)
    site.open("/client/")
    page.fill("[name=enterprise_id]", ID)
    page.get_by_role("button", name="Confirm").click()
    scan = page.get_by_role("button", name="Scan the QR code")
    scan.click()
    expect(scan).to_have_attribute("aria-expanded", "true")
    page.frame_locator(".sb-frame iframe").locator("title").wait_for(state="attached")
    yield page
    page.unroute_all(behavior="ignoreErrors")


def say(page: Page, said: object) -> None:
    """The vendor's page says something to ours."""
    page.frames[1].evaluate(SAY, said)


def ok(page: Page, address: str) -> dict[str, object]:
    here = page.evaluate("location.origin")
    return {"success": True, "redirectUrl": address.replace("OURS", here)}


EVIL = {
    "another host": "https://evil.example/open-dev/dingtalk?code=1",
    "a name before our host": "http://OURS@evil.example/open-dev/dingtalk",
    "a script": "javascript:alert(document.domain)//OURS/open-dev/dingtalk",
    "data": "data:text/html,<h1>evil</h1>",
    "no scheme": "//evil.example/open-dev/dingtalk",
    "a path": "/open-dev/dingtalk?code=1",
    "more of a path": "OURS/open-dev/dingtalk/../../settings/",
    "another path of ours": "OURS/accounts/logout/",
    "a password": "OURS@evil/open-dev/dingtalk",
    "nothing": "",
}


def test_S174_only_our_callback_is_gone_to_and_only_once(ways: Page) -> None:
    """S174, T-28: everything else is said to have failed; then the twin comes through."""
    failed = ways.get_by_role("alert").filter(has_text="That did not work")
    expect(failed).to_be_hidden()
    start = ways.url
    for name, address in EVIL.items():
        say(ways, ok(ways, address))
        expect(failed, name).to_be_visible()
        assert ways.url == start, name
    asked: list[str] = []
    ways.on("request", lambda one: asked.append(one.url) if BACK in one.url else None)
    right = ok(ways, "OURS/open-dev/dingtalk?code=c&state=s")
    ways.frames[1].evaluate(f"(said) => {{ ({SAY})(said); ({SAY})(said); }}", right)
    expect(ways.get_by_role("heading", name="came back")).to_be_visible()
    assert ways.url == right["redirectUrl"]
    assert asked == [right["redirectUrl"]]


def test_a_failure_is_said_and_the_frame_stays(ways: Page) -> None:
    say(ways, {"success": False, "errorMsg": "expired"})
    failed = ways.get_by_role("alert").filter(has_text="That did not work")
    expect(failed).to_be_visible()
    expect(ways.locator(".sb-frame iframe")).to_be_visible()


def test_nobody_else_is_heard(ways: Page) -> None:
    """T-18, T-28: our own window, another frame of that origin, and other things said."""
    right = ok(ways, "OURS/open-dev/dingtalk?code=c&state=s")
    source = ways.locator(".sb-frame iframe").get_attribute("src")
    start = ways.url
    ways.evaluate("(said) => window.postMessage(said, '*')", right)
    ways.evaluate(
        """(src) => new Promise((on) => {
          const other = document.createElement("iframe");
          other.src = src;
          other.addEventListener("load", on);
          document.body.append(other);
        })""",
        source,
    )
    ways.frames[2].evaluate(SAY, right)
    odd: list[object] = [None, "text", 7, [], {}, {"success": False}, {"other": 1}]
    for said in odd:
        say(ways, said)
    ways.evaluate("new Promise((on) => setTimeout(on, 50))")
    assert ways.url == start
    expect(ways.get_by_text("That did not work")).to_be_hidden()
    say(ways, right)  # the twin: the same words from the frame that is open
    expect(ways.get_by_role("heading", name="came back")).to_be_visible()


def test_closing_the_frame_takes_it_away(ways: Page) -> None:
    ways.get_by_role("button", name="Scan the QR code").click()
    expect(ways.locator("iframe")).to_have_count(0)
