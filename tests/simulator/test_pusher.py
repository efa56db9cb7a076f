"""Event pushes: what they say, what counts as received, and what follows (checklist 8)."""

import io
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from identity.connectors.dingtalk.crypto import Cipher
from identity.connectors.dingtalk.simulator import pusher as pushing
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.events import CLASSIC, batched
from identity.connectors.dingtalk.simulator.pusher import Pusher, Subscription
from identity.connectors.dingtalk.simulator.records import Event
from tests.simulator.conftest import Caller

pytestmark = pytest.mark.alone

KEY, TOKEN = "SasebridgeTestKey0123456789ABCDEFGHIJKLMNOP", "sbTestToken2026"
URL = "https://console.example.test/events/dingtalk/1/"
FAILED = "/call_back/get_call_back_failed_result"
JOINED = Event("user_add_org", ("u1", "u2"))


class Receiver(BaseAdapter):
    """The other end: opens what arrives and answers as it should, or not."""

    def __init__(self, app_key: str) -> None:
        super().__init__()
        self.cipher = Cipher(KEY, TOKEN)
        self.owner = app_key
        self.queries: list[dict[str, list[str]]] = []
        self.bodies: list[dict[str, Any]] = []
        self.answer: Callable[[], requests.Response] = self.acknowledge
        self.arrived = threading.Event()

    def acknowledge(self, word: str = "success", **changes: str) -> requests.Response:
        body = self.cipher.seal(word, self.owner).body() | changes
        return response(json.dumps(body))

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        query = parse_qs(urlsplit(request.url).query)
        self.queries.append(query)
        (signature,) = {
            values[0] for key, values in query.items() if "signature" in key
        }
        opened = self.cipher.open(
            json.loads(request.body)["encrypt"],
            signature=signature,
            timestamp=query["timestamp"][0],
            nonce=query["nonce"][0],
        )
        self.bodies.append(json.loads(opened.message))
        assert opened.owner == self.owner
        self.arrived.set()
        answer = self.answer()
        answer.request = request
        return answer

    def close(self) -> None:
        """Nothing is open."""


def response(text: str, status: int = 200, **headers: str) -> requests.Response:
    """An answer as an adapter builds it."""
    made = requests.Response()
    made.status_code = status
    made.headers.update(headers)
    made.url = URL
    made.raw = HTTPResponse(io.BytesIO(text.encode()), preload_content=False)
    return made


@pytest.fixture
def receiver(simulator: Simulator) -> Receiver:
    return Receiver(simulator.app_key)


@pytest.fixture
def naps() -> list[float]:
    """How long the pusher slept, in its own eyes."""
    return []


@pytest.fixture
def make_pusher(
    simulator: Simulator, receiver: Receiver, naps: list[float]
) -> Callable[..., Pusher]:
    def make(clock: Callable[[], float] = time.monotonic, **changes: Any) -> Pusher:
        session = requests.Session()
        session.mount("https://", receiver)
        return Pusher(
            simulator,
            Subscription(URL, TOKEN, KEY, **changes),
            session=session,
            sleep=naps.append,
            clock=clock,
        )

    return make


@pytest.fixture
def pusher(make_pusher: Callable[..., Pusher]) -> Pusher:
    return make_pusher()


def test_saving_pushes_check_url(pusher: Pusher, receiver: Receiver) -> None:
    assert pusher.check_url().fine
    assert receiver.bodies == [{"EventType": "check_url"}]


def test_the_signature_comes_under_both_names_unless_told(
    make_pusher: Callable[..., Pusher], receiver: Receiver
) -> None:
    make_pusher().check_url()
    make_pusher(signatures=("msg_signature",)).check_url()
    both, one = receiver.queries
    assert both["signature"] == both["msg_signature"]
    assert "signature" not in one


def test_the_current_spelling(
    simulator: Simulator, pusher: Pusher, receiver: Receiver
) -> None:
    assert pusher.deliver(JOINED)
    (body,) = receiver.bodies
    assert body["EventType"] == "user_add_org"
    assert body["userId"] == ["u1", "u2"]
    assert body["CorpId"] == simulator.corp_id
    assert isinstance(body["EventTime"], int)
    assert body["timeStamp"] == body["BizId"] == str(body["EventTime"])
    assert body["eventId"]


def test_the_classic_spelling(
    make_pusher: Callable[..., Pusher], receiver: Receiver
) -> None:
    classic = make_pusher(spelling=CLASSIC)
    classic.deliver(JOINED)
    classic.deliver(Event("org_dept_remove", department_ids=(5, 6)))
    user, department = receiver.bodies
    assert user["UserId"] == ["u1", "u2"]
    assert isinstance(user["TimeStamp"], str)
    assert "eventId" not in user
    assert department["DeptId"] == [5, 6]


def test_a_changed_person_carries_what_changed(
    simulator: Simulator, pusher: Pusher, receiver: Receiver
) -> None:
    person = simulator.company.hire("Old")
    simulator.company.listeners.append(pusher.deliver)
    simulator.company.rename(person.userid, "New")
    assert receiver.bodies[0]["diffInfo"] == {
        "userid": person.userid,
        "prev": {"name": "Old"},
        "curr": {"name": "New"},
    }


def test_a_failed_push_is_tried_twice_more_under_the_same_event_id(
    pusher: Pusher, receiver: Receiver, naps: list[float]
) -> None:
    receiver.answer = lambda: response("no", 500)
    assert not pusher.deliver(JOINED)
    assert naps == [10.0, 30.0]
    assert len(receiver.bodies) == 3
    assert len({body["eventId"] for body in receiver.bodies}) == 1
    assert len({query["nonce"][0] for query in receiver.queries}) == 3


def test_a_push_that_works_at_the_second_try_is_not_failed(
    simulator: Simulator, pusher: Pusher, receiver: Receiver, naps: list[float]
) -> None:
    answers = [response("no", 502), receiver.acknowledge()]
    receiver.answer = lambda: answers.pop(0)
    assert pusher.deliver(JOINED)
    assert naps == [10.0]
    assert simulator.failed.items == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response("success"), pushing.BAD_ANSWER),
        (response("{}"), pushing.BAD_ANSWER),
        (response("[]"), pushing.BAD_ANSWER),
        (response('{"encrypt": 5}'), pushing.BAD_ANSWER),
        (response("no", 400), "url地址访问异常,错误原因为:http statusCode is:400"),
        (response("", 302, location="https://x.test/"), pushing.REDIRECTED),
    ],
)
def test_other_answers_fail_with_the_consoles_own_words(
    pusher: Pusher, receiver: Receiver, answer: requests.Response, reason: str
) -> None:
    receiver.answer = lambda: answer
    assert pusher.check_url().reason == reason


def test_an_acknowledgement_must_be_sealed_rightly(
    pusher: Pusher, receiver: Receiver
) -> None:
    receiver.answer = lambda: receiver.acknowledge("fine")
    assert not pusher.check_url().fine
    receiver.answer = lambda: receiver.acknowledge(nonce="another")
    assert not pusher.check_url().fine
    receiver.owner = "somebody else"
    with pytest.raises(AssertionError):
        pusher.check_url()


def test_an_owner_other_than_the_app_key_can_be_chosen(
    simulator: Simulator, make_pusher: Callable[..., Pusher], receiver: Receiver
) -> None:
    receiver.owner = simulator.corp_id
    assert make_pusher(owner=simulator.corp_id).check_url().fine


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ReadTimeout(), pushing.TIMED_OUT),
        (requests.ConnectionError(), pushing.UNREACHABLE),
    ],
)
def test_no_answer_fails(
    pusher: Pusher, receiver: Receiver, error: Exception, reason: str
) -> None:
    def fail() -> requests.Response:
        raise error

    receiver.answer = fail
    assert pusher.check_url().reason == reason


def test_an_answer_after_two_and_a_half_seconds_is_too_late(
    make_pusher: Callable[..., Pusher],
) -> None:
    times = iter([0.0, 2.6])
    outcome = make_pusher(clock=lambda: next(times)).check_url()
    assert (outcome.reason, outcome.seconds) == (pushing.TIMED_OUT, 2.6)


def test_failed_pushes_are_handed_out_and_deleted_by_the_next_call(
    simulator: Simulator, caller: Caller, pusher: Pusher, receiver: Receiver
) -> None:
    receiver.answer = lambda: response("no", 500)
    pusher.deliver(JOINED)
    pusher.deliver(Event("org_dept_modify", department_ids=(7,)))
    answer = caller.get(FAILED)
    assert answer["has_more"] is False
    first, second = answer["failed_list"]
    assert first["call_back_tag"] == "user_add_org"
    assert first["user_add_org"] == {
        "corpid": simulator.corp_id,
        "userid": ["u1", "u2"],
    }
    assert second["org_dept_modify"]["deptid"] == [7]
    assert simulator.failed.items
    pusher.deliver(Event("user_leave_org", ("u3",)))
    later = caller.get(FAILED)["failed_list"]
    assert [item["call_back_tag"] for item in later] == ["user_leave_org"]
    assert caller.get(FAILED)["failed_list"] == []


def test_at_most_200_failed_pushes_come_at_once_and_not_at_once(
    simulator: Simulator, caller: Caller
) -> None:
    for number in range(205):
        simulator.failed.add(Event("user_leave_org", (f"u{number}",)), number)
    first, second = caller.get(FAILED), caller.get(FAILED)
    assert (len(first["failed_list"]), first["has_more"]) == (200, True)
    assert (len(second["failed_list"]), second["has_more"]) == (5, False)
    simulator.failed.delay = 240.0
    simulator.failed.add(JOINED, 1)
    assert caller.get(FAILED)["failed_list"] == []


def test_a_failed_push_is_forgotten_after_a_week(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.failed.add(JOINED, 1)
    simulator.failed.kept = 0.0
    assert caller.get(FAILED)["failed_list"] == []
    assert simulator.failed.items == []


def test_events_of_one_kind_can_be_batched() -> None:
    events = [
        Event("user_add_org", ("a",)),
        Event("user_add_org", ("b",)),
        Event("org_dept_create", department_ids=(1,)),
        Event("user_add_org", ("c",)),
    ]
    assert batched(events) == [
        Event("user_add_org", ("a", "b")),
        Event("org_dept_create", department_ids=(1,)),
        Event("user_add_org", ("c",)),
    ]


def test_duplicates_share_an_id_and_order_can_be_lost(
    pusher: Pusher, receiver: Receiver
) -> None:
    events = [Event("user_add_org", (f"u{number}",)) for number in range(6)]
    pusher.deliver_all(events, copies=2, shuffle=3)
    arrived = [body["userId"][0] for body in receiver.bodies]
    assert sorted(arrived) == sorted([f"u{number}" for number in range(6)] * 2)
    assert arrived[:6] != [f"u{number}" for number in range(6)]
    assert len({body["eventId"] for body in receiver.bodies}) == 6


def test_changes_of_the_company_are_pushed_by_a_thread_of_its_own(
    simulator: Simulator, pusher: Pusher, receiver: Receiver
) -> None:
    pusher.start()
    try:
        person = simulator.company.hire("New")
        assert receiver.arrived.wait(5)
    finally:
        pusher.stop()
    kinds = [body["EventType"] for body in receiver.bodies]
    assert kinds == ["user_add_org", "user_modify_org"]
    simulator.company.let_go(person.userid)
    assert len(receiver.bodies) == 2


def test_a_failing_push_does_not_hold_up_the_next(
    simulator: Simulator, pusher: Pusher, receiver: Receiver
) -> None:
    answers = [response("no", 500), receiver.acknowledge()]
    receiver.answer = lambda: answers.pop(0)
    pusher.start()
    simulator.company.hire("New")
    pusher.stop()
    assert [outcome.fine for _, outcome in pusher.log] == [False, True]
