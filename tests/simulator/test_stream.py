"""The simulator's stream mode, met by a client that is not the product's."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from identity.connectors.dingtalk.simulator.api import OPEN_STREAM, Simulator
from identity.connectors.dingtalk.simulator.records import Event
from tests.running.program import eventually
from tests.simulator.conftest import API, Caller

pytestmark = pytest.mark.alone

LEFT = Event("user_leave_org", ("u1",))


def ask(caller: Caller, **changes: str) -> tuple[int, dict[str, Any]]:
    """What the gateway says."""
    app = caller.simulator
    keys = {"clientId": app.app_key, "clientSecret": app.app_secret}
    subscriptions = [{"type": "EVENT", "topic": "*"}]
    body = {**keys, "subscriptions": subscriptions} | changes
    answer = caller.session.post(f"{API}{OPEN_STREAM}", json=body)
    return answer.status_code, answer.json()


@contextmanager
def joined(caller: Caller) -> Iterator[ClientConnection]:
    """A connection that the simulator knows of."""
    _status, named = ask(caller)
    stream = caller.simulator.stream
    before = stream.connections
    address = f"{named['endpoint']}?ticket={named['ticket']}"
    with connect(address, proxy=None, close_timeout=0.5) as link:
        assert eventually(lambda: stream.connections > before, within=5)
        yield link


def heard(link: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(link.recv(5))
    return frame


def reply(link: ClientConnection, frame: dict[str, Any], status: str) -> None:
    headers = {"messageId": frame["headers"]["messageId"]}
    data = json.dumps({"status": status})
    link.send(json.dumps({"code": 200, "headers": headers, "data": data}))


def test_the_gateway_wants_key_and_secret(caller: Caller) -> None:
    status, named = ask(caller)
    assert status == 200
    assert named["endpoint"].startswith("ws://127.0.0.1:")
    status, refused = ask(caller, clientSecret="wrong")
    assert (status, refused["code"]) == (401, "authFailed")


def test_a_ticket_is_good_once_and_for_a_while(
    caller: Caller, simulator: Simulator
) -> None:
    _status, named = ask(caller)
    address = f"{named['endpoint']}?ticket={named['ticket']}"
    with connect(address, proxy=None, close_timeout=0.5):
        assert eventually(lambda: simulator.stream.connections == 1, within=5)
        with pytest.raises(InvalidStatus) as caught, connect(address, proxy=None):
            pass
        assert caught.value.response.status_code == 401
    simulator.stream.ticket_lifetime = 0.0
    with pytest.raises(InvalidStatus), joined(caller):
        pass
    with pytest.raises(InvalidStatus), connect(named["endpoint"], proxy=None):
        pass


def test_a_frame_looks_like_dingtalks(caller: Caller, simulator: Simulator) -> None:
    with joined(caller) as link:
        person = simulator.company.hire("New")
        frame = heard(link)
        simulator.company.rename(person.userid, "Newer")
        changed = [heard(link), heard(link)][-1]
    headers, data = frame["headers"], json.loads(frame["data"])
    assert frame["specVersion"] == "1.0"
    assert (frame["type"], headers["topic"]) == ("EVENT", "*")
    assert headers["eventType"] == "user_add_org"
    assert headers["eventCorpId"] == simulator.corp_id
    assert abs(int(headers["eventBornTime"]) / 1000 - time.time()) < 60
    assert data["userId"] == [person.userid]
    assert headers["eventId"] == data["eventId"]
    assert "EventType" not in data
    assert json.loads(changed["data"])["diffInfo"][0]["curr"] == {"name": "Newer"}


def test_later_and_silence_bring_the_same_event_again(
    caller: Caller, simulator: Simulator
) -> None:
    simulator.stream.patience, simulator.stream.gaps = 0.1, (0.01, 0.01)
    with joined(caller) as link:
        simulator.stream.push(LEFT)
        frames = [heard(link)]
        reply(link, frames[0], "LATER")
        frames += [heard(link), heard(link)]  # the second one is left alone
        reply(link, frames[2], "SUCCESS")
        assert eventually(lambda: len(simulator.stream.log) == 3, within=5)
    assert len({frame["headers"]["eventId"] for frame in frames}) == 1
    assert len({frame["headers"]["messageId"] for frame in frames}) == 3
    assert [why for _kind, why in simulator.stream.log] == [
        "LATER",
        "timeout",
        "SUCCESS",
    ]
    assert simulator.failed.items == []


def test_what_nobody_takes_goes_to_the_failed_list(
    caller: Caller, simulator: Simulator
) -> None:
    simulator.stream.gaps = (0.01, 0.01)
    ask(caller)
    simulator.stream.push(LEFT)
    assert eventually(lambda: simulator.failed.items, within=5)
    assert [why for _kind, why in simulator.stream.log] == ["nobody is connected"] * 3
    _shown, item = simulator.failed.items[0]
    assert item["call_back_tag"] == "user_leave_org"


def test_each_event_goes_to_one_of_several_connections(
    caller: Caller, simulator: Simulator
) -> None:
    with joined(caller) as one, joined(caller) as other:
        assert simulator.stream.connections == 2
        for _ in range(20):
            simulator.stream.push(LEFT)
        got = []
        for link in (one, other):
            while True:
                try:
                    got.append(json.loads(link.recv(0.2))["headers"]["eventId"])
                except TimeoutError:
                    break
    assert len(got) == len(set(got)) == 20


def test_ping_and_disconnect(caller: Caller, simulator: Simulator) -> None:
    simulator.stream.linger = 0.05
    with joined(caller) as link:
        simulator.stream.ping("o-9")
        assert json.loads(heard(link)["data"]) == {"opaque": "o-9"}
        simulator.stream.disconnect()
        assert heard(link)["headers"]["topic"] == "disconnect"
        with pytest.raises(ConnectionClosed):
            link.recv(5)


def test_nothing_is_pushed_before_somebody_asked_and_after_the_end(
    caller: Caller, simulator: Simulator
) -> None:
    simulator.company.hire("Before")
    with joined(caller) as link:
        simulator.stream.stop()
        with pytest.raises(ConnectionClosed):
            link.recv(5)
    simulator.company.hire("After")
    assert simulator.stream.log == []
    assert simulator.company.listeners == []
