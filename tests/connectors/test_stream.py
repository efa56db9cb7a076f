"""Stream mode: real sockets on loopback, the simulator's gateway at the other end."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from identity.connectors.dingtalk import channel, frames
from identity.connectors.dingtalk.answers import Gateway
from identity.connectors.dingtalk.client import STREAM
from identity.connectors.dingtalk.connector import DingTalk
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Event as Pushed
from identity.connectors.errors import (
    ConnectorError,
    CredentialsRejected,
    Foreign,
    Throttled,
    Unexpected,
    Unreachable,
)
from identity.connectors.records import Event, EventKind
from tests.connectors.conftest import CountingGate
from tests.running.program import eventually

pytestmark = pytest.mark.alone

SOON = 10.0
LEFT = Pushed("user_leave_org", ("u1", "u2"))


@dataclass
class Holder:
    """A connector's `stream` in a thread, and what it handed out."""

    dingtalk: DingTalk
    refuse: int = 0
    """How many deliveries fail from now on."""
    kept: list[Event] = field(default_factory=list)
    reports: list[ConnectorError | None] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    before_keeping: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(
            target=self.dingtalk.stream,
            args=(self._deliver, self.stopped.is_set, self.reports.append),
            daemon=True,
        )

    def start(self) -> "Holder":
        self.thread.start()
        return self

    def end(self) -> None:
        self.stopped.set()
        self.thread.join(SOON)
        assert not self.thread.is_alive()

    def wait(self, ask: Callable[["Holder"], object]) -> None:
        assert eventually(lambda: ask(self), within=SOON), (self.kept, self.reports)

    def error(self) -> ConnectorError:
        """The first that was reported."""
        self.wait(lambda me: any(me.reports))
        return next(filter(None, self.reports))

    def _deliver(self, event: Event) -> None:
        self.before_keeping()
        if self.refuse:
            self.refuse -= 1
            raise OSError("the disk is full")
        self.kept.append(event)


@pytest.fixture
def make_holder(simulator: Simulator, gate: CountingGate) -> Iterator[Any]:
    """Holders with these credentials; all end with the test."""
    made: list[Holder] = []

    def make(credentials: dict[str, str]) -> Holder:
        made.append(Holder(DingTalk(credentials, gate)))
        return made[-1]

    yield make
    for holder in made:
        if holder.thread.ident is not None:
            holder.end()


@pytest.fixture
def holder(make_holder: Any, credentials: dict[str, str]) -> Holder:
    """One that has not begun."""
    held: Holder = make_holder(credentials)
    return held


@pytest.fixture
def connected(holder: Holder, simulator: Simulator) -> Holder:
    """One whose connection stands."""
    holder.start().wait(lambda me: me.reports)
    assert holder.reports == [None]
    assert eventually(lambda: simulator.stream.connections == 1, within=SOON)
    return holder


def frame(**changes: Any) -> str:
    """An EVENT frame, some of it changed."""
    headers = {"topic": "*", "messageId": "m1", "eventType": "user_leave_org"}
    data = json.dumps({"userId": ["u1"]})
    return json.dumps(
        {"type": "EVENT", "headers": headers, "data": data} | changes,
        ensure_ascii=False,
    )


def last_reply(simulator: Simulator, number: int = 1) -> dict[str, Any]:
    assert eventually(lambda: len(simulator.stream.replies) >= number, within=SOON)
    return simulator.stream.replies[number - 1]


def test_what_happens_in_the_company_arrives_as_events(
    connected: Holder, simulator: Simulator
) -> None:
    person = simulator.company.hire("New")
    simulator.company.rename(person.userid, "Newer")
    made = simulator.company.add_department("Lab")
    connected.wait(lambda me: len(me.kept) == 4)
    by_kind = {event.kind: event for event in connected.kept}
    assert by_kind[EventKind.JOINED].userids == (person.userid,)
    assert by_kind[EventKind.DEPARTMENT_CREATED].departments == (str(made.id),)
    joined = by_kind[EventKind.JOINED]
    assert joined.born_at
    assert joined.sent_at is None
    assert json.loads(joined.body)["userId"] == [person.userid]
    assert eventually(lambda: len(simulator.stream.log) == 4, within=SOON)
    assert {status for _kind, status in simulator.stream.log} == {"SUCCESS"}


def test_F60_the_id_of_an_event_is_its_key_whatever_copy_it_is(
    connected: Holder, simulator: Simulator
) -> None:
    simulator.stream.push(LEFT, copies=3)
    connected.wait(lambda me: len(me.kept) == 3)
    assert len({event.key for event in connected.kept}) == 1
    simulator.stream.push(LEFT)
    connected.wait(lambda me: len({event.key for event in me.kept}) == 2)


def test_success_is_said_only_after_the_event_was_kept(
    connected: Holder, simulator: Simulator
) -> None:
    begun, keeping = threading.Event(), threading.Event()
    connected.before_keeping = lambda: begun.set() or keeping.wait(SOON)  # type: ignore[func-returns-value]
    simulator.stream.push(LEFT)
    assert begun.wait(SOON)
    simulator.stream.ping()  # what is behind it waits too: one after the other
    assert not eventually(lambda: simulator.stream.replies, within=0.3)
    keeping.set()
    assert eventually(lambda: simulator.stream.log, within=SOON)
    assert simulator.stream.log == [("user_leave_org", "SUCCESS")]
    assert len(connected.kept) == 1


def test_what_could_not_be_kept_is_sent_again(
    connected: Holder, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.stream.gaps = (0.05, 0.05, 0.05)
    connected.refuse = 2
    simulator.stream.push(LEFT)
    connected.wait(lambda me: me.kept)
    assert eventually(lambda: len(simulator.stream.log) == 3, within=SOON)
    assert [status for _kind, status in simulator.stream.log] == [
        "LATER",
        "LATER",
        "SUCCESS",
    ]
    assert simulator.failed.items == []
    assert "the disk is full" in caplog.text


def test_an_answer_that_comes_too_late_brings_a_copy(
    connected: Holder, simulator: Simulator
) -> None:
    simulator.stream.patience, simulator.stream.gaps = 0.05, (0.01,)
    slow = threading.Event()
    connected.before_keeping = lambda: slow.wait(0.2)
    simulator.stream.push(LEFT)
    connected.wait(lambda me: len(me.kept) == 2)
    assert connected.kept[0] == connected.kept[1]


def test_a_ping_is_answered_with_its_own_word(
    connected: Holder, simulator: Simulator
) -> None:
    message_id = simulator.stream.ping("o-77")
    reply = last_reply(simulator)
    assert reply["code"] == 200
    assert reply["headers"]["messageId"] == message_id
    assert json.loads(reply["data"]) == {"opaque": "o-77"}


def test_after_disconnect_another_connection_is_opened_and_nothing_is_lost(
    connected: Holder, simulator: Simulator
) -> None:
    simulator.stream.patience, simulator.stream.gaps = 0.2, (0.05,) * 20
    simulator.stream.disconnect()
    simulator.stream.push(LEFT)
    connected.wait(lambda me: me.reports[1:] == [None])
    connected.wait(lambda me: me.kept)
    assert simulator.calls[STREAM] == 2
    assert eventually(lambda: simulator.stream.connections == 1, within=SOON)
    assert not any("disconnect" in str(r) for r in simulator.stream.replies)


def test_a_connection_that_breaks_is_said_and_opened_again_with_a_new_ticket(
    connected: Holder, simulator: Simulator
) -> None:
    simulator.stream.drop()
    connected.wait(lambda me: len(me.reports) == 3)
    assert [type(one) for one in connected.reports] == [
        type(None),
        Unreachable,
        type(None),
    ]
    simulator.stream.push(LEFT)
    connected.wait(lambda me: me.kept)


@pytest.mark.parametrize("lifetime", [0.0, 90.0], ids=["old", "used"])
def test_a_ticket_that_is_not_good_any_more_is_replaced(
    holder: Holder, simulator: Simulator, lifetime: float
) -> None:
    simulator.stream.ticket_lifetime = lifetime
    if lifetime:
        used = simulator.stream.open()[1]
        simulator.stream._tickets.clear()
        give_used = effects.altered(lambda content: content | {"ticket": used})
        simulator.faults.add(give_used, STREAM, nth=1)
    holder.start()
    assert holder.error().code == "401"
    simulator.stream.ticket_lifetime = 90.0
    holder.wait(lambda me: me.reports[-1] is None)


def test_wrong_credentials_are_said_and_not_logged(
    make_holder: Any, credentials: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    holder = make_holder(credentials | {"app_secret": "wrong-secret-canary"}).start()
    error = holder.error()
    assert isinstance(error, CredentialsRejected)
    assert error.code == "authFailed"
    assert "AppSecret" in error.message
    assert "canary" not in caplog.text + error.words
    blank = make_holder(credentials | {"app_secret": ""}).start()
    assert blank.error().code == "blank"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("busy", Unreachable),
        ("too_fast", Throttled),
        ("deep", Foreign),
        (effects.altered(lambda content: {"endpoint": "wss://x.test/"}), Unexpected),
        (effects.broken("dns"), Unreachable),
    ],
    ids=["busy", "too fast", "deep", "no ticket", "dns"],
)
def test_faults_of_the_gateway_are_said_and_tried_again(
    holder: Holder,
    simulator: Simulator,
    fault: Any,
    kind: type[ConnectorError],
) -> None:
    simulator.faults.add(fault, STREAM, times=1)
    holder.start()
    assert isinstance(holder.error(), kind)
    if kind is not Throttled:  # which waits as long as it is told
        holder.wait(lambda me: me.reports[-1] is None)


ODD = (
    "",
    "hello",
    "[]",
    "{}",
    b"\xff\xfe\x00",
    '{"type": "EVENT"}',
    '{"headers": []}',
    "[" * 5000,
    frame(headers={"topic": "*", "eventType": "user_leave_org"}, data="x"),
    frame(type="NEWS", headers={"topic": "x"}),
    frame(type=5, headers={"topic": 7, "messageId": {"a": 1}}),
    frame(headers={"topic": "*", "messageId": "中", "eventType": "x"}, data="["),
)


def test_garbage_does_not_end_the_stream(
    connected: Holder, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    for message in ODD:
        simulator.stream.say(message)
    simulator.stream.push(LEFT)
    connected.wait(lambda me: me.kept)
    assert connected.reports == [None]
    assert [event.name for event in connected.kept] == ["user_leave_org"]
    assert caplog.text.count("that is no event") == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (frame(type="CALLBACK"), 404),
        (frame(type="NEWS"), 404),
        (frame(data="no json"), 500),
        (frame(data="[]"), 500),
        (frame(headers={"messageId": "m1", "topic": "*"}), 500),
        (frame(data=json.dumps({"userId": ["u" * 70_000]})), 500),
    ],
    ids=["callback", "unknown", "not json", "no object", "no type", "too large"],
)
def test_what_is_no_event_is_answered_politely_and_not_kept(
    connected: Holder, simulator: Simulator, message: str, code: int
) -> None:
    simulator.stream.say(message)
    reply = last_reply(simulator)
    assert (reply["code"], reply["headers"]["messageId"]) == (code, "m1")
    assert connected.kept == []


def test_F63_unknown_events_are_handed_on_like_known_ones(
    connected: Holder, simulator: Simulator
) -> None:
    headers = {"messageId": "m1", "eventType": "chat_update_title", "eventId": "e1"}
    simulator.stream.say(frame(headers=headers, data='{"openChatId": "中\\ud83d"}'))
    connected.wait(lambda me: me.kept)
    assert last_reply(simulator)["code"] == 200
    (event,) = connected.kept
    assert (event.key, event.kind) == ("e1", EventKind.OTHER)


def test_events_without_an_id_are_told_apart_by_what_they_say() -> None:
    def key(**changes: Any) -> str:
        headers = {"eventType": "org_dept_modify", "eventBornTime": "1767225600000"}
        text = frame(headers=headers | changes, data='{"deptId": [1]}')
        return frames.read(text.encode()).event().key

    assert key() == key(messageId="another try")
    different = {key(), key(eventBornTime="1767225600001"), key(eventType="x")}
    assert len(different) == 3


def test_a_message_without_measure_ends_the_connection_and_not_the_stream(
    connected: Holder, simulator: Simulator
) -> None:
    simulator.stream.say("x" * (channel.MOST_BYTES + 1))
    assert connected.error().code == "too-large"
    connected.wait(lambda me: me.reports[-1] is None)


def test_a_dead_peer_is_noticed(
    holder: Holder, simulator: Simulator, settings: Any
) -> None:
    """It takes what we send, and never says anything again."""
    settings.DINGTALK_STREAM_PING = (0.1, 0.2)
    holder.start().wait(lambda me: me.reports)
    assert eventually(lambda: simulator.stream.connections == 1, within=SOON)
    (link,) = simulator.stream._links
    with link.protocol_mutex:  # the peer's thread hangs
        holder.wait(lambda me: any(me.reports))
    assert holder.error().code == "network"


def test_it_stops_within_a_second(connected: Holder, simulator: Simulator) -> None:
    connected.stopped.set()
    connected.thread.join(1.0)
    assert not connected.thread.is_alive()
    assert eventually(lambda: simulator.stream.connections == 0, within=SOON)
    assert connected.reports == [None]


def test_it_stops_in_a_pause_too(
    holder: Holder, simulator: Simulator, settings: Any
) -> None:
    settings.DINGTALK_RETRY_BASE = 100.0
    simulator.faults.add("busy", STREAM)
    holder.start().wait(lambda me: me.reports)
    holder.stopped.set()
    holder.thread.join(1.0)
    assert not holder.thread.is_alive()


@pytest.mark.parametrize(
    "endpoint",
    [
        "ws://198.51.100.7/connect",
        "ws://example.test/connect",
        "https://127.0.0.1/connect",
        "wss://",
        "wss://user@example.test/connect",
        "wss://example.test:99999/",
        "wss://example.test/#x",
        "ws://[::1/",
        "",
    ],
)
def test_only_tls_or_this_machine_is_connected_to(endpoint: str) -> None:
    with pytest.raises(Unexpected) as caught, _opened(endpoint):
        pass
    assert caught.value.code == "endpoint"


def _opened(endpoint: str) -> Any:
    return channel.opened(Gateway(endpoint, "t-canary"), lambda: False)


def _serve(answer: bytes) -> int:
    """A port on which everybody gets this answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def work() -> None:
        with listener:
            peer, _address = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(answer)

    threading.Thread(target=work, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n", "handshake"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "handshake"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "503"),
        (b"SSH-2.0\r\n\r\n", "handshake"),
        (b"", "network"),
    ],
    ids=["redirect", "lame redirect", "a page", "busy", "another protocol", "closed"],
)
def test_other_answers_to_the_handshake_are_said_without_the_ticket(
    answer: bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        pytest.raises(ConnectorError) as caught,
        _opened(f"ws://127.0.0.1:{_serve(answer)}/"),
    ):
        pass
    assert caught.value.code == code
    assert "canary" not in caplog.text + caught.value.words


def test_a_port_where_nobody_is_and_a_name_that_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable) as caught, _opened(f"ws://127.0.0.1:{port}/"):
        pass
    assert caught.value.code == "refused"
    with pytest.raises(Unreachable) as caught, _opened("wss://name.invalid/"):
        pass
    assert caught.value.code == "dns"


WITHOUT = """
import sys
sys.modules["websockets"] = None
import django
django.setup()
from identity.connectors.dingtalk.connector import DingTalk
from identity.connectors.dingtalk.forms import DingTalkCredentialsForm
stop = []
def report(error):
    print(error.code, error.words)
    stop.append(True)
DingTalk({"app_key": "k", "app_secret": "s"}, None).stream(print, lambda: bool(stop), report)
form = DingTalkCredentialsForm({"push_method": "stream"})
form.is_valid()
print(form.errors.get("push_method"), form.warnings())
"""


def test_without_the_package_the_error_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env=os.environ
        | {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "sasebridge.settings"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said, form = done.stdout.strip().splitlines()
    assert said.startswith("no-package Stream Mode needs the Python package websockets")
    assert "pip install websockets" in said
    assert form.startswith("None [('push_method',")
    assert done.returncode == 0, done.stderr
