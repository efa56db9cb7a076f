"""The logon page, its codes, and what they are good for (checklist 9)."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Person
from tests.simulator.conftest import API, LOGIN, OAPI, Caller

pytestmark = pytest.mark.alone

BACK = "https://console.example.test/open-dev/dingtalk"
UNIONIDS = re.compile(r'name="unionid" value="([^"]+)"')


class Browser:
    """Follows nothing by itself, so that each step can be looked at."""

    def __init__(self, caller: Caller) -> None:
        self.session = caller.session
        self.parameters: dict[str, str] = {
            "redirect_uri": BACK,
            "response_type": "code",
            "client_id": caller.simulator.app_key,
            "scope": "openid",
            "prompt": "consent",
            "state": "s 1/é",
        }

    def open(self, **changes: str) -> requests.Response:
        return self.session.get(
            f"{LOGIN}/oauth2/auth", params=self.parameters | changes
        )

    def send(self, form: dict[str, str], **changes: str) -> requests.Response:
        return self.session.post(
            f"{LOGIN}/oauth2/auth",
            params=self.parameters | changes,
            data=form,
            allow_redirects=False,
        )


@pytest.fixture
def browser(caller: Caller) -> Browser:
    return Browser(caller)


def came_back(answer: requests.Response) -> dict[str, str]:
    """The query with which the browser returned."""
    assert answer.status_code == 302
    place = urlsplit(answer.headers["Location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == BACK
    return {key: values[0] for key, values in parse_qs(place.query).items()}


def exchange(caller: Caller, **changes: str) -> requests.Response:
    body = {
        "clientId": caller.simulator.app_key,
        "clientSecret": caller.simulator.app_secret,
        "grantType": "authorization_code",
    } | changes
    return caller.session.post(f"{API}/v1.0/oauth2/userAccessToken", json=body)


def me(caller: Caller, token: str) -> requests.Response:
    headers = {"x-acs-dingtalk-access-token": token} if token else {}
    return caller.session.get(f"{API}/v1.0/contact/users/me", headers=headers)


def user_token(caller: Caller, unionid: str) -> str:
    code = caller.simulator.browser_code(unionid)
    return str(exchange(caller, code=code).json()["accessToken"])


def test_choosing_a_person_returns_one_code_under_two_names(
    browser: Browser, anyone: Person
) -> None:
    page = browser.open()
    assert page.status_code == 200
    assert UNIONIDS.findall(page.text)
    found = came_back(browser.send({"unionid": anyone.unionid}))
    assert found["code"] == found["authCode"]
    assert found["state"] == "s 1/é"


def test_the_page_carries_no_script_and_escapes_names(
    simulator: Simulator, browser: Browser
) -> None:
    simulator.company.hire("<script>alert(1)</script> Zed")
    page = browser.send({"q": "Zed"})
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_people_are_searched_for(
    simulator: Simulator, browser: Browser, anyone: Person
) -> None:
    outsiders = set(simulator.company.outsiders)
    shown = set(UNIONIDS.findall(browser.send({"q": "韩梅"}).text)) - outsiders
    assert shown == {anyone.unionid}
    assert "Nobody is called so" in browser.send({"q": "nobody at all"}).text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": "dingother"}, "client_id"),
        ({"response_type": "token"}, "response_type"),
        ({"prompt": ""}, "prompt"),
        ({"scope": "profile"}, "scope"),
        ({"scope": "openid email"}, "scope"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"corpId": "dingother"}, "corpId"),
        ({"exclusiveCorpId": "dingother"}, "exclusiveCorpId"),
    ],
)
def test_a_wrong_address_shows_its_fault_and_never_redirects(
    browser: Browser, changes: dict[str, str], reason: str
) -> None:
    page = browser.open(**changes)
    assert page.status_code == 400
    assert f"<p>{reason} is" in page.text
    assert browser.send({"cancel": "1"}, **changes).status_code == 400


def test_a_redirect_address_has_to_be_registered_when_any_is(
    simulator: Simulator, browser: Browser
) -> None:
    simulator.redirect_uris = {"https://other.example.test/"}
    assert browser.open().status_code == 400
    simulator.redirect_uris.add(BACK)
    assert browser.open().status_code == 200


def test_cancelling_returns_an_error_and_no_code(browser: Browser) -> None:
    found = came_back(browser.send({"cancel": "1"}))
    assert found == {"error": "access_denied", "state": "s 1/é"}


def test_a_query_of_the_redirect_address_is_kept(
    browser: Browser, anyone: Person
) -> None:
    answer = browser.send({"unionid": anyone.unionid}, redirect_uri=f"{BACK}?a=1")
    assert answer.headers["Location"].startswith(f"{BACK}?a=1&code=")


def test_somebody_not_activated_or_unknown_gets_no_code(
    simulator: Simulator, browser: Browser
) -> None:
    idle = next(p for p in simulator.company.people.values() if not p.active)
    page = browser.send({"unionid": idle.unionid})
    assert page.status_code == 200
    assert "never activated" in page.text
    assert "unknown" in browser.send({"unionid": "nobody"}).text
    assert simulator.browser_codes == {}


def test_dedicated_dingtalk_asks_for_the_organisation_first(
    simulator: Simulator, browser: Browser, anyone: Person
) -> None:
    asked = browser.open(exclusiveLogin="true")
    assert 'name="organisation_code"' in asked.text
    assert not UNIONIDS.findall(asked.text)
    wrong = browser.send({"organisation_code": "NOPE0000"}, exclusiveLogin="true")
    assert "No organisation has this code" in wrong.text
    skipped = browser.send({"unionid": anyone.unionid}, exclusiveLogin="true")
    assert skipped.status_code == 200
    code = {"organisation_code": simulator.organisation_code}
    assert UNIONIDS.findall(browser.send(code, exclusiveLogin="true").text)
    chosen = browser.send(code | {"unionid": anyone.unionid}, exclusiveLogin="true")
    assert came_back(chosen)["code"]


def test_a_named_company_skips_the_organisation_code(
    simulator: Simulator, browser: Browser
) -> None:
    page = browser.open(exclusiveLogin="true", exclusiveCorpId=simulator.corp_id)
    assert UNIONIDS.findall(page.text)


def test_a_code_is_good_once_and_for_five_minutes(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    code = simulator.browser_code(anyone.unionid)
    assert exchange(caller, code=code).status_code == 200
    again = exchange(caller, code=code)
    assert again.status_code == 400
    assert again.json()["code"] == "invalidParameter.authCode.notFound"
    with time_machine.travel("2026-01-01", tick=False) as clock:
        late = simulator.browser_code(anyone.unionid)
        clock.shift(301)
        assert exchange(caller, code=late).status_code == 400


def test_the_two_families_of_codes_are_not_interchangeable(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    browser_code = simulator.browser_code(anyone.unionid)
    in_app = simulator.in_app_code(anyone.userid)
    path = "/topapi/v2/user/getuserinfo"
    assert caller.post(path, code=browser_code)["errcode"] == 40078
    assert exchange(caller, code=in_app).status_code == 400
    found = caller.result(path, code=in_app)
    assert (found["userid"], found["unionid"]) == (anyone.userid, anyone.unionid)
    assert caller.post(path, code=in_app)["errcode"] == 40078


def test_the_company_is_named_only_with_its_scope(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    plain = exchange(
        caller, code=simulator.browser_code(anyone.unionid, "openid")
    ).json()
    assert set(plain) == {"accessToken", "refreshToken", "expireIn"}
    code = simulator.browser_code(anyone.unionid, "openid corpid")
    assert exchange(caller, code=code).json()["corpId"] == simulator.corp_id


def test_a_refresh_token_gives_a_new_user_token(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    first = exchange(caller, code=simulator.browser_code(anyone.unionid)).json()
    second = exchange(
        caller, grantType="refresh_token", refreshToken=first["refreshToken"]
    ).json()
    assert second["accessToken"] != first["accessToken"]
    assert me(caller, second["accessToken"]).json()["unionId"] == anyone.unionid


def test_a_wrong_client_gets_no_user_token(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    code = simulator.browser_code(anyone.unionid)
    answer = exchange(caller, code=code, clientSecret="x")
    assert answer.json()["code"] == "invalidClientIdOrSecret"
    assert exchange(caller, code=code).status_code == 200


def test_the_owner_of_a_user_token_is_told(caller: Caller, anyone: Person) -> None:
    found = me(caller, user_token(caller, anyone.unionid)).json()
    assert found["nick"] == anyone.name
    assert found["unionId"] == anyone.unionid
    assert found["mobile"] == anyone.mobile
    assert found["stateCode"] == "86"


def test_the_two_permissions_on_user_tokens_act_there(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    token = user_token(caller, anyone.unionid)
    simulator.permissions.discard("Contact.User.mobile")
    found: Any = me(caller, token).json()
    assert {"mobile", "stateCode"}.isdisjoint(found)
    simulator.permissions.discard("Contact.User.Read")
    refused = me(caller, token)
    assert refused.status_code == 403
    answer = refused.json()
    assert answer["code"] == "Forbidden.AccessDenied.AccessTokenPermissionDenied"
    assert answer["accessdenieddetail"] == {"requiredScopes": ["Contact.User.Read"]}


def test_missing_bad_and_expired_user_tokens_are_told_apart(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    codes = [me(caller, token).json()["code"] for token in ("", "bad")]
    assert codes == ["AuthenticationFailed.MissingParameter", "InvalidAuthentication"]
    with time_machine.travel("2026-01-01", tick=False) as clock:
        token = user_token(caller, anyone.unionid)
        clock.shift(7201)
        assert me(caller, token).json()["code"] == "accesstoken.expired"


def test_a_leaver_is_unknown_to_their_own_token(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    token = user_token(caller, anyone.unionid)
    simulator.company.let_go(anyone.userid)
    assert me(caller, token).status_code == 404


def test_outsiders_can_log_on_but_are_no_employees(
    simulator: Simulator, caller: Caller, browser: Browser
) -> None:
    """T-10: a scan proves the person, not the company."""
    stranger = next(iter(simulator.company.outsiders.values()))
    code = came_back(browser.send({"unionid": stranger.unionid}))["code"]
    token = exchange(caller, code=code).json()["accessToken"]
    assert me(caller, token).json()["unionId"] == stranger.unionid
    path = "/topapi/user/getbyunionid"
    assert caller.post(path, unionid=stranger.unionid)["errcode"] == 60121


def test_an_app_token_is_no_user_token(caller: Caller) -> None:
    assert me(caller, caller.token()).json()["code"] == "InvalidAuthentication"
    answer = caller.session.post(f"{OAPI}/topapi/user/count", json={}).json()
    assert answer["sub_code"] == "40000"
