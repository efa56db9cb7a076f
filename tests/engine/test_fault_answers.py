"""No usable answer during a sync: no network, silence, damage, somebody else's page.

One test a row of reliability.md c.2. Where an answer breaks the rules of HTTP, the
simulator stands behind a real port of this machine.
"""

import socket
from typing import Any

import pytest

from identity.connection import run_checks
from identity.connectors.dingtalk import tokens
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.effects import Call, Effect, Reply
from identity.models import IdentityProvider
from sync.models import SyncRun
from tests.engine.conftest import (
    DEPARTMENT,
    GET,
    LIST,
    LISTSUB,
    SCOPES,
    TOKEN,
    Sync,
    Trial,
    active,
)
from tests.engine.oracle import assert_equal
from tests.plugins.loopback import Listen

State = SyncRun.State
pytestmark = [pytest.mark.alone, pytest.mark.django_db(transaction=True)]

THREADS, TRIES = 4, 4
QUICK = (0.5, 0.3, 0.6)
"""Seconds for connection, silence and a call as a whole; 3, 10 and 20 in earnest."""


@pytest.fixture
def far_trial(
    on_a_port: Simulator, sync: Sync, idp: IdentityProvider, settings: Any
) -> Trial:
    """A trial whose DingTalk is reached through the network."""
    trial = Trial(sync, on_a_port, idp)
    trial.begin()
    settings.DINGTALK_TIMEOUTS = QUICK
    return trial


def codes_of_test(trial: Trial) -> set[str]:
    """The codes that the connectivity test's failed rows carry now."""
    checks = [check for check, _ in run_checks(trial.idp)]
    return {check.facts.get("code", "") for check in checks if check.cause}


def test_no_network_is_told_apart_in_run_and_connectivity_test(trial: Trial) -> None:
    """F-34: refused, an unknown name, TLS; a TLS failure is not tried again."""
    said = set()
    for kind, tries in (("refused", TRIES), ("dns", TRIES), ("tls", 1)):
        run = trial.fails(effects.broken(kind))
        assert run.error_code == kind
        assert (run.calls, sum(trial.simulator.calls.values())) == (tries, tries)
        assert kind in codes_of_test(trial)
        said.add(run.error_cause)
        trial.simulator.faults.clear()
    assert len(said) == 3
    trial.simulator.faults.add(effects.broken("refused"), LISTSUB, times=2)
    assert trial.sync().state == State.SUCCESS
    trial.heals()


def test_no_network_on_real_sockets_ends_the_run(
    trial: Trial, settings: Any, listen: Listen
) -> None:
    """F-34: a closed port, and a port that speaks no TLS."""
    before = settings.DINGTALK_OAPI_URL, settings.DINGTALK_API_URL
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    heads: list[str] = []
    plain = listen(lambda sock, head: heads.append(head))
    wired = {
        "refused": f"http://127.0.0.1:{port}",
        "tls": plain.replace("http", "https"),
    }
    for code, base in wired.items():
        settings.DINGTALK_OAPI_URL = settings.DINGTALK_API_URL = base
        run = trial.fails()
        assert (run.error_code, run.calls) == (code, 1 if code == "tls" else TRIES)
    assert not any("HTTP/1.1" in head for head in heads)  # never without TLS
    settings.DINGTALK_OAPI_URL, settings.DINGTALK_API_URL = before
    settings.DINGTALK_TRANSPORT = "tests.plugins.simulated.transport"
    trial.heals()


def test_silence_ends_a_run_in_bounded_time(far_trial: Trial, settings: Any) -> None:
    """F-35, R6: each call has its time-outs, and the run as a whole has its own.

    That one is two hours and not the row's thirty minutes: a run that asks 50,000
    people for their details lasts 45 minutes at DingTalk's pace.
    """
    trial = far_trial
    run = trial.fails(effects.slow(1.0), SCOPES)
    assert (run.error_code, run.calls) == ("timeout", TRIES)
    trial.simulator.faults.clear()
    run = trial.fails(effects.slow(1.0), LIST)
    assert run.error_code == "timeout"
    assert trial.simulator.calls[LIST] <= THREADS * TRIES
    trial.simulator.faults.clear()
    settings.SYNC_LONGEST_RUN = 0
    run = trial.fails()
    assert run.error_code == "too_long"
    assert trial.simulator.calls[LIST] <= THREADS
    settings.SYNC_LONGEST_RUN = 7200
    trial.heals()


def test_a_byte_now_and_then_does_not_hold_a_run(far_trial: Trial) -> None:
    """F-36: no silence is long enough for a time-out; the call as a whole is."""
    run = far_trial.fails(effects.drip(0.1), SCOPES)
    assert (run.error_code, run.calls) == ("deadline", TRIES)
    assert "too long as a whole" in run.error_cause
    far_trial.heals()


DAMAGED = (effects.truncated, effects.cut_off, effects.broken)


def test_a_damaged_answer_is_read_again_and_then_fails(far_trial: Trial) -> None:
    """F-37: half the JSON, a wrong Content-Length, a reset."""
    trial, calls = far_trial, far_trial.simulator.calls
    for damage in DAMAGED:
        run = trial.fails(damage(), LIST)
        assert TRIES <= calls[LIST] <= TRIES * THREADS
        assert run.error_code in ("truncated", "network")
        trial.simulator.faults.clear()
    for damage in DAMAGED:
        trial.simulator.faults.add(damage(), LIST, times=1)
        trial.simulator.faults.add(damage(), LISTSUB, times=1)
    assert trial.sync().state == State.SUCCESS
    assert_equal(trial.idp, trial.company)
    trial.heals()


def portal(call: Call, answer: object) -> Reply:
    """A captive portal's page, with what must not reach a log."""
    asked = call.query.get("access_token", "")
    page = f"<html>\x1b[31m Guest network, please log on {asked} {'x' * 500}</html>"
    return Reply(body=page.encode(), headers={"Content-Type": "text/html"})


@pytest.mark.parametrize("path", [TOKEN, SCOPES, LISTSUB, LIST, GET])
def test_somebody_elses_page_fails_the_run(
    trial: Trial, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """F-38: also where people are asked for singly, since a portal speaks of nobody."""
    if path == TOKEN:
        trial.simulator.revoke_tokens()
        trial.idp.set_secret("app_secret", trial.simulator.app_secret)
        tokens.forget()
    run = trial.fails(portal, path)
    assert run.error_code == "not-json"
    assert "Guest network" in run.error_cause
    logged = next(m for m in caplog.messages if "Guest network" in m)
    quoted = logged.partition(": ")[2]
    assert 100 < len(quoted) <= 200
    assert "\x1b" not in logged
    token = trial.simulator.app_token
    assert token is None or token.value not in logged + run.error_cause
    assert trial.simulator.calls[path] <= THREADS  # no second try
    trial.heals()


SHAPES: dict[str, tuple[tuple[Effect, str], ...]] = {
    "shape": (
        (effects.result_null(), LISTSUB),
        (effects.result_null(), LIST),
        (effects.result_null(), DEPARTMENT),
        (effects.result_a_list(), LISTSUB),
        (effects.result_a_list(), LIST),
        (effects.no_result(), LISTSUB),
        (effects.no_result(), LIST),
        (effects.without("list"), LIST),
        (effects.without("has_more"), LIST),
        (effects.altered(lambda content: {"errcode": 0, "errmsg": "ok"}), SCOPES),
        (effects.altered(lambda content: [content]), LIST),
        (effects.altered(lambda content: "ok"), LISTSUB),
        (effects.altered(lambda content: {}), LIST),
        (effects.altered(lambda content: content | {"errcode": None}), LIST),
        (effects.altered(lambda content: content | {"errcode": False}), LIST),
    )
}


NOBODY: list[dict[str, object]] = [{"result": None}, {}, {"result": []}, {"result": {}}]


def instead(body: Any) -> Effect:
    """This JSON, whatever the true answer is."""
    return effects.altered(lambda content: body)


def renamed(content: dict[str, Any]) -> None:
    """The key of a person under another name."""
    for person in content["result"]["list"]:
        person["userId"] = person.pop("userid")


def test_an_answer_of_another_shape_is_never_an_empty_list(trial: Trial) -> None:
    """F-39: the run fails; a record that alone is wrong is left out, and it is partial.

    The row's `Incomplete` is `failed` where a whole answer cannot be read. Numbers and
    switches printed as text are read, as DingTalk's own documentation prints them.
    """
    for code, shapes in SHAPES.items():
        for effect, path in shapes:
            run = trial.fails(effect, path)
            assert run.error_code == code, (path, run.error_cause)
            trial.simulator.faults.clear()
    run = trial.meets(effects.altered(renamed), LIST)
    assert run.state == State.PARTIAL
    assert run.missing[0]["kind"] == "malformed"
    trial.simulator.faults.clear()
    for nobody in NOBODY:  # about one person: that one stays
        run = trial.meets(instead({"errcode": 0} | nobody), GET)
        assert run.state == State.PARTIAL
        assert trial.leaver in {fault["where"] for fault in run.missing}
        assert trial.leaver in active()
        trial.simulator.faults.clear()
    trial.simulator.faults.add("everything_text", "/topapi/*")
    assert trial.sync().state == State.SUCCESS
    assert_equal(trial.idp, trial.company)
    trial.heals()


def test_an_answer_without_an_end_is_cut(far_trial: Trial, settings: Any) -> None:
    """F-40: 100 MB, few bytes that unpack to as many, nesting without a floor."""
    trial = far_trial
    settings.DINGTALK_TIMEOUTS = (3.0, 10.0, 20.0)
    for effect, code in (
        (effects.huge(100), "too-large"),
        (effects.gzip_bomb(100), "too-large"),
        (effects.deep(), "deep"),
    ):
        run = trial.fails(effect, SCOPES)
        assert (run.error_code, trial.simulator.calls[SCOPES]) == (code, 1)
        assert "too large" in run.error_cause or code == "deep"
        trial.simulator.faults.clear()
    trial.heals()
