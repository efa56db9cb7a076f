"""Faults on demand (checklist 7), and which calls they strike."""

import json
import re
from typing import Any

import pytest
import requests

from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from tests.simulator.conftest import API, LOGIN, OAPI, Caller

pytestmark = pytest.mark.alone

LIST = "/topapi/v2/user/list"
LISTSUB = "/topapi/v2/department/listsub"
COUNT = "/topapi/user/count"


def raw(caller: Caller, path: str = LISTSUB, **body: Any) -> requests.Response:
    """A call whose answer may be anything."""
    token = {"access_token": caller.token()}
    return caller.session.post(OAPI + path, params=token, json=body)


def page(caller: Caller, cursor: int = 0) -> Any:
    return caller.post(LIST, dept_id=501001, cursor=cursor, size=2)["result"]


@pytest.mark.parametrize(
    ("fault", "errcode", "sub_code"),
    [
        ("too_fast", 88, "90018"),
        ("platform_busy", 88, "90002"),
        ("quota_used_up", 88, "90020"),
        ("busy", -1, None),
        ("backend_timeout", 15, "isp.top-remote-connection-timeout"),
        ("token_invalid", 88, "40014"),
        (effects.token_invalid("42001"), 88, "42001"),
        ("permission_withdrawn", 88, "60011"),
        ("address_refused", 88, "60020"),
        ("app_stopped", 88, "50003"),
        ("wrapper_without_fields", 88, None),
        (effects.error("50004", wrapped=False), 50004, None),
    ],
)
def test_refusals_carry_dingtalks_codes(
    simulator: Simulator,
    caller: Caller,
    fault: Any,
    errcode: int,
    sub_code: str | None,
) -> None:
    simulator.faults.add(fault, LISTSUB)
    answer = caller.post(LISTSUB)
    assert answer["errcode"] == errcode
    assert answer.get("sub_code") == sub_code


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("too_fast", 403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"),
        ("platform_busy", 403, "Forbidden.AccessDenied.QpsLimitForApi"),
        ("quota_used_up", 403, "Forbidden.AccessDenied.ApiCountLimitForOrg"),
        ("busy", 500, "system.busy"),
        ("token_invalid", 400, "InvalidAuthentication"),
        ("backend_timeout", 504, "ServiceTimeout"),
    ],
)
def test_the_v1_host_says_the_same_in_its_own_words(
    simulator: Simulator, caller: Caller, fault: str, status: int, code: str
) -> None:
    simulator.faults.add(fault, "/v1.0/*")
    answer = caller.session.post(f"{API}/v1.0/oauth2/accessToken", json={})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_platforms_limit_tells_when_it_ends(
    simulator: Simulator, caller: Caller
) -> None:
    """F-32: the text carries the window, in China time."""
    simulator.faults.add("platform_busy", LISTSUB)
    text = caller.post(LISTSUB)["sub_msg"]
    day = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.search(
        rf"从 {day} 到 {day} 请求总次数超过 1200 次, 限制将在 {day} 结束", text
    )


def test_a_ban_is_html_or_json_without_errcode(
    simulator: Simulator, caller: Caller
) -> None:
    """F-38."""
    simulator.faults.add("banned_page", LISTSUB, nth=1)
    simulator.faults.add("banned_json", LISTSUB, nth=2)
    html = raw(caller)
    assert html.status_code == 200
    assert html.headers["Content-Type"].startswith("text/html")
    assert "<html>" in html.text
    assert raw(caller).json()["status"] == 1111


def test_a_gateway_error_has_its_status(simulator: Simulator, caller: Caller) -> None:
    """F-33."""
    simulator.faults.add(effects.http_error(503), LISTSUB)
    assert raw(caller).status_code == 503


def test_truncated_json_cannot_be_parsed(simulator: Simulator, caller: Caller) -> None:
    """F-37."""
    simulator.faults.add("truncated", LISTSUB)
    with pytest.raises(requests.JSONDecodeError):
        raw(caller).json()


def test_a_connection_cut_half_way_is_noticed(
    simulator: Simulator, caller: Caller
) -> None:
    """F-37."""
    simulator.faults.add("cut_off", LISTSUB)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        raw(caller)


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        ("result_null", None),
        ("result_a_list", {}),
        ("empty", []),
    ],
)
def test_results_can_have_the_wrong_shape(
    simulator: Simulator, caller: Caller, fault: str, result: Any
) -> None:
    """F-39, and F-47 for the empty one."""
    simulator.faults.add(fault, LISTSUB)
    assert caller.post(LISTSUB)["result"] == result


def test_keys_can_be_missing_and_numbers_text(
    simulator: Simulator, caller: Caller
) -> None:
    """F-39."""
    simulator.faults.add("no_result", LIST, nth=1)
    simulator.faults.add(effects.without("list", "has_more"), LIST, nth=2)
    simulator.faults.add("errcode_text", LIST, nth=3)
    simulator.faults.add("everything_text", LIST, nth=4)
    simulator.faults.add("empty", LIST, nth=5)
    body = {"dept_id": 501001, "cursor": 0, "size": 2}
    assert "result" not in caller.post(LIST, **body)
    assert set(page(caller)) == {"next_cursor"}
    assert caller.post(LIST, **body)["errcode"] == "0"
    assert page(caller)["next_cursor"] == "2"
    assert page(caller) == {"has_more": False, "list": []}


def test_any_other_damage_is_one_function(simulator: Simulator, caller: Caller) -> None:
    def rename(content: dict[str, Any]) -> None:
        content["result"]["items"] = content["result"].pop("list")

    simulator.faults.add(effects.altered(rename), LIST)
    assert "items" in page(caller)


def test_huge_answers_are_really_huge(simulator: Simulator, caller: Caller) -> None:
    """F-40."""
    simulator.faults.add(effects.huge(2), LISTSUB, nth=1)
    simulator.faults.add(effects.gzip_bomb(2), LISTSUB, nth=2)
    assert len(raw(caller).content) > 2 << 20
    small = raw(caller)
    assert len(small.content) > 2 << 20
    assert small.json()["errcode"] == 0


def test_deep_json_breaks_a_recursive_reader(
    simulator: Simulator, caller: Caller
) -> None:
    """F-40."""
    simulator.faults.add("deep", LISTSUB)
    with pytest.raises(RecursionError):
        json.loads(raw(caller).text)


def test_cursors_can_stand_still_go_back_and_never_end(
    simulator: Simulator, caller: Caller
) -> None:
    """F-42."""
    for nth, fault in enumerate(("stuck_cursor", "cursor_back", "endless"), start=1):
        simulator.faults.add(fault, LIST, nth=nth)
    assert page(caller, 4)["next_cursor"] == 4
    assert page(caller, 4)["next_cursor"] == 0
    assert page(caller, 400) == {"has_more": True, "list": [], "next_cursor": 402}


def test_everybody_can_stand_in_a_page_twice(
    simulator: Simulator, caller: Caller
) -> None:
    """F-41."""
    simulator.faults.add("twice", LIST)
    ids = [item["userid"] for item in page(caller)["list"]]
    assert len(ids) == 4
    assert ids[:2] == ids[2:]


def test_a_slow_answer_comes_late_or_never(
    simulator: Simulator, caller: Caller
) -> None:
    """F-35: longer than the caller waits is a time-out at once."""
    simulator.faults.add(effects.slow(0.15), COUNT, nth=1)
    simulator.faults.add(effects.slow(60), COUNT, nth=2)
    token = {"access_token": caller.token()}
    answer = caller.session.post(OAPI + COUNT, params=token, timeout=1)
    assert answer.elapsed.total_seconds() >= 0.15
    with pytest.raises(requests.ReadTimeout):
        caller.session.post(OAPI + COUNT, params=token, timeout=(1, 1))


def test_an_answer_can_drip(simulator: Simulator, caller: Caller) -> None:
    """F-36."""
    simulator.faults.add(effects.drip(0.001), COUNT)
    token = {"access_token": caller.token()}
    answer = caller.session.post(OAPI + COUNT, params=token, json={}, stream=True)
    pieces = list(answer.iter_content(1))
    assert json.loads(b"".join(pieces))["errcode"] == 0


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("dns", requests.ConnectionError, "Failed to resolve"),
        ("refused", requests.ConnectionError, "refused"),
        ("reset", requests.ConnectionError, "reset"),
        ("tls", requests.exceptions.SSLError, "certificate"),
        ("timeout", requests.ReadTimeout, "timed out"),
    ],
)
def test_the_network_can_break_in_distinct_ways(
    simulator: Simulator,
    caller: Caller,
    kind: str,
    error: type[Exception],
    words: str,
) -> None:
    """F-34."""
    simulator.faults.add(effects.broken(kind), COUNT)
    with pytest.raises(error, match=words):
        raw(caller, COUNT)


def outcomes(caller: Caller, count: int, path: str = COUNT) -> list[int]:
    return [caller.post(path)["errcode"] for _ in range(count)]


def test_a_fault_strikes_the_nth_call_from_now(
    simulator: Simulator, caller: Caller
) -> None:
    outcomes(caller, 3)
    rule = simulator.faults.add("busy", COUNT, nth=[2, 4])
    assert outcomes(caller, 5) == [0, -1, 0, -1, 0]
    assert (rule.seen, rule.fired) == (5, 2)


def test_a_fault_can_strike_a_number_of_times(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.faults.add("busy", COUNT, times=2)
    assert outcomes(caller, 4) == [-1, -1, 0, 0]


def test_chance_is_the_same_for_the_same_seed(
    simulator: Simulator, caller: Caller
) -> None:
    seen = []
    for seed in (7, 7, 8):
        rule = simulator.faults.add("busy", COUNT, probability=0.3, seed=seed)
        seen.append(outcomes(caller, 40))
        simulator.faults.remove(rule)
    assert seen[0] == seen[1] != seen[2]
    assert 3 < seen[0].count(-1) < 25


def test_a_fault_can_be_about_one_department(
    simulator: Simulator, caller: Caller
) -> None:
    """F-48."""
    simulator.faults.add(effects.error("50004"), LISTSUB, body={"dept_id": 501002})
    assert caller.post(LISTSUB, dept_id=501001)["errcode"] == 0
    assert caller.post(LISTSUB, dept_id=501002)["sub_code"] == "50004"


def test_a_pattern_strikes_several_apis_and_no_host_but_the_apis(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.faults.add("busy", "/topapi/*")
    assert caller.post(COUNT)["errcode"] == -1
    assert caller.get("/auth/scopes")["errcode"] == 0
    simulator.faults.add(effects.broken("refused"), host="login")
    with pytest.raises(requests.ConnectionError):
        caller.session.get(LOGIN)
    assert caller.get("/auth/scopes")["errcode"] == 0


def test_the_company_can_change_just_before_a_call(
    simulator: Simulator, caller: Caller
) -> None:
    """F-53, F-54: somebody vanishes between the list and the question."""
    company = simulator.company
    person = company.hire("Gone soon", 501001)
    simulator.faults.before(
        "/topapi/v2/user/get", 1, lambda: company.let_go(person.userid)
    )
    assert person.userid in {item["userid"] for item in caller.members(501001)}
    assert caller.post("/topapi/v2/user/get", userid=person.userid)["errcode"] == 60121


def test_cleared_faults_strike_no_more(simulator: Simulator, caller: Caller) -> None:
    simulator.faults.add("busy")
    simulator.faults.clear()
    assert outcomes(caller, 2) == [0, 0]
    assert simulator.faults.rules == []


def told(caller: Caller) -> object:
    """What a caller without patience makes of a page."""
    token = {"access_token": caller.token()}
    body = {"dept_id": 501001, "cursor": 4, "size": 2}
    try:
        answer = caller.session.post(
            OAPI + LIST, params=token, json=body, timeout=0.5, stream=True
        )
        start = next(answer.iter_content(1 << 16))
        content = json.loads(start)
    except (requests.RequestException, RecursionError) as fault:
        return type(fault)
    except ValueError:
        return start
    content.pop("request_id", None)
    return content


@pytest.mark.parametrize("name", sorted(effects.NAMED))
def test_every_named_fault_makes_a_difference(
    simulator: Simulator, caller: Caller, name: str
) -> None:
    truth = told(caller)
    rule = simulator.faults.add(name, LIST)
    assert rule.name == name
    assert told(caller) != truth
    assert rule.fired == 1
