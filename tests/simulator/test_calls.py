"""Tokens, verbs, unknown paths and envelopes (checklist 1 and 2)."""

import re

import pytest
import time_machine

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.state import SEVEN
from tests.simulator.conftest import API, HERE, OAPI, Caller

pytestmark = pytest.mark.alone


def test_the_three_token_calls_give_one_token_in_three_spellings(
    simulator: Simulator, caller: Caller
) -> None:
    key, secret = simulator.app_key, simulator.app_secret
    first = caller.session.get(
        f"{OAPI}/gettoken", params={"appkey": key, "appsecret": secret}
    ).json()
    second = caller.session.post(
        f"{API}/v1.0/oauth2/accessToken", json={"appKey": key, "appSecret": secret}
    ).json()
    third = caller.session.post(
        f"{API}/v1.0/oauth2/{simulator.corp_id}/token",
        json={
            "client_id": key,
            "client_secret": secret,
            "grant_type": "client_credentials",
        },
    ).json()
    assert first["access_token"] == second["accessToken"] == third["access_token"]
    assert first["expires_in"] == second["expireIn"] == third["expires_in"] == 7200
    assert first["errcode"] == 0


def test_a_token_stays_the_same_until_it_expires_and_asking_extends_it(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.token_lifetime = 100
    with time_machine.travel("2026-01-01", tick=False) as clock:
        first = caller.token()
        clock.shift(90)
        assert caller.token() == first
        clock.shift(90)
        assert simulator.accepts(first)
        clock.shift(11)
        assert not simulator.accepts(first)
        assert caller.token() != first


def test_wrong_and_missing_credentials_are_told_apart(
    simulator: Simulator, caller: Caller
) -> None:
    session, key = caller.session, simulator.app_key
    wrong = session.get(f"{OAPI}/gettoken", params={"appkey": key, "appsecret": "x"})
    assert (wrong.status_code, wrong.json()["errcode"]) == (200, 40096)
    assert session.get(f"{OAPI}/gettoken").json()["errcode"] == 40035
    bad = {"appKey": key, "appSecret": "x"}
    modern = session.post(f"{API}/v1.0/oauth2/accessToken", json=bad)
    assert modern.status_code == 400
    assert modern.json()["code"] == "invalidClientIdOrSecret"
    assert set(modern.json()) == {"code", "message", "requestid"}


@pytest.mark.parametrize(
    ("corp_id", "changes", "status", "code"),
    [
        ("dingffffffffffffffffffffffffffffffff", {}, 401, "unauthorized.client"),
        ("nonsense", {}, 500, "unknownError"),
        ("", {"client_secret": "x"}, 400, "invalid.client"),
        ("", {"grant_type": "password"}, 400, "unsupported.grant.type"),
    ],
)
def test_the_corp_token_call_tells_what_is_wrong(
    simulator: Simulator,
    caller: Caller,
    corp_id: str,
    changes: dict[str, str],
    status: int,
    code: str,
) -> None:
    body = {
        "client_id": simulator.app_key,
        "client_secret": simulator.app_secret,
        "grant_type": "client_credentials",
    } | changes
    path = f"{API}/v1.0/oauth2/{corp_id or simulator.corp_id}/token"
    answer = caller.session.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_token_goes_in_the_query_or_a_form_but_not_in_a_header(
    caller: Caller,
) -> None:
    token, session = caller.token(), caller.session
    path = f"{OAPI}/topapi/v2/department/listsub"
    assert session.post(path, params={"access_token": token}).json()["errcode"] == 0
    form = {"access_token": token, "dept_id": "501001"}
    assert session.post(path, data=form).json()["errcode"] == 0
    header = {"x-acs-dingtalk-access-token": token}
    blank = session.post(path, headers=header, json={}).json()
    assert (blank["errcode"], blank["sub_code"]) == (88, "40000")


def test_a_bad_token_is_wrapped_on_topapi_and_bare_elsewhere(caller: Caller) -> None:
    bad = {"access_token": "old"}
    wrapped = caller.session.post(f"{OAPI}/topapi/user/count", params=bad).json()
    assert wrapped["errcode"] == 88
    assert wrapped["sub_code"] == "40014"
    assert "subcode=40014" in wrapped["errmsg"]
    bare = caller.session.get(f"{OAPI}/auth/scopes", params=bad).json()
    assert bare["errcode"] == 40014
    assert "sub_code" not in bare


def test_revoking_ends_the_token_at_once(simulator: Simulator, caller: Caller) -> None:
    token = caller.token()
    simulator.revoke_tokens()
    assert not simulator.accepts(token)
    assert caller.token() != token


def test_unknown_paths_answer_as_each_host_does(caller: Caller) -> None:
    legacy = caller.post("/topapi/v2/user/notexist")
    assert legacy["errcode"] == 22
    assert legacy["sub_msg"].endswith("dingtalk.oapi.v2.user.notexist")
    plain = caller.session.get(f"{API}/nothing")
    assert (plain.status_code, plain.json()["errcode"]) == (200, 404)
    versioned = caller.session.get(f"{API}/v1.0/nothing")
    assert versioned.status_code == 404
    assert versioned.json()["code"] == "InvalidAction.NotFound"


def test_an_api_is_found_on_its_own_host_only(caller: Caller) -> None:
    assert caller.session.post(f"{API}/topapi/user/count").json()["errcode"] == 404
    answer = caller.session.post(f"{OAPI}/v1.0/oauth2/accessToken", json={}).json()
    assert answer["errcode"] == 22


def test_the_wrong_verb_is_refused(caller: Caller) -> None:
    assert caller.get("/topapi/user/count")["sub_code"] == "43002"
    assert caller.post("/gettoken")["errcode"] == 43001


def test_the_hosts_may_be_prefixes_of_one_address(
    simulator: Simulator, caller: Caller
) -> None:
    """Checklist 1: on a port the three hosts are /oapi, /api and /login."""
    keys = {"appKey": simulator.app_key, "appSecret": simulator.app_secret}
    answer = caller.session.post(f"{HERE}/api/v1.0/oauth2/accessToken", json=keys)
    token = {"access_token": answer.json()["accessToken"]}
    scopes = caller.session.get(f"{HERE}/oapi/auth/scopes", params=token).json()
    assert scopes["auth_org_scopes"] == {"authed_user": [], "authed_dept": [1]}
    assert caller.session.get(f"{HERE}/nothing/else").status_code == 404


def test_calls_are_counted_by_path(simulator: Simulator, caller: Caller) -> None:
    caller.tree()
    walked = len(simulator.company.real_departments())
    assert simulator.calls["/topapi/v2/department/listsub"] == walked
    session = caller.session
    session.post(f"{API}/v1.0/oauth2/{simulator.corp_id}/token", json={})
    assert simulator.calls["/v1.0/oauth2/{corpId}/token"] == 1


def test_the_wrong_types_of_parameters_have_codes_of_their_own(caller: Caller) -> None:
    path = "/topapi/v2/user/list"
    assert caller.post(path, dept_id=1)["errcode"] == 40035
    assert caller.post(path, dept_id="x", cursor=0, size=1)["errcode"] == 400002
    assert caller.post(path, dept_id=1, cursor=0, size=101)["errcode"] == 40069
    assert caller.post(path, dept_id=1, cursor=-1, size=10)["errcode"] == 40068
    assert caller.post(path, dept_id=999, cursor=0, size=10)["errcode"] == 60003
    assert caller.post("/topapi/v2/user/get")["errcode"] == 40035
    assert caller.post("/topapi/v2/user/get", userid="nobody")["errcode"] == 60121


def test_numbers_may_come_as_text(caller: Caller) -> None:
    found = caller.result("/topapi/v2/user/list", dept_id="1", cursor="0", size="10")
    assert found["list"]


def test_the_seven_permissions_carry_the_seeds_english_names() -> None:
    assert len(SEVEN) == 7
    assert SEVEN["qyapi_get_member"] == "Read Permission For Member Information"


def test_the_names_of_an_app_have_dingtalks_shapes(simulator: Simulator) -> None:
    assert re.fullmatch(r"ding[0-9a-f]{32}", simulator.corp_id)
    assert re.fullmatch(r"ding[0-9a-z]{16}", simulator.app_key)
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", simulator.app_secret)
