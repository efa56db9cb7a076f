"""The connectivity test is true: it names the cause, and passes only on what was read."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.utils import timezone

from identity.connection import passed
from identity.connectors.dingtalk import client as calls
from identity.connectors.dingtalk.calling import TOKEN
from identity.connectors.dingtalk.checks import run_checks
from identity.connectors.dingtalk.connector import DingTalk
from identity.connectors.dingtalk.deadline import Limits
from identity.connectors.dingtalk.probes import BUDGET, Probes
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.state import SEVEN
from identity.connectors.records import Check, CheckStatus
from tests.connectors.conftest import CountingGate
from tests.plugins.loopback import Listen, http

pytestmark = pytest.mark.alone

PASS, WARN = CheckStatus.PASS, CheckStatus.WARN
FAIL, SKIPPED = CheckStatus.FAIL, CheckStatus.SKIPPED
KEYS = [
    "reach_oapi",
    "reach_api",
    "token",
    "corp_id",
    "ip_allow_list",
    "permission_Contact.User.mobile",
    "permission_Contact.User.Read",
    "permission_fieldMobile",
    "permission_fieldEmail",
    "permission_qyapi_get_department_list",
    "permission_qyapi_get_member",
    "permission_qyapi_get_department_member",
    "range",
]
AT_LOGON = {"permission_Contact.User.mobile", "permission_Contact.User.Read"}

Run = Callable[..., dict[str, Check]]


@pytest.fixture
def run(credentials: dict[str, str], gate: CountingGate) -> Run:
    """Run all checks with the simulator's credentials, some of them changed."""

    def run(**changed: str) -> dict[str, Check]:
        checks = list(DingTalk(credentials | changed, gate).checks())
        assert [check.key for check in checks] == KEYS
        return {check.key: check for check in checks}

    return run


def skipped(rows: dict[str, Check]) -> set[str]:
    return {key for key, row in rows.items() if row.status is SKIPPED} - AT_LOGON


def failed(rows: dict[str, Check]) -> set[str]:
    return {key for key, row in rows.items() if row.status is FAIL}


def test_a_sound_app_passes_and_what_a_logon_alone_shows_is_skipped(
    run: Run, simulator: Simulator
) -> None:
    """S123, S043 to S050."""
    rows = run()
    assert {key for key, row in rows.items() if row.status is PASS} == {
        key for key in KEYS if key not in AT_LOGON
    }
    for key in AT_LOGON:
        assert rows[key].status is SKIPPED
        assert rows[key].cause == "checked at first logon"
        scope = key.removeprefix("permission_")
        assert rows[key].link.endswith(f"?content={simulator.app_key}%23{scope}")
    assert passed(list(rows.values()))


def test_a_sound_app_is_asked_no_more_than_needed(
    run: Run, simulator: Simulator
) -> None:
    run()
    assert simulator.calls[TOKEN] == 1
    assert simulator.calls[calls.CORP_TOKEN] == 1
    assert simulator.calls[calls.SCOPES] == 1
    assert simulator.calls[calls.SUB_DEPARTMENTS] == 1
    assert simulator.calls[calls.USER_COUNT] == 1
    assert simulator.calls[calls.USER] == 0


def test_the_token_is_asked_for_afresh_each_time(
    run: Run, simulator: Simulator
) -> None:
    run()
    run()
    assert simulator.calls[TOKEN] == 2


@pytest.mark.parametrize("scope", SEVEN)
def test_each_of_the_seven_permissions_has_a_row_by_its_console_name(
    run: Run, scope: str
) -> None:
    """S044 to S050: with the scope code, and what is lost without it."""
    row = run()[f"permission_{scope}"]
    assert row.title == SEVEN[scope]
    assert row.facts["scope"] == scope
    assert row.proves.startswith("Without it: ")
    assert row.group == "Permissions"


@pytest.mark.parametrize(
    "scope",
    ["qyapi_get_department_list", "qyapi_get_member", "qyapi_get_department_member"],
)
def test_a_withdrawn_call_permission_is_named_with_the_link_to_grant_it(
    run: Run, simulator: Simulator, scope: str
) -> None:
    """G-26, S048, S049, S050."""
    simulator.permissions.discard(scope)
    rows = run()
    row = rows[f"permission_{scope}"]
    assert failed(rows) == {f"permission_{scope}"}
    assert scope in row.cause
    assert row.facts["reported"] == scope
    assert row.link.endswith(f"appscope/apply?content={simulator.app_key}%23{scope}")
    assert "Permission Management" in row.fix
    assert not passed(list(rows.values()))


def test_without_the_member_list_the_field_permissions_cannot_be_looked_at(
    run: Run, simulator: Simulator
) -> None:
    simulator.permissions.discard("qyapi_get_department_member")
    assert skipped(run()) == {"permission_fieldMobile", "permission_fieldEmail"}


def test_a_withdrawn_mobile_permission_is_probably_missing(
    run: Run, simulator: Simulator
) -> None:
    """G-26, S046: it goes silently, so this is a warning and no verdict."""
    simulator.permissions.discard("fieldMobile")
    rows = run()
    row = rows["permission_fieldMobile"]
    assert row.status is WARN
    assert "Probably missing" in row.cause
    assert int(row.facts["sample"]) > 10
    assert rows["permission_fieldEmail"].status is PASS
    assert passed(list(rows.values()))


def test_a_withdrawn_email_permission_cannot_be_told_from_blank_fields(
    run: Run, simulator: Simulator
) -> None:
    """G-26, S047."""
    simulator.permissions.discard("fieldEmail")
    rows = run()
    assert rows["permission_fieldEmail"].status is WARN
    assert "Cannot tell" in rows["permission_fieldEmail"].cause
    assert rows["permission_fieldMobile"].status is PASS


@pytest.mark.parametrize("scope", ["Contact.User.mobile", "Contact.User.Read"])
def test_a_withdrawn_logon_permission_shows_at_the_first_logon_only(
    run: Run, simulator: Simulator, scope: str
) -> None:
    """G-26, S044, S045: they act on a person's own token."""
    simulator.permissions.discard(scope)
    rows = run()
    assert rows[f"permission_{scope}"].status is SKIPPED
    assert "first logon" in rows[f"permission_{scope}"].cause


def test_a_sample_of_enterprise_accounts_says_nothing_about_mobiles(
    run: Run, simulator: Simulator
) -> None:
    for userid in simulator.company.people:
        simulator.company.update(userid, login_id="x", mobile="", state_code="")
    simulator.permissions.discard("fieldMobile")
    row = run()["permission_fieldMobile"]
    assert row.status is WARN
    assert "enterprise accounts" in row.cause


def test_a_company_without_people_says_nothing_about_fields(
    run: Run, simulator: Simulator
) -> None:
    for userid in list(simulator.company.people):
        simulator.company.let_go(userid)
    rows = run()
    for scope in ("fieldMobile", "fieldEmail"):
        assert rows[f"permission_{scope}"].status is WARN
        assert "nobody was seen" in rows[f"permission_{scope}"].cause


# --- credentials and network ---


@pytest.mark.parametrize(
    "changed", [{"app_key": "dingwrong"}, {"app_secret": "wrong-1"}]
)
def test_a_wrong_key_or_secret_is_one_failure_and_the_rest_is_not_run(
    run: Run, changed: dict[str, str]
) -> None:
    """G-26."""
    rows = run(**changed)
    assert failed(rows) == {"token"}
    assert "AppKey and AppSecret" in rows["token"].cause
    assert "Credentials And Basic Information" in rows["token"].fix
    assert skipped(rows) == set(KEYS[3:]) - AT_LOGON
    for key in skipped(rows):
        assert rows[key].cause.startswith("not run: needs ")


def test_blank_credentials_are_named(run: Run) -> None:
    rows = run(app_secret="")
    assert failed(rows) == {"token"}
    assert "not set" in rows["token"].cause


def test_a_wrong_corp_id_is_named(run: Run) -> None:
    """G-26, S102."""
    rows = run(corp_id="dingother")
    assert failed(rows) == {"corp_id"}
    assert "not the company of the app" in rows["corp_id"].cause
    assert "CorpId" in rows["corp_id"].fix


@pytest.mark.parametrize(
    "fault",
    [
        effects.busy(),
        effects.http_error(503),
        effects.too_fast(),
        effects.broken("timeout"),
    ],
)
def test_a_corp_id_that_could_not_be_verified_is_a_warning(
    run: Run, simulator: Simulator, fault: effects.Effect
) -> None:
    simulator.faults.add(fault, calls.CORP_TOKEN)
    rows = run()
    assert rows["corp_id"].status is WARN
    assert "could not be verified" in rows["corp_id"].cause
    assert passed(list(rows.values()))


def test_a_server_that_is_not_on_the_list_gets_the_address_to_paste(
    run: Run, simulator: Simulator
) -> None:
    """G-26, F-51, S062: the address that DingTalk saw."""
    simulator.allowed_addresses = {"198.51.100.1"}
    rows = run()
    row = rows["ip_allow_list"]
    assert failed(rows) == {"ip_allow_list"}
    assert row.paste == "203.0.113.9"
    assert "203.0.113.9" in row.cause
    assert "Server Egress IP" in row.fix
    assert skipped(rows) == set(KEYS[5:]) - AT_LOGON
    assert rows["token"].status is PASS


def test_a_stopped_app_is_named(run: Run, simulator: Simulator) -> None:
    """F-47."""
    simulator.stopped = True
    rows = run()
    assert failed(rows) == {"ip_allow_list"}
    assert "stopped" in rows["ip_allow_list"].cause


@pytest.mark.parametrize("kind", ["dns", "refused", "tls", "timeout"])
@pytest.mark.parametrize("host", ["oapi", "api"])
def test_a_host_that_is_not_reached_is_named_with_the_reason(
    run: Run, simulator: Simulator, settings: Any, kind: str, host: str
) -> None:
    """G-26, F-34, S125: name, connection, TLS and time-out are told apart."""
    words = {
        "dns": "cannot be resolved",
        "refused": "No connection",
        "tls": "certificate",
        "timeout": "did not answer in time",
    }
    broken = effects.broken(kind)

    def only_this_host(call: Any, answer: Callable[[], Any]) -> Any:
        return broken(call, answer) if call.family == host else answer()

    simulator.faults.add(only_this_host)
    rows = run()
    row = rows[f"reach_{host}"]
    assert failed(rows) == {f"reach_{host}"}
    assert words[kind] in row.cause
    assert f"{host}.dingtalk.com" in row.cause
    assert "server address and server port are correct" in row.fix
    assert row.facts["code"] == kind


@pytest.mark.parametrize(
    ("path", "key"), [(TOKEN, "token"), (calls.SCOPES, "ip_allow_list")]
)
def test_a_portal_that_answers_instead_is_named(
    run: Run, simulator: Simulator, path: str, key: str
) -> None:
    """G-26, F-38: not JSON."""
    simulator.faults.add("banned_page", path)
    rows = run()
    assert failed(rows) == {key}
    assert "not JSON" in rows[key].cause


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (calls.USER_COUNT, "permission_qyapi_get_member"),
        (calls.SUB_DEPARTMENTS, "permission_qyapi_get_department_list"),
        (calls.MEMBERS, "permission_qyapi_get_department_member"),
    ],
)
@pytest.mark.parametrize("fault", ["result_null", "busy", "too_fast"])
def test_what_was_not_really_read_does_not_pass(
    run: Run, simulator: Simulator, path: str, key: str, fault: str
) -> None:
    """G-26: it passes only if root, people page, scope and token were read."""
    simulator.faults.add(fault, path)
    rows = run()
    assert rows[key].status is FAIL
    assert not passed(list(rows.values()))


# --- the clock ---


@pytest.mark.parametrize(("seconds", "status"), [(0, PASS), (50, PASS), (90, WARN)])
def test_a_clock_that_is_off_is_a_warning(
    run: Run, simulator: Simulator, seconds: int, status: CheckStatus
) -> None:
    def dated(call: Any, answer: Callable[[], Any]) -> Any:
        reply = answer()
        moment = timezone.now() - timedelta(seconds=seconds)
        reply.headers["Date"] = format_datetime(moment, usegmt=False)
        return reply

    simulator.faults.add(dated, "/")
    row = run()["reach_oapi"]
    assert row.status is status
    assert abs(int(row.facts["clock_difference_seconds"]) - seconds) <= 2


# --- the range ---


def test_a_range_that_is_not_all_employees_is_a_warning_with_names(
    run: Run, simulator: Simulator
) -> None:
    """S043."""
    person = simulator.company.hire("Single", 501002)
    simulator.narrow({501001}, {person.userid})
    rows = run()
    row = rows["range"]
    assert row.status is WARN
    assert simulator.company.department(501001).name in row.cause
    assert row.facts["departments"] == "501001"
    assert row.facts["people"] == person.userid
    assert "All Employees" in row.fix
    assert failed(rows) == set()


def test_an_empty_range_fails(run: Run, simulator: Simulator) -> None:
    """F-47: nobody can be read."""
    simulator.narrow(set())
    rows = run()
    assert failed(rows) == {"range"}
    assert "nobody can be read" in rows["range"].cause


def test_a_range_of_single_people_is_no_missing_permission(
    run: Run, simulator: Simulator
) -> None:
    simulator.narrow(set(), {next(iter(simulator.company.people))})
    rows = run()
    assert failed(rows) == set()
    assert rows["range"].status is WARN


def test_a_missing_base_permission_is_the_ranges_failure(
    run: Run, simulator: Simulator
) -> None:
    simulator.permissions.discard("qyapi_base")
    rows = run()
    assert failed(rows) == {"range"}
    assert "qyapi_base" in rows["range"].cause
    assert rows["ip_allow_list"].status is PASS


# --- all rows ---


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s.permissions.clear(),
        lambda s: s.narrow({501001}),
        lambda s: setattr(s, "allowed_addresses", set()),
        lambda s: setattr(s, "stopped", True),
        lambda s: s.faults.add("busy"),
        lambda s: s.faults.add(effects.broken("dns")),
    ],
)
def test_each_row_that_did_not_pass_says_why_and_what_to_do(
    run: Run, simulator: Simulator, spoil: Callable[[Simulator], object]
) -> None:
    spoil(simulator)
    for row in run().values():
        assert (row.cause == "") == (row.status is PASS), row
        if row.status in (FAIL, WARN):
            assert row.fix, row


def test_a_report_can_be_kept_as_json_and_holds_no_secret(
    run: Run, simulator: Simulator
) -> None:
    simulator.permissions.clear()
    report = json.dumps([asdict(row) for row in run().values()])
    assert simulator.app_token is not None
    for secret in (simulator.app_secret, simulator.app_token.value):
        assert secret not in report


def test_rows_come_as_they_end(
    credentials: dict[str, str], gate: CountingGate, simulator: Simulator
) -> None:
    stream = DingTalk(credentials, gate).checks()
    assert next(stream).key == "reach_oapi"
    assert simulator.calls[TOKEN] == 0
    assert [check.key for check in stream] == KEYS[1:]


# --- time ---


def test_hosts_that_hang_end_the_test_when_the_time_is_up(
    listen: Listen, gate: CountingGate
) -> None:
    """One that answers some calls and hangs on others is given up in time."""

    def hang(sock: socket.socket, head: str) -> None:
        if "accessToken" in head.split("\r\n")[0]:
            sock.sendall(http(b'{"accessToken":"t","expireIn":7200}'))
        elif head.startswith("GET / "):
            sock.sendall(http(b"{}"))
        else:
            time.sleep(4)

    listen(hang)
    credentials = {"app_key": "k", "app_secret": "s", "corp_id": "dingx"}
    limits = Limits(connect=0.5, read=0.6, whole=0.7)
    probes = Probes(credentials, gate, limits=limits, budget=1.0)
    began = time.monotonic()
    rows = {c.key: c for c in run_checks(credentials, gate, probes)}
    assert time.monotonic() - began < 1.0 + 60 - BUDGET
    assert list(rows) == KEYS
    assert rows["corp_id"].status is WARN  # asked, no answer
    assert rows["ip_allow_list"].status is FAIL
    assert rows["ip_allow_list"].cause == "not run: time is up"
    assert rows["range"].status is SKIPPED
    assert not passed(list(rows.values()))


def test_a_host_that_hangs_altogether_fails_by_itself(
    listen: Listen, gate: CountingGate
) -> None:
    listen(lambda sock, head: time.sleep(2))
    credentials = {"app_key": "k", "app_secret": "s", "corp_id": "dingx"}
    probes = Probes(credentials, gate, limits=Limits(0.3, 0.3, 0.5))
    rows = {c.key: c for c in run_checks(credentials, gate, probes)}
    assert {k for k, r in rows.items() if r.status is FAIL} == {
        "reach_oapi",
        "reach_api",
    }
