"""Calls with a token, pacing and retries, against the simulator."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from identity.connectors import errors
from identity.connectors.base import CrawlStopped
from identity.connectors.dingtalk import client as calls
from identity.connectors.dingtalk import tokens
from identity.connectors.dingtalk.calling import TOKEN, Patience
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from tests.connectors.conftest import CountingGate

pytestmark = pytest.mark.alone

MakeClient = Callable[..., Client]


@pytest.fixture
def make_client(
    credentials: dict[str, str], gate: CountingGate
) -> Iterator[MakeClient]:
    made: list[Client] = []

    def make(**options: Any) -> Client:
        changed = credentials | options.pop("credentials", {})
        options.setdefault("pause", lambda seconds: False)
        made.append(Client(changed, options.pop("gate", gate), **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


# --- tokens ---


def test_sixteen_threads_ask_for_one_token(
    client: Client, simulator: Simulator
) -> None:
    """F-50: refreshed once however many threads ask."""
    simulator.latency = 0.02
    together = threading.Barrier(16)

    def ask() -> bool:
        together.wait()
        return client.scopes().value.whole

    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(ask) for _ in range(16)]
    assert all(answer.result() for answer in answers)
    assert simulator.calls[TOKEN] == 1
    assert client.calls == 17


def test_a_token_is_shared_by_all_clients_of_an_app(
    make_client: MakeClient, simulator: Simulator
) -> None:
    for _client in range(3):
        make_client().scopes()
    assert simulator.calls[TOKEN] == 1


def test_another_secret_gets_a_token_of_its_own(
    client: Client, make_client: MakeClient, simulator: Simulator
) -> None:
    client.scopes()
    with pytest.raises(errors.CredentialsRejected):
        make_client(credentials={"app_secret": "another-secret"}).scopes()
    assert simulator.calls[TOKEN] == 2


def test_sixteen_threads_with_a_dead_token_ask_for_one_new_one(
    client: Client, simulator: Simulator
) -> None:
    """F-50: 40014 in the middle of a run is one refresh, and every call goes on."""
    client.scopes()
    simulator.revoke_tokens()
    together = threading.Barrier(16)

    def ask() -> int:
        together.wait()
        return client.user_count().value

    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(ask) for _ in range(16)]
    assert {answer.result() for answer in answers} == {40}
    assert simulator.calls[TOKEN] == 2


@pytest.mark.parametrize("code", ["40014", "42001"])
def test_a_token_that_is_refused_twice_is_a_matter_of_credentials(
    client: Client, simulator: Simulator, code: str
) -> None:
    """F-50: second failure ends it; no hammering."""
    simulator.faults.add(effects.token_invalid(code), calls.USER_COUNT)
    with pytest.raises(errors.CredentialsRejected) as caught:
        client.user_count()
    assert caught.value.code == code
    assert simulator.calls[calls.USER_COUNT] == 2


def test_a_token_is_renewed_before_it_ends(
    client: Client, simulator: Simulator
) -> None:
    simulator.token_lifetime = 1
    client.scopes()
    time.sleep(0.95)
    client.scopes()
    assert simulator.calls[TOKEN] == 2
    assert simulator.calls[calls.SCOPES] == 2


def test_a_fresh_token_is_asked_for_whatever_is_kept(
    client: Client, simulator: Simulator
) -> None:
    client.scopes()
    client.fresh_token()
    assert simulator.calls[TOKEN] == 2


def test_an_error_of_the_one_who_asks_reaches_all_who_wait() -> None:
    slot = tokens.TokenSlot()
    waiting = threading.Event()
    asked: list[int] = []

    def fetch() -> tokens.Token:
        asked.append(1)
        waiting.wait(5)
        raise errors.CredentialsRejected("no")

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(slot.get, fetch) for _ in range(4)]
        time.sleep(0.1)
        waiting.set()
        for answer in answers:
            with pytest.raises(errors.CredentialsRejected):
                answer.result()
    assert asked == [1]


def test_a_stopped_reader_does_not_stop_those_who_waited_for_its_token() -> None:
    slot = tokens.TokenSlot()
    begun, go_on = threading.Event(), threading.Event()

    def stopped() -> tokens.Token:
        begun.set()
        go_on.wait(5)
        raise CrawlStopped

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slot.get, stopped)
        begun.wait(5)
        second = pool.submit(slot.get, lambda: tokens.Token.lasting("t", 7200))
        time.sleep(0.05)
        go_on.set()
        with pytest.raises(CrawlStopped):
            first.result()
        assert second.result() == "t"


def test_blank_credentials_are_told_without_a_call(
    make_client: MakeClient, simulator: Simulator
) -> None:
    with pytest.raises(errors.CredentialsRejected, match="not set"):
        make_client(credentials={"app_secret": ""}).scopes()
    assert not simulator.calls


# --- retries ---


class Waits:
    """Remembers how long a client wanted to wait."""

    def __init__(self, stopped_after: int = 99) -> None:
        self.seconds: list[float] = []
        self._stopped_after = stopped_after

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) > self._stopped_after


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.mark.parametrize(
    "fault",
    [
        effects.busy(),
        effects.backend_timeout(),
        effects.http_error(502),
        effects.http_error(503),
        effects.http_error(504),
        effects.broken("reset"),
        effects.broken("timeout"),
        effects.broken("refused"),
        effects.broken("dns"),
        effects.truncated(),
        effects.cut_off(),
    ],
)
def test_a_passing_trouble_is_tried_again_and_then_read(
    make_client: MakeClient,
    simulator: Simulator,
    waits: Waits,
    fault: effects.Effect,
) -> None:
    """F-33, F-34, F-35, F-37."""
    simulator.faults.add(fault, calls.USER_COUNT, times=2)
    assert make_client(pause=waits).user_count().value == 40
    assert simulator.calls[calls.USER_COUNT] == 3
    assert len(waits.seconds) == 2


@pytest.mark.parametrize(
    "fault", [effects.busy(), effects.http_error(502), effects.truncated()]
)
def test_a_lasting_trouble_is_given_up_after_three_more_tries(
    make_client: MakeClient,
    simulator: Simulator,
    waits: Waits,
    fault: effects.Effect,
    settings: Any,
) -> None:
    """F-33, R6: waits grow, jittered, within 0.5 to 30 seconds."""
    settings.DINGTALK_RETRY_BASE = 1.0
    simulator.faults.add(fault, calls.USER_COUNT)
    with pytest.raises(errors.Unreachable):
        make_client(pause=waits).user_count()
    assert simulator.calls[calls.USER_COUNT] == 4
    assert len(waits.seconds) == 3
    assert waits.seconds == sorted(waits.seconds)
    assert all(0.5 <= seconds <= 30 for seconds in waits.seconds)


def test_waits_are_jittered(
    make_client: MakeClient, simulator: Simulator, waits: Waits
) -> None:
    simulator.faults.add("busy", calls.USER_COUNT)
    random.seed()
    for _try in range(3):
        with pytest.raises(errors.Unreachable):
            make_client(pause=waits).user_count()
    assert len(set(waits.seconds)) == 9


def test_a_tls_failure_is_not_tried_again(
    make_client: MakeClient, simulator: Simulator, waits: Waits
) -> None:
    """F-34."""
    simulator.faults.add(effects.broken("tls"), calls.USER_COUNT)
    with pytest.raises(errors.Unreachable) as caught:
        make_client(pause=waits).user_count()
    assert caught.value.reason == "tls"
    assert waits.seconds == []


def test_a_limit_is_waited_for_as_long_as_it_says(
    make_client: MakeClient, simulator: Simulator, waits: Waits
) -> None:
    """F-32: the window's end stands in the text."""
    simulator.faults.add(effects.platform_busy(wait=8), calls.USER_COUNT, times=1)
    assert make_client(pause=waits).user_count().value == 40
    assert len(waits.seconds) == 1
    assert 6.5 <= waits.seconds[0] <= 9


def test_a_lasting_limit_is_given_up_after_four_tries(
    make_client: MakeClient, simulator: Simulator, waits: Waits
) -> None:
    """F-32."""
    simulator.faults.add("too_fast", calls.USER_COUNT)
    with pytest.raises(errors.Throttled):
        make_client(pause=waits).user_count()
    assert simulator.calls[calls.USER_COUNT] == 4
    assert all(seconds >= 1 for seconds in waits.seconds)


@pytest.mark.parametrize("fault", ["quota_used_up", "banned_json"])
def test_what_no_short_wait_mends_is_not_tried_again(
    make_client: MakeClient, simulator: Simulator, waits: Waits, fault: str
) -> None:
    """F-32: the month's quota, and the five minutes of a banned address."""
    simulator.faults.add(fault, calls.USER_COUNT)
    with pytest.raises(errors.Throttled) as caught:
        make_client(pause=waits).user_count()
    assert caught.value.quota is (fault == "quota_used_up")
    assert simulator.calls[calls.USER_COUNT] == 1
    assert waits.seconds == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("address_refused", errors.AddressRejected),
        ("permission_withdrawn", errors.PermissionMissing),
        ("app_stopped", errors.CredentialsRejected),
        (effects.error("60121"), errors.Gone),
        (effects.error("50004"), errors.OutOfScope),
        (effects.error("31415"), errors.Unexpected),
        ("banned_page", errors.Unexpected),
        ("deep", errors.Unexpected),
        (effects.huge(9), errors.Unexpected),
        (effects.gzip_bomb(9), errors.Unexpected),
    ],
)
def test_what_is_not_passing_is_not_tried_again(
    make_client: MakeClient,
    simulator: Simulator,
    waits: Waits,
    fault: str | effects.Effect,
    kind: type[errors.ConnectorError],
) -> None:
    """F-38, F-40, F-51, R7."""
    simulator.faults.add(fault, calls.USER_COUNT)
    with pytest.raises(kind):
        make_client(pause=waits).user_count()
    assert simulator.calls[calls.USER_COUNT] == 1
    assert waits.seconds == []


def test_a_wait_can_be_stopped(make_client: MakeClient, simulator: Simulator) -> None:
    simulator.faults.add("busy", calls.USER_COUNT)
    waits = Waits(stopped_after=1)
    with pytest.raises(CrawlStopped):
        make_client(pause=waits).user_count()
    assert len(waits.seconds) == 2


def test_a_stopped_client_sends_nothing(
    make_client: MakeClient, simulator: Simulator
) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(CrawlStopped):
        make_client(stopped=stopped).scopes()
    assert not simulator.calls


def test_without_patience_nothing_is_repeated(
    make_client: MakeClient, simulator: Simulator
) -> None:
    simulator.faults.add("busy", calls.USER_COUNT)
    with pytest.raises(errors.Unreachable):
        make_client(patience=Patience(0, 0)).user_count()
    assert simulator.calls[calls.USER_COUNT] == 1


# --- the gate ---


def test_every_request_passes_the_gate_at_a_little_below_the_rate(
    client: Client, gate: CountingGate, settings: Any
) -> None:
    """Measured: at 95 per cent of the limit nothing is refused."""
    settings.DINGTALK_RATE = 20.0
    client.scopes()
    client.members("1")
    assert gate.rates[calls.SCOPES] == {19.0}
    assert gate.rates[calls.MEMBERS] == {19.0}
    assert gate.rates[TOKEN] == {0.0}
    assert sum(map(len, gate.passed.values())) == client.calls == 3


class PacingGate(CountingGate):
    """Spaces calls of a path evenly, in one process."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, float] = {}
        self._turns = threading.Lock()
        self.at: dict[str, list[float]] = {}

    def enter(self, app: str, path: str, rate: float) -> int:
        if rate:
            with self._turns:
                mine = max(time.monotonic(), self._next.get(path, 0.0))
                self._next[path] = mine + 1 / rate
            time.sleep(max(0.0, mine - time.monotonic()))
        self.at.setdefault(path, []).append(time.monotonic())
        return super().enter(app, path, rate)


def test_calls_are_spaced_by_the_gate_and_none_is_refused(
    make_client: MakeClient, simulator: Simulator, settings: Any
) -> None:
    settings.DINGTALK_RATE = simulator.rate = 40
    pacer = PacingGate()
    client = make_client(gate=pacer)
    client.scopes()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _n: client.user_count(), range(30)))
    at = sorted(pacer.at[calls.USER_COUNT])
    assert not simulator.refused
    assert at[-1] - at[0] >= 29 / 38 - 0.05


def test_the_number_of_a_read_is_taken_before_it_is_sent(
    client: Client, gate: CountingGate
) -> None:
    read = client.user_count()
    assert gate.passed[calls.USER_COUNT] == [read.number]


def test_a_refused_read_has_its_number_too(client: Client, gate: CountingGate) -> None:
    with pytest.raises(errors.Gone) as caught:
        client.user("nobody")
    assert gate.passed[calls.USER] == [caught.value.read]


def test_an_answer_of_the_wrong_shape_has_its_number_too(
    client: Client, gate: CountingGate, simulator: Simulator
) -> None:
    simulator.faults.add("result_null", calls.USER)
    with pytest.raises(errors.Unexpected) as caught:
        client.user(next(iter(simulator.company.people)))
    assert gate.passed[calls.USER] == [caught.value.read]


# --- logs ---


def test_a_call_is_one_line_of_path_code_and_time_and_holds_no_secret(
    client: Client, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.scopes()
    with pytest.raises(errors.Gone):
        client.user("nobody")
    client.corp_token(simulator.corp_id)
    lines = [r.getMessage() for r in caplog.records if r.name.endswith("calling")]
    assert [line.split()[0] for line in lines] == [
        TOKEN, calls.SCOPES, calls.USER, calls.CORP_TOKEN,
    ]  # fmt: skip
    assert lines[2].split()[1] == "60121"
    assert all(line.endswith(" ms") for line in lines)
    assert simulator.app_token is not None
    for secret in (simulator.app_token.value, simulator.app_secret):
        assert secret not in caplog.text


# --- the company of a CorpId ---


def test_the_companys_own_corp_id_is_accepted(
    client: Client, simulator: Simulator
) -> None:
    client.corp_token(simulator.corp_id)
    assert simulator.calls[calls.CORP_TOKEN] == 1


@pytest.mark.parametrize("corp_id", ["dingother", "ding/../x?y", "ding 1%2f"])
def test_a_foreign_or_strange_corp_id_is_refused_as_one_path_segment(
    client: Client, simulator: Simulator, corp_id: str
) -> None:
    with pytest.raises(errors.ConnectorError):
        client.corp_token(corp_id)
