"""The logon page in a frame, Dedicated DingTalk's, and codes from DingTalk's client."""

import re
import threading
from collections.abc import Iterator
from html import escape, unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page

from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Person
from tests.simulator.conftest import API, HERE, LOGIN, Caller

pytestmark = pytest.mark.alone

BACK = "http://localhost:8765/open-dev/dingtalk"
ORIGIN = "http://localhost:8765"


class Frame:
    """The page that DingTalk's script would frame."""

    def __init__(self, caller: Caller) -> None:
        self.session = caller.session
        app = caller.simulator
        self.parameters: dict[str, str] = {
            "iframe": "true",
            "redirect_uri": BACK,
            "response_type": "code",
            "client_id": app.app_key,
            "scope": "openid corpid",
            "prompt": "consent",
            "state": "s1",
            "corpId": app.corp_id,
        }

    def open(self, *without: str, **changes: str) -> requests.Response:
        return self._send("GET", {}, without, changes)

    def send(self, form: dict[str, str], **changes: str) -> requests.Response:
        return self._send("POST", form, (), changes)

    def _send(
        self, verb: str, form: dict[str, str], without: Any, changes: dict[str, str]
    ) -> requests.Response:
        query = {k: v for k, v in self.parameters.items() if k not in without} | changes
        return self.session.request(
            verb,
            f"{LOGIN}/oauth2/auth",
            params=query,
            data=form,
            allow_redirects=False,
        )


@pytest.fixture
def frame(caller: Caller) -> Frame:
    return Frame(caller)


def told(answer: requests.Response, name: str) -> str:
    """What the page in the frame tells the one around it."""
    assert answer.status_code in (200, 400)
    assert f'data-around="{ORIGIN}"' in answer.text
    assert "/login/frame.js" in answer.text
    found = re.search(rf'data-{name}="([^"]*)"', answer.text)
    assert found
    return unescape(found[1])


# --- 9.2 ---


def test_only_the_page_of_the_redirect_address_may_frame_it(frame: Frame) -> None:
    """S174: the page must be of the same origin as redirect_uri."""
    policy = frame.open().headers["Content-Security-Policy"]
    assert f"frame-ancestors {ORIGIN};" in policy
    assert "script-src 'self'" in policy
    bare = frame.open("iframe").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in bare
    assert "script-src" not in bare


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://a b/", "http://a;script-src *", "x"]
)
def test_no_redirect_address_can_write_the_policy(frame: Frame, address: str) -> None:
    answer = frame.open(redirect_uri=address)
    assert "script-src *" not in answer.headers["Content-Security-Policy"]


def test_choosing_somebody_tells_the_page_around_where_to_go(
    simulator: Simulator, frame: Frame, anyone: Person
) -> None:
    answer = frame.send({"unionid": anyone.unionid})
    assert "Location" not in answer.headers
    onward = urlsplit(told(answer, "redirect-url"))
    assert f"{onward.scheme}://{onward.netloc}{onward.path}" == BACK
    query = {key: values[0] for key, values in parse_qs(onward.query).items()}
    assert query["authCode"] == query["code"] in simulator.browser_codes
    assert query["state"] == "s1"


def test_cancelling_tells_it_too(frame: Frame) -> None:
    onward = told(frame.send({"cancel": "1"}), "redirect-url")
    assert parse_qs(urlsplit(onward).query) == {
        "error": ["access_denied"],
        "state": ["s1"],
    }


@pytest.mark.parametrize(
    ("without", "changes", "reason"),
    [
        (("corpId",), {}, "corpId is mandatory"),
        ((), {"corpId": "ding0ther"}, "corpId is not a company"),
        ((), {"org_type": "all"}, "org_type is not management"),
        (("prompt",), {}, "prompt is not consent"),
        ((), {"client_id": "dingx"}, "client_id"),
        ((), {"exclusiveLogin": "true"}, "exclusiveCorpId is mandatory"),
    ],
)
def test_a_wrong_address_is_an_error_message_of_the_frame(
    frame: Frame, without: tuple[str, ...], changes: dict[str, str], reason: str
) -> None:
    answer = frame.open(*without, **changes)
    assert answer.status_code == 400
    assert reason in told(answer, "error-msg")


@pytest.mark.parametrize(
    ("without", "changes"),
    [
        ((), {}),
        ((), {"org_type": "management"}),
        (("corpId",), {"scope": "openid"}),
        (("corpId", "iframe"), {}),
        (("iframe",), {"exclusiveLogin": "true"}),
    ],
)
def test_the_rules_of_the_frame_hold_nowhere_else(
    frame: Frame, without: tuple[str, ...], changes: dict[str, str]
) -> None:
    assert frame.open(*without, **changes).status_code == 200


def test_the_organisations_that_one_administers_are_nobodys_else(
    simulator: Simulator, frame: Frame, anyone: Person
) -> None:
    """9.1: org_type=management shuts ordinary employees out."""
    refused = frame.send({"unionid": anyone.unionid}, org_type="management")
    assert "administers no company" in refused.text
    simulator.company.update(anyone.userid, admin=True)
    told(frame.send({"unionid": anyone.unionid}, org_type="management"), "redirect-url")


def test_dedicated_dingtalk_refuses_outsiders(
    simulator: Simulator, frame: Frame, anyone: Person
) -> None:
    dedicated = {"exclusiveLogin": "true", "exclusiveCorpId": simulator.corp_id}
    stranger = next(iter(simulator.company.outsiders))
    refused = frame.send({"unionid": stranger}, **dedicated)
    assert "no account of this organisation" in refused.text
    assert simulator.browser_codes == {}
    told(frame.send({"unionid": anyone.unionid}, **dedicated), "redirect-url")
    told(frame.send({"unionid": stranger}), "redirect-url")


LISTENING = """<!doctype html><link rel="icon" href="data:,"><script>
const heard = [];
addEventListener("message", (event) => heard.push([event.origin, event.data]));
</script><iframe src="{address}"></iframe>"""


class Around(BaseHTTPRequestHandler):
    """The page around the frame; the address to frame is its own query."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        address = unquote(urlsplit(self.path).query)
        self.wfile.write(LISTENING.format(address=escape(address)).encode())

    def log_message(self, *args: Any) -> None:
        """Quietly."""


@pytest.fixture
def around() -> Iterator[str]:
    """The origin of a server that has such a page anywhere."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Around)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.browser
def test_a_real_browser_hears_it_twice_from_the_right_place(
    on_a_port: Simulator, settings: Any, around: str, page: Page
) -> None:
    """As ddlogin.js listens: by the message's origin and its two values."""
    li = on_a_port.company.hire("Li Lei")
    login = str(settings.DINGTALK_LOGIN_URL)
    query = {
        "iframe": "true", "redirect_uri": f"{around}/back", "response_type": "code",
        "client_id": on_a_port.app_key, "scope": "openid corpid",
        "prompt": "consent", "state": "s1", "corpId": on_a_port.corp_id,
    }  # fmt: skip
    address = f"{login}/oauth2/auth?{urlencode(query)}"
    page.goto(f"{around}/?{quote(address, safe='')}")
    inside = page.frame_locator("iframe")
    inside.get_by_role("searchbox").fill("Li Lei")
    inside.get_by_role("button", name="Search").click()
    inside.get_by_role("button", name=li.name).first.click()
    page.wait_for_function("heard.length === 2")
    first, second = page.evaluate("heard")
    assert first == second
    assert first[0] == "http://" + urlsplit(login).netloc
    assert first[1]["success"] is True
    assert first[1]["redirectUrl"].startswith(f"{around}/back?code=")


# --- 9.3 and 9.4 ---


def test_an_outsiders_token_names_another_company(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    """T-10: a scan proves the person, not the company."""
    keys = {"clientId": simulator.app_key, "clientSecret": simulator.app_secret}

    def corp_of(code: str) -> str:
        body = keys | {"code": code, "grantType": "authorization_code"}
        answer = caller.session.post(f"{API}/v1.0/oauth2/userAccessToken", json=body)
        return str(answer.json()["corpId"])

    assert corp_of(simulator.browser_code(anyone.unionid)) == simulator.corp_id
    for unionid in simulator.company.outsiders:
        assert corp_of(simulator.browser_code(unionid)) != simulator.corp_id
    chosen = simulator.browser_code(anyone.unionid, corp_id="ding0ther")
    assert corp_of(chosen) == "ding0ther"


def test_a_program_gets_in_app_codes_as_dingtalks_client_would(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    where = f"{HERE}/control/in-app-code"
    got = caller.session.post(where, json={"userid": anyone.userid}).json()
    assert got["corpId"] == simulator.corp_id
    found = caller.result("/topapi/v2/user/getuserinfo", code=got["code"])
    assert found["userid"] == anyone.userid
    assert caller.session.post(where, data={"userid": "nobody"}).status_code == 404
    assert caller.session.get(where).status_code == 403
    elsewhere = {"Origin": "https://evil.example.test"}
    answer = caller.session.post(
        where, data={"userid": anyone.userid}, headers=elsewhere
    )
    assert answer.status_code == 403


def test_a_code_can_be_unknown_on_both_hosts(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    simulator.faults.add("code_unknown", "*getuserinfo")
    simulator.faults.add(effects.code_unknown(), "*userAccessToken")
    code = simulator.in_app_code(anyone.userid)
    path = "/topapi/v2/user/getuserinfo"
    assert caller.post(path, code=code)["errcode"] == 40078
    keys = {"clientId": simulator.app_key, "clientSecret": simulator.app_secret}
    answer = caller.session.post(f"{API}/v1.0/oauth2/userAccessToken", json=keys)
    assert answer.json()["code"] == "invalidParameter.authCode.notFound"
