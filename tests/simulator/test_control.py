"""The control page: numbers, changes and faults by hand, without a script."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from identity.connectors.dingtalk.crypto import Cipher
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.effects import NAMED
from identity.connectors.dingtalk.simulator.state import SEVEN
from tests.simulator.conftest import HERE, Caller

pytestmark = pytest.mark.alone


def page(caller: Caller, query: str = "") -> str:
    answer = caller.session.get(f"{HERE}/control{query}")
    assert answer.status_code == 200
    return unescape(answer.text)


def press(caller: Caller, action: str, **form: str) -> str:
    """Press a button; returns what the page then says."""
    answer = caller.session.post(
        f"{HERE}/control", data={"action": action} | form, allow_redirects=False
    )
    assert answer.status_code == 303
    said = parse_qs(urlsplit(answer.headers["Location"]).query)
    shown = page(caller, answer.headers["Location"].removeprefix("/control"))
    assert said["said"][0] in shown
    return said["said"][0] + (" (wrong)" if "wrong" in said else "")


def test_the_page_shows_numbers_and_what_to_type(
    simulator: Simulator, caller: Caller
) -> None:
    caller.post("/topapi/user/count")
    shown = page(caller)
    assert simulator.company.name in shown
    assert re.search(r"<dt>people</dt><dd>40</dd>", shown)
    assert re.search(r"<dt>departments below the root</dt><dd>8</dd>", shown)
    assert re.search(r"<dt>API calls</dt><dd>2</dd>", shown)
    for value in (simulator.corp_id, simulator.app_key, simulator.app_secret):
        assert f'readonly value="{value}"' in shown
    assert "/topapi/user/count" in shown


def test_no_page_has_a_script_or_a_style_of_its_own(caller: Caller) -> None:
    answer = caller.session.get(f"{HERE}/control")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", answer.text)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    style = caller.session.get(f"{HERE}/control/style.css")
    assert style.headers["Content-Type"].startswith("text/css")
    assert caller.session.get(f"{HERE}/control/other").status_code == 404


def test_the_bare_address_leads_to_the_page(caller: Caller) -> None:
    answer = caller.session.get(f"{HERE}/", allow_redirects=False)
    assert answer.headers["Location"] == "/control"


def test_people_are_hired_moved_renamed_and_let_go(
    simulator: Simulator, caller: Caller
) -> None:
    company = simulator.company
    said = press(caller, "hire", name="Zoe Zed", departments="501001", mobile="137")
    (person,) = company.search("Zoe Zed", 5)
    assert person.userid in said
    assert (person.department_ids, person.mobile) == ([501001], "137")
    press(caller, "move", userid=person.userid, departments="501002, 501003")
    assert person.department_ids == [501002, 501003]
    press(caller, "rename", userid=person.userid, name="Zoe Other")
    assert company.people[person.userid].name == "Zoe Other"
    assert "Zoe Other" in page(caller, "?q=zoe")
    press(caller, "let_go", userid=person.userid)
    assert person.userid not in company.people


def test_departments_are_added_renamed_moved_and_removed(
    simulator: Simulator, caller: Caller
) -> None:
    company = simulator.company
    press(caller, "add_department", name="Lab", parent="501001")
    lab = next(item for item in company.departments.values() if item.name == "Lab")
    number = str(lab.id)
    press(caller, "rename_department", department=number, name="Labs")
    press(caller, "move_department", department=number, parent="501002")
    assert (lab.name, lab.parent_id) == ("Labs", 501002)
    press(caller, "remove_department", department=number)
    assert lab.id not in company.departments


def test_permissions_are_withdrawn_and_granted(
    simulator: Simulator, caller: Caller
) -> None:
    for scope, label in SEVEN.items():
        assert f"Withdraw {label}" in page(caller)
        press(caller, "withdraw", scope=scope)
        assert scope not in simulator.permissions
        assert f"Grant {label}" in page(caller)
        press(caller, "grant", scope=scope)
        assert scope in simulator.permissions


def test_the_range_and_the_addresses_are_narrowed(
    simulator: Simulator, caller: Caller
) -> None:
    userid = next(iter(simulator.company.people))
    press(caller, "narrow", departments="501001 501002", users=userid)
    assert simulator.authed_departments == {501001, 501002}
    assert simulator.authed_users == {userid}
    assert "All Employees" in press(caller, "narrow", departments="", users="")
    assert simulator.covers_all
    press(caller, "allow", addresses="198.51.100.7, 203.0.113.9")
    assert simulator.allowed_addresses == {"198.51.100.7", "203.0.113.9"}
    press(caller, "allow", addresses="")
    assert simulator.allowed_addresses is None


def test_faults_are_added_and_cleared(simulator: Simulator, caller: Caller) -> None:
    for name in NAMED:
        assert f"<option>{name}</option>" in page(caller)
    press(
        caller,
        "add_fault",
        fault="busy",
        path="/topapi/user/count",
        nth="2",
        times="",
        percent="100",
    )
    assert caller.post("/topapi/user/count")["errcode"] == 0
    assert caller.post("/topapi/user/count")["errcode"] == -1
    assert "1 of 2" in page(caller)
    press(caller, "clear_faults")
    assert simulator.faults.rules == []


def test_pace_tokens_and_the_app_itself_can_be_set(
    simulator: Simulator, caller: Caller
) -> None:
    token = caller.token()
    press(caller, "pace", rate="5", latency="0.01", token_lifetime="60")
    assert (simulator.rate, simulator.latency) == (5, 0.01)
    assert simulator.token_lifetime == 60
    press(caller, "revoke_tokens")
    assert not simulator.accepts(token)
    press(caller, "stop_app")
    assert simulator.stopped
    press(caller, "stop_app")
    assert not simulator.stopped


def test_an_in_app_code_can_be_had_by_hand(
    simulator: Simulator, caller: Caller
) -> None:
    userid = simulator.company.members(501001)[0].userid
    code = press(caller, "in_app_code", userid=userid).split()[-1]
    found = caller.result("/topapi/v2/user/getuserinfo", code=code)
    assert found["userid"] == userid


@pytest.mark.parametrize(
    ("action", "form", "words"),
    [
        ("hire", {"name": " "}, "name is missing"),
        ("hire", {"name": "X", "departments": "5"}, "no department 5"),
        ("hire", {"name": "X", "departments": "five"}, "invalid literal"),
        ("move", {"userid": "nobody"}, "nobody has the userid"),
        ("rename", {"name": "X"}, "'userid' is missing"),
        ("remove_department", {"department": "501001"}, "members"),
        ("move_department", {"department": "501001", "parent": "501001"}, "itself"),
        ("add_fault", {"fault": "nope", "path": "*"}, "'nope' is missing"),
        ("narrow", {"departments": "9", "users": ""}, "no department 9"),
        (
            "subscribe",
            {"url": "http://127.0.0.1:9/", "token": "t", "aes_key": "short"},
            "43 letters",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    simulator: Simulator, caller: Caller, action: str, form: dict[str, str], words: str
) -> None:
    before = len(simulator.company.people)
    said = press(caller, action, **form)
    assert words in said
    assert said.endswith("(wrong)")
    assert len(simulator.company.people) == before


def test_two_keys_can_be_copied_before_anybody_subscribes(caller: Caller) -> None:
    """S155: they stand on the page; nobody has to invent any."""
    shown = page(caller)
    aes_key = re.search(r'name="aes_key" value="([^"]+)"', shown)
    token = re.search(r'name="token" value="([^"]+)"', shown)
    assert aes_key
    assert token
    Cipher(aes_key[1], token[1])
    assert 3 <= len(token[1]) <= 32
    assert aes_key[1] in page(caller)


def test_a_form_of_another_site_is_refused(
    simulator: Simulator, caller: Caller
) -> None:
    def send(origin: str) -> requests.Response:
        return caller.session.post(
            f"{HERE}/control",
            data={"action": "stop_app"},
            headers={"Origin": origin, "Host": "127.0.0.1:8001"},
            allow_redirects=False,
        )

    assert send("https://evil.example.test").status_code == 403
    assert not simulator.stopped
    assert send(HERE).status_code == 303
    assert simulator.stopped


def test_names_are_escaped(simulator: Simulator, caller: Caller) -> None:
    simulator.company.hire('<b>"Zed"</b>')
    raw = caller.session.get(f"{HERE}/control?q=Zed").text
    assert "<b>" not in raw
    assert "&lt;b&gt;&quot;Zed&quot;" in raw
