"""DingTalk refuses during a sync: limits, its own trouble, permissions, credentials.

One test a row of reliability.md c.2; `tests/engine/test_fault_rows.py` counts them.
"""

from collections.abc import Callable

import pytest

from identity.connection import run_checks
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.effects import Call, Effect, Reply
from identity.connectors.dingtalk.simulator.wire import modern
from sync import schedule
from sync.models import Department, Employee, SyncRun
from sync.views.outcome import held_because
from tests.engine.conftest import (
    DEPARTMENT,
    GET,
    LIST,
    LISTSUB,
    SCOPES,
    TOKEN,
    Trial,
    active,
    departments,
)
from tests.engine.oracle import assert_equal

State = SyncRun.State
pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]

THREADS = 4
"""Threads of one lane; each may be in a call of its own when a fault comes."""
TRIES = 4
"""Of one call: the first and three more."""


def causes(trial: Trial) -> str:
    """What the connectivity test says now, all causes and remedies in one text."""
    checks = [check for check, _ in run_checks(trial.idp)]
    return " ".join(f"{check.cause} {check.fix}" for check in checks)


def test_a_limit_is_waited_for_and_one_that_stays_fails_the_run(trial: Trial) -> None:
    """F-32: 90018, 90002 with its window, HTTP 429: at most four tries a call.

    The month's quota ends the run at the first answer, as `failed` with the code
    `quota`. The row says `held`, but a held run is a plan that waits for a person
    (design 2.6), and here nothing was read that could be planned.
    """
    calls = trial.simulator.calls
    run = trial.fails("too_fast", SCOPES)
    assert (run.error_code, calls[SCOPES]) == ("rate_limited", TRIES)
    assert "too many at once" in run.error_cause
    trial.simulator.faults.clear()

    run = trial.fails("quota_used_up")
    assert (run.error_code, run.calls) == ("quota", sum(calls.values()))
    assert "month's quota" in run.error_cause
    assert calls[SCOPES] + calls[TOKEN] == 1  # no hammering
    assert not schedule.waiting()  # and nothing is queued in its place
    trial.simulator.faults.clear()

    run = trial.fails("quota_used_up", LIST)
    assert run.error_code == "quota"
    assert calls[LIST] <= THREADS
    trial.simulator.faults.clear()

    trial.simulator.faults.add("too_fast", SCOPES, nth=1)
    trial.simulator.faults.add(effects.platform_busy(1), LISTSUB, nth=1)
    trial.simulator.faults.add(effects.http_error(429), LIST, nth=1)
    assert trial.sync().state == State.SUCCESS
    assert_equal(trial.idp, trial.company)
    trial.heals()


OUT_OF_ORDER: list[Effect] = [
    *(effects.http_error(status) for status in (500, 502, 503, 504)),
    effects.busy(),
    effects.backend_timeout(),
    effects.error(""),  # 88 around nothing
]


def test_dingtalk_out_of_order_is_tried_three_times_more_and_then_fails(
    trial: Trial,
) -> None:
    """F-33: 500, 502, 503, 504, -1, 15, and the wrapper 88 without a code."""
    calls = trial.simulator.calls
    for fault in OUT_OF_ORDER:
        run = trial.fails(fault, LISTSUB)
        assert calls[LISTSUB] == TRIES
        assert run.calls == sum(calls.values())
        assert "busy or out of order" in run.error_cause
        trial.simulator.faults.clear()
    trial.fails("busy", LIST)
    assert calls[LIST] <= TRIES * THREADS
    trial.simulator.faults.clear()
    for fault in OUT_OF_ORDER:
        trial.simulator.faults.add(fault, LIST, times=1)
    assert trial.sync().state == State.SUCCESS
    trial.heals()


def test_an_empty_root_is_held_and_names_the_permission(trial: Trial) -> None:
    """F-47: in every form nobody and no department is removed.

    Where DingTalk refuses, the run is `failed` or `partial` and names what was
    refused, because then nothing is known to be empty; held is a root that really came
    empty. The range comes from /auth/scopes, the first call of every run.
    """
    simulator = trial.simulator
    simulator.faults.add("empty", LISTSUB)
    run = trial.meets("empty", LIST)  # errcode 0 and nothing in it
    assert run.state == State.HELD
    assert "empty_root" in {reason["reason"] for reason in run.held_because}
    assert "the company came back empty" in " ".join(held_because(run))
    assert not any(run.counts.values())
    simulator.faults.clear()

    simulator.narrow(set())  # the visible scope was emptied
    run = trial.meets()
    assert run.state == State.HELD
    assert [note["where"] for note in run.notes] == [SCOPES]
    assert "permission scope is empty" in run.notes[0]["message"]
    assert "All Employees" in run.notes[0]["remedy"]
    assert simulator.calls[SCOPES] == 1
    simulator.narrow({1})

    simulator.stopped = True
    run = trial.fails()
    assert (run.error_code, "is stopped" in run.error_cause) == ("50003", True)
    simulator.stopped = False

    for scope, state in ENDS.items():
        simulator.permissions.discard(scope)
        run = trial.meets()
        assert run.state == state
        told = [run.error_cause, run.error_remedy, *map(str, run.missing)]
        assert scope in " ".join(told)
        simulator.permissions.add(scope)
    trial.heals()


ENDS = {
    "qyapi_get_department_list": State.FAILED,
    "qyapi_get_department_member": State.PARTIAL,
}
"""The two permissions without which a company looks empty."""


@pytest.mark.parametrize("code", ["50004", "60011"])
def test_one_department_out_of_reach_makes_the_run_partial(
    trial: Trial, code: str
) -> None:
    """F-48: what was read is applied, nothing is removed anywhere.

    60011 is about an API and not about a department, so nothing more is asked of that
    API; which pages came before depends on the threads.
    """
    hidden = trial.company.real_departments()[1]
    trial.company.rename_department(1, "Renamed meanwhile")
    trial.simulator.faults.add(effects.error(code), LIST, body={"dept_id": hidden.id})
    run = trial.meets()
    assert run.state == State.PARTIAL
    assert str(hidden.id) in str(run.missing) or code == "60011"
    assert all(fault["message"] for fault in run.missing)
    assert trial.leaver in active()
    assert trial.closed in departments()
    assert Department.objects.get(source_id="1").name == "Renamed meanwhile"
    assert trial.newcomer in active() or code == "60011"
    trial.heals()


@pytest.mark.parametrize(
    ("scope", "column"), [("fieldMobile", "mobile"), ("fieldEmail", "email")]
)
def test_a_withdrawn_field_is_kept_and_called_stale(
    trial: Trial, scope: str, column: str
) -> None:
    """F-49: absent is not empty; the run names the field."""
    held = dict(Employee.objects.exclude(**{column: ""}).values_list("userid", column))
    assert held
    trial.simulator.permissions.discard(scope)
    run = trial.meets()
    assert run.state == State.PARTIAL
    assert column in run.unknown_fields
    assert any(column in fault["where"] for fault in run.missing)
    kept = Employee.objects.filter(userid__in=held)
    assert dict(kept.values_list("userid", column)) == held
    trial.simulator.permissions.add(scope)
    run = trial.heals()
    assert run.unknown_fields == []


def unauthorized(times: int) -> Effect:
    """HTTP 401, so many times."""
    left = iter(range(times))

    def effect(call: Call, answer: Callable[[], Reply]) -> Reply:
        if next(left, None) is None:
            return answer()
        return modern(401, "Unauthorized", "token expired")

    return effect


def test_a_token_that_ends_in_the_middle_is_renewed_once_for_all_threads(
    trial: Trial,
) -> None:
    """F-50: 40014, 42001 and HTTP 401; the second refusal is final."""
    simulator, calls = trial.simulator, trial.simulator.calls
    for code in ("40014", "42001"):
        run = trial.fails(effects.token_invalid(code), "/topapi/*")
        assert run.error_code == code
        assert "access token" in run.error_cause
        assert calls[TOKEN] <= 1 + THREADS
        simulator.faults.clear()
    trial.fails(unauthorized(10**6), LIST)
    simulator.faults.clear()

    simulator.faults.before(LIST, 3, simulator.revoke_tokens)
    calls.clear()
    run = trial.sync()
    assert (run.state, calls[TOKEN]) == (State.SUCCESS, 1)
    assert_equal(trial.idp, trial.company)
    simulator.faults.clear()
    for fault in (effects.token_invalid("42001"), unauthorized(1)):
        simulator.faults.add(fault, LIST, times=1)
        calls.clear()
        assert trial.sync().state == State.SUCCESS
        assert calls[TOKEN] == 1
    trial.heals()


def test_a_foreign_address_is_named_by_the_run_and_by_the_connectivity_test(
    trial: Trial,
) -> None:
    """F-51: 60020."""
    trial.simulator.allowed_addresses = {"198.51.100.7"}
    run = trial.fails()
    assert run.error_code == "60020"
    assert "egress IP 203.0.113.9 is not on DingTalk's list" in run.error_cause
    assert "Server Egress IP" in run.error_remedy
    assert trial.simulator.calls[SCOPES] == 1  # asking again changes nothing
    assert "egress IP 203.0.113.9 is not on DingTalk's list" in causes(trial)
    trial.simulator.allowed_addresses = None
    trial.heals()


def test_a_foreign_address_in_the_middle_of_a_run_is_named_too(trial: Trial) -> None:
    """F-51, where people are asked for singly: nobody is taken for gone."""
    run = trial.fails("address_refused", GET)
    assert "203.0.113.9" in run.error_cause
    assert trial.simulator.calls[DEPARTMENT] == 2  # the root, and the closed one
    trial.heals()
