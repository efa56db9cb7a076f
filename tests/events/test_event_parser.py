"""From a push's bytes to an event: DingTalk's own vectors, and texts that nobody sends."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.connectors.base import Push
from identity.connectors.dingtalk import events, pushes
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.dingtalk.simulator.events import CLASSIC, CURRENT, body
from identity.connectors.dingtalk.simulator.records import Event as Happened
from identity.connectors.errors import PushFault, PushRefused
from identity.connectors.records import EventKind
from tests.connectors.test_crypto import EVERY, OURS_CHINESE, C, Vector

pytestmark = pytest.mark.alone
EVENTS = {
    "A": ("check_create_suite_url", EventKind.OTHER),
    "C": ("check_url", EventKind.VERIFY),
    "E": ("check_create_suite_url", EventKind.OTHER),
    "ours: check_url": ("check_url", EventKind.VERIFY),
    "ours: Chinese": ("user_add_org", EventKind.JOINED),
}
WORDS = {"B", "D", "ours: success"}
"""Acknowledgements: sealed as pushes are, and no events."""


def push(vector: Vector, **more: str) -> Push:
    query = {
        "signature": vector.signature,
        "timestamp": vector.timestamp,
        "nonce": vector.nonce,
    }
    return Push(query | more, json.dumps({"encrypt": vector.encrypt}).encode())


def keys(vector: Vector, **more: str) -> dict[str, str]:
    found = {
        "aes_key": vector.aes_key,
        "token": vector.token,
        "app_key": vector.owner,
        "corp_id": "dingcompany",
    }
    return found | more


def parsed(content: dict[str, Any] | str) -> Any:
    text = content if isinstance(content, str) else json.dumps(content)
    return events.parse(text)


@pytest.mark.parametrize("name", EVENTS)
def test_a_published_push_is_an_event(name: str) -> None:
    """dingtalk.md 7.3, the whole way; the owner may be either of the two."""
    vector, (word, kind) = EVERY[name], EVENTS[name]
    opened = pushes.open_push(keys(vector), push(vector))
    assert (opened.event.name, opened.event.kind) == (word, kind)
    assert (opened.owner, opened.event.body) == (vector.owner, vector.plain)
    assert opened.event.sent_at == int(vector.timestamp)
    as_company = keys(vector, app_key="dingother", corp_id=vector.owner)
    assert pushes.open_push(as_company, push(vector)) == opened


@pytest.mark.parametrize("name", sorted(WORDS))
def test_a_published_acknowledgement_is_no_event(name: str) -> None:
    vector = EVERY[name]
    with pytest.raises(PushRefused) as caught:
        pushes.open_push(keys(vector), push(vector))
    assert caught.value.fault is PushFault.MALFORMED


def test_every_vector_is_one_or_the_other() -> None:
    assert {*EVENTS, *WORDS} == set(EVERY)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"token": "654321"}, PushFault.TOKEN),
        ({"aes_key": OURS_CHINESE.aes_key}, PushFault.AES_KEY),
        ({"app_key": "dingother"}, PushFault.OWNER),
        ({"app_key": "", "corp_id": ""}, PushFault.OWNER),
        ({"token": ""}, PushFault.NO_KEYS),
        ({"aes_key": ""}, PushFault.NO_KEYS),
        ({"aes_key": "short"}, PushFault.NO_KEYS),
    ],
)
def test_the_reason_says_which_value_to_look_at(
    more: dict[str, str], fault: PushFault
) -> None:
    with pytest.raises(PushRefused) as caught:
        pushes.open_push(keys(C, **more), push(C))
    assert caught.value.fault is fault


def test_our_own_vector_is_read_in_full() -> None:
    event = pushes.open_push(keys(OURS_CHINESE), push(OURS_CHINESE)).event
    assert (event.key, event.userids) == ("e0001", ("u001", "u002"))
    assert event.born_at == 1767225600000


SIX = [
    ("user_add_org", EventKind.JOINED),
    ("user_modify_org", EventKind.CHANGED),
    ("user_leave_org", EventKind.LEFT),
    ("org_dept_create", EventKind.DEPARTMENT_CREATED),
    ("org_dept_modify", EventKind.DEPARTMENT_CHANGED),
    ("org_dept_remove", EventKind.DEPARTMENT_REMOVED),
]


@pytest.mark.parametrize("spelling", [CURRENT, CLASSIC])
@pytest.mark.parametrize(("name", "kind"), SIX)
def test_S149_S154_both_spellings_say_the_same(
    name: str, kind: EventKind, spelling: str
) -> None:
    about_people = name.startswith("user")
    happened = (
        Happened(name, ("u1", "u2")) if about_people else Happened(name, (), (501, 502))
    )
    event = parsed(body(happened, "ding0000", 1767225600123, spelling))
    assert (event.name, event.kind, event.born_at) == (name, kind, 1767225600123)
    assert event.userids == (("u1", "u2") if about_people else ())
    assert event.departments == (() if about_people else ("501", "502"))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["u1", "u1", "u2"], ("u1", "u2")),
        ("u1", ("u1",)),
        (1001, ("1001",)),
        ([1001, "1002"], ("1001", "1002")),
        ([], ()),
        (None, ()),
        ({}, ()),
        (True, ()),
        ([["u1"], {"u": 1}, None, True, 1.5, "", " ", "x" * 65], ()),
        (["a\0b", "\ud800", "u1", "a\nb", "\x7f"], ("u1",)),
        (["a/b?c%d e", "用户"], ("a/b?c%d e", "用户")),
        ([f"u{n}" for n in range(1000)], tuple(f"u{n}" for n in range(1000))),
    ],
)
def test_F55_F65_userids_are_taken_as_they_come_if_they_can_be_any(
    given: object, found: tuple[str, ...]
) -> None:
    """Odd ones take nothing from the others; PostgreSQL keeps no NUL and no halves."""
    assert parsed({"EventType": "user_modify_org", "userId": given}).userids == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([501001, "501002"], ("501001", "501002")),
        (501001, ("501001",)),
        ("501001", ("501001",)),
        ([1, 0, -1, -7], ("1",)),
        ([2**63 - 1, 2**63, 10**30, "1e3", 1.5, None, "x"], (str(2**63 - 1),)),
        (None, ()),
    ],
)
def test_F55_departments_are_positive_numbers(
    given: object, found: tuple[str, ...]
) -> None:
    event = parsed({"EventType": "org_dept_modify", "deptId": given})
    assert event.departments == found


@pytest.mark.parametrize(
    "diff",
    [
        {"userid": "u9", "prev": {"name": "a"}, "curr": {"name": "b"}},
        [{"userid": "u9", "prev": {}, "curr": {}}],
        "[]",
        None,
        [[[]]],
    ],
)
def test_diff_info_is_kept_and_never_believed(diff: object) -> None:
    content = {"EventType": "user_modify_org", "userId": ["u1"], "diffInfo": diff}
    event = parsed(content)
    assert event.userids == ("u1",)
    assert json.loads(event.body) == content


@pytest.mark.parametrize("key", ["userId", "UserId", "USERID", "userid"])
def test_keys_match_without_regard_to_case(key: str) -> None:
    assert parsed({"eventtype": "user_add_org", key: ["u1"]}).userids == ("u1",)


@pytest.mark.parametrize(
    ("content", "born_at"),
    [
        ({"EventTime": 1767225600000}, 1767225600000),
        ({"timeStamp": "1767225600000"}, 1767225600000),
        ({"TimeStamp": "1767225600000", "EventTime": "soon"}, 1767225600000),
        ({"EventTime": 10**20, "timestamp": -1}, None),
        ({"EventTime": 1e300}, None),
        ({"EventTime": True}, None),
        ({}, None),
    ],
)
def test_when_it_happened(content: dict[str, Any], born_at: int | None) -> None:
    assert parsed({"EventType": "user_add_org"} | content).born_at == born_at


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("e1", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("a\0", False),
        ("编号", False),
        ("", False),
        (17, False),
        (None, False),
    ],
)
def test_F60_an_event_is_known_by_its_id_or_by_its_text(
    given: object, kept: bool
) -> None:
    text = json.dumps({"EventType": "user_add_org", "eventId": given})
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert parsed(text).key == (given if kept else digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"check_url"',
        "7",
        "{",
        '{"EventType":' + "[" * 100_000,
        '{"EventType":"x","a":' + "9" * 5000 + "}",
        "{}",
        '{"EventType":{}}',
        "\ufeff{}",
    ],
)
def test_what_is_no_event_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        events.parse(text)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["EventType", "userId", "deptId", "eventId", "TimeStamp"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([name for name, _kind in SIX] + ["x"]))
def test_any_json_is_an_event_that_can_be_stored_or_malformed(
    content: Any, name: str
) -> None:
    """Every text of it can be encoded, and has no NUL."""
    if isinstance(content, dict):
        content = {"EventType": name} | content
    try:
        event = events.parse(json.dumps(content))
        failed = events.failed({"call_back_tag": name, name: content})
    except Malformed:
        return
    for one in (event, failed):
        short = (one.key, one.name, *one.userids, *one.departments)
        assert "\0" not in "".join(short)
        assert "".join((*short, one.body)).encode()
        assert len(one.key) <= 64
        assert 0 < len(one.name) <= 64
        assert all(0 < len(userid) <= 64 for userid in one.userids)


def test_a_failed_push_with_half_a_surrogate_pair_can_be_stored() -> None:
    """JSON names it, no database takes it."""
    item = {"call_back_tag": "user_add_org", "user_add_org": {"userid": ["\ud800"]}}
    event = events.failed(item)
    assert event.body.encode()
    assert event.userids == ()
