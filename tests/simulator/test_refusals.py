"""Permissions, allow-list, range and rate (checklist 3, 4, 5)."""

from typing import Any

import pytest
import time_machine

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Person
from tests.simulator.conftest import API, OAPI, Caller

pytestmark = pytest.mark.alone

CALLS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "qyapi_get_department_list": [
        ("/topapi/v2/department/listsub", {}),
        ("/topapi/v2/department/get", {"dept_id": 1}),
        ("/topapi/role/list", {}),
    ],
    "qyapi_get_member": [
        ("/topapi/v2/user/get", {"userid": "x"}),
        ("/topapi/user/listid", {"dept_id": 1}),
        ("/topapi/user/getbyunionid", {"unionid": "x"}),
        ("/topapi/user/count", {}),
    ],
    "qyapi_get_department_member": [
        ("/topapi/v2/user/list", {"dept_id": 1, "cursor": 0, "size": 10}),
        ("/topapi/user/listsimple", {"dept_id": 1, "cursor": 0, "size": 10}),
    ],
}


@pytest.mark.parametrize("scope", CALLS)
def test_a_withdrawn_permission_refuses_its_calls_and_names_itself(
    simulator: Simulator, caller: Caller, scope: str
) -> None:
    simulator.permissions.discard(scope)
    for path, body in CALLS[scope]:
        answer = caller.post(path, **body)
        assert (answer["errcode"], answer["sub_code"]) == (88, "60011")
        link = (
            "https://open-dev.dingtalk.com/appscope/apply?content="
            f"{simulator.app_key}%23{scope}"
        )
        assert f"权限：[{scope}]" in answer["sub_msg"]
        assert link in answer["sub_msg"]
        assert f"{{requiredScopes=[{scope}]}}" in answer["errmsg"]


@pytest.mark.parametrize("scope", CALLS)
def test_a_withdrawn_permission_leaves_the_other_calls_alone(
    simulator: Simulator, caller: Caller, scope: str
) -> None:
    simulator.permissions.discard(scope)
    others = [calls for other, calls in CALLS.items() if other != scope]
    for path, body in [call for calls in others for call in calls]:
        assert caller.post(path, **body)["errcode"] != 88


@pytest.mark.parametrize(
    ("scope", "keys"),
    [
        ("fieldMobile", {"mobile", "state_code"}),
        ("fieldEmail", {"email", "org_email", "work_place", "remark", "extension"}),
    ],
)
def test_a_withdrawn_field_permission_drops_its_keys_silently(
    simulator: Simulator, caller: Caller, anyone: Person, scope: str, keys: set[str]
) -> None:
    """F-49."""
    before = caller.result("/topapi/v2/user/get", userid=anyone.userid)
    simulator.permissions.discard(scope)
    after = caller.result("/topapi/v2/user/get", userid=anyone.userid)
    assert set(before) - set(after) == keys
    listed = [x for x in caller.members(501001) if x["userid"] == anyone.userid]
    assert keys.isdisjoint(listed[0])


def test_scopes_hint_at_the_open_fields(simulator: Simulator, caller: Caller) -> None:
    assert {"mobile", "email"} <= set(caller.get("/auth/scopes")["auth_user_field"])
    simulator.permissions -= {"fieldMobile", "fieldEmail"}
    hints = set(caller.get("/auth/scopes")["auth_user_field"])
    assert hints.isdisjoint({"mobile", "email"})


def test_a_foreign_address_is_refused_everywhere_but_at_the_token_calls(
    simulator: Simulator, caller: Caller
) -> None:
    """F-51."""
    simulator.allowed_addresses = {"198.51.100.7"}
    assert caller.token()
    wrapped = caller.post("/topapi/user/count")
    text = f"request ip=203.0.113.9 appKey({simulator.app_key})"
    assert wrapped["sub_code"] == "60020"
    assert text in wrapped["sub_msg"]
    bare = caller.get("/auth/scopes")
    assert bare["errcode"] == 60020
    assert text in bare["errmsg"]
    modern = caller.session.get(f"{API}/v1.0/contact/users/me")
    assert modern.status_code == 403
    assert modern.json()["code"] == "Forbidden.AccessDenied.IpNotInWhiteList"
    simulator.allowed_addresses.add("203.0.113.9")
    assert caller.get("/auth/scopes")["errcode"] == 0


def test_a_narrow_range_refuses_what_lies_outside(
    simulator: Simulator, caller: Caller
) -> None:
    company = simulator.company
    inside = company.subtree([501001])
    outside = next(item.id for item in company.children(1) if item.id not in inside)
    simulator.narrow([501001])
    scopes = caller.get("/auth/scopes")["auth_org_scopes"]
    assert scopes == {"authed_dept": [501001], "authed_user": []}
    page = {"cursor": 0, "size": 10}
    for number, code in ((outside, 50004), (1, 50004), (501001, 0), (inside[-1], 0)):
        for path, more in (
            ("/topapi/v2/department/listsub", {}),
            ("/topapi/v2/department/get", {}),
            ("/topapi/v2/user/list", page),
            ("/topapi/user/listsimple", page),
        ):
            assert caller.post(path, dept_id=number, **more)["errcode"] == code


def test_people_outside_the_range_are_50002_unless_named_one_by_one(
    simulator: Simulator, caller: Caller
) -> None:
    inner = simulator.company.hire("In", 501001)
    outer = simulator.company.hire("Out", 501002)
    simulator.narrow([501001])
    path = "/topapi/v2/user/get"
    assert caller.post(path, userid=inner.userid)["errcode"] == 0
    assert caller.post(path, userid=outer.userid)["errcode"] == 50002
    by_unionid = "/topapi/user/getbyunionid"
    assert caller.post(by_unionid, unionid=outer.unionid)["errcode"] == 50002
    simulator.authed_users = {outer.userid}
    assert caller.post(path, userid=outer.userid)["errcode"] == 0
    assert caller.get("/auth/scopes")["auth_org_scopes"]["authed_user"] == [
        outer.userid
    ]


def test_some_calls_do_not_look_at_the_range(
    simulator: Simulator, caller: Caller
) -> None:
    outer = simulator.company.hire("Out", 501002)
    simulator.narrow([501001])
    for path, body in (
        ("/topapi/v2/department/listsubid", {"dept_id": 501002}),
        ("/topapi/v2/department/listparentbydept", {"dept_id": 501002}),
        ("/topapi/v2/department/listparentbyuser", {"userid": outer.userid}),
        ("/topapi/user/listid", {"dept_id": 501002}),
    ):
        assert caller.post(path, **body)["errcode"] == 0
    assert caller.result("/topapi/user/count", only_active=False) == {"count": 41}


def test_a_stopped_app_is_refused(simulator: Simulator, caller: Caller) -> None:
    simulator.stopped = True
    assert caller.get("/auth/scopes")["errcode"] == 50003
    assert caller.post("/topapi/user/count")["sub_code"] == "50003"


def test_the_21st_call_of_a_second_is_refused_for_its_api_alone(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.rate = 20
    with time_machine.travel("2026-01-01", tick=False) as clock:
        token = {"access_token": caller.token()}

        def count() -> Any:
            path = f"{OAPI}/topapi/user/count"
            return caller.session.post(path, params=token).json()

        assert [count()["errcode"] for _ in range(20)] == [0] * 20
        assert count()["sub_code"] == "90018"
        scopes = caller.session.get(f"{OAPI}/auth/scopes", params=token).json()
        assert scopes["errcode"] == 0
        clock.shift(1)
        assert count()["errcode"] == 0
    assert simulator.refused == {"/topapi/user/count": 1}
    assert simulator.calls["/topapi/user/count"] == 22
