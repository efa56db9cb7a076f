"""The page inside the vendor's client, whose part the test plays: the bridge that the
real one puts into a page, as the vendor's own script calls it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from identity.models import IdentityProvider
from tests.browser.chromium import EYES
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]
INSIDE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 AliApp(DingTalk/7.6.0) DingTalk/7.6.0"
)
BRIDGE = """
window.asked = [];
window.WebViewJavascriptBridge = {
  init() {},
  registerHandler() {},
  callHandler(name, given, answer) {
    window.asked.push([name, {...given, success: undefined, fail: undefined}]);
    if (ANSWER) answer(ANSWER);
  },
};
"""
GIVEN = '{"errorCode": "0", "result": {"code": "in-app-code"}}'
DENIED = '{"errorCode": "7", "errorMessage": "no permission"}'


class Inside:
    """A browser that behaves like the vendor's client."""

    def __init__(self, browser: Browser, answer: str) -> None:
        self.context = browser.new_context(user_agent=INSIDE)
        self.context.add_init_script(EYES)
        self.context.add_init_script(BRIDGE.replace("ANSWER", answer))
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.sent: list[str] = []
        self.page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text) if said.type == "error" else None
            ),
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route("**/ui/**", self._keep)

    def _keep(self, route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        self.sent.append(route.request.post_data or "")
        return route.fulfill(body="<h1>sent</h1>", content_type="text/html")


def address(site: LiveConsole, idp: IdentityProvider) -> str:
    return f"{site.url}/ui/dingAuth/?corpId={idp.settings['corp_id']}"


def test_the_vendors_script_runs_under_our_policy_and_its_code_is_sent(
    site: LiveConsole, idp: IdentityProvider, browser: Browser
) -> None:
    """Pages 5.1, T-27: it is told corpId and clientId only; we get code, corpId, key."""
    inside = Inside(browser, GIVEN)
    inside.page.goto(address(site, idp))
    expect(inside.page.get_by_role("heading", name="sent")).to_be_visible()
    (sent,) = inside.sent
    fields = dict(pair.split("=", 1) for pair in sent.split("&"))
    assert set(fields) == {"csrfmiddlewaretoken", "corpId", "code"}
    assert fields["code"] == "in-app-code"
    assert fields["corpId"] == idp.settings["corp_id"]
    assert inside.complaints == []
    inside.context.close()


def test_what_the_vendors_client_is_asked_for(
    site: LiveConsole,
    idp: IdentityProvider,
    browser: Browser,
    axe: Callable[[Page], None],
) -> None:
    """After five seconds without an answer the page names another way (pages 5.1)."""
    inside = Inside(browser, "null")
    page = inside.page
    page.clock.install()
    page.goto(address(site, idp))
    page.wait_for_function("window.asked.length > 0")
    assert page.evaluate("JSON.parse(JSON.stringify(window.asked.at(-1)))") == [
        "runtime.permission.requestAuthCodeV2",
        {"corpId": idp.settings["corp_id"], "clientId": idp.settings["app_key"]},
    ]
    expect(page.get_by_role("heading", name="Logging you on...")).to_be_visible()
    trouble = page.get_by_text("Having trouble?")
    expect(trouble).to_be_hidden()
    page.clock.fast_forward(5100)
    expect(trouble).to_be_visible()
    page.clock.resume()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        axe(page)
    page.get_by_role("link", name="Log on another way").last.click()
    page.wait_for_url("**/client/")
    assert inside.complaints == []
    inside.context.close()


def test_a_client_that_gives_no_code_leads_to_the_other_way(
    site: LiveConsole, idp: IdentityProvider, browser: Browser
) -> None:
    inside = Inside(browser, DENIED)
    inside.page.goto(address(site, idp))
    inside.page.wait_for_url("**/client/")
    assert inside.sent == []
    inside.context.close()


def test_I62_outside_of_the_vendors_client_it_leads_to_the_other_way(
    site: LiveConsole, idp: IdentityProvider
) -> None:
    page = site.open(f"/ui/dingAuth/?corpId={idp.settings['corp_id']}")
    page.wait_for_url("**/client/")
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()


def test_without_script_there_is_a_way_too(
    site: LiveConsole, idp: IdentityProvider, browser: Browser
) -> None:
    """U46"""
    context = browser.new_context(java_script_enabled=False)
    page: Page = context.new_page()
    page.goto(address(site, idp))
    page.get_by_role("link", name="Log on another way").first.click()
    page.wait_for_url("**/client/")
    context.close()
