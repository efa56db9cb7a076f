"""The Request URL: what is taken and kept, and that all the rest is refused alike."""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from identity.connectors.records import Event as Notice
from identity.connectors.records import EventKind
from identity.models import IdentityProvider, LogonSession, PushedCall, User
from sync import inbox
from sync.models import AccessCut, Employee, InboxEvent
from tests import builders
from tests.events.sender import (
    CHECK_URL,
    OTHER_TOKEN,
    Sender,
    leave,
    query_of,
    within,
)

pytestmark = pytest.mark.django_db
State, Outcome = InboxEvent.State, InboxEvent.Outcome


def test_an_event_is_kept_before_its_answer(sender: Sender) -> None:
    """S140: the row is there when DingTalk hears success."""
    content = leave("u1", "u2", eventId="e1", EventTime=1767225600000)
    assert sender.was_taken(sender.push(content))
    row = InboxEvent.objects.get()
    assert (row.key, row.kind, row.state) == ("e1", EventKind.LEFT, State.PENDING)
    assert (row.userids, row.way, row.late) == (["u1", "u2"], "push", False)
    assert json.loads(row.reveal()) == content
    assert "user_leave_org" not in row.sealed


@pytest.mark.parametrize("names", [["signature"], ["msg_signature"]])
def test_the_signature_has_either_name(sender: Sender, names: list[str]) -> None:
    query = query_of(sealed := sender.seal(CHECK_URL))
    for name in {"signature", "msg_signature"} - set(names):
        del query[name]
    assert sender.was_taken(sender.send(sealed, query))


@pytest.mark.parametrize("name", ["app_key", "corp_id"])
def test_the_owner_is_the_app_or_the_company(
    sender: Sender, keyed: IdentityProvider, name: str
) -> None:
    """The answer is signed for the one that came (dingtalk.md 7.2)."""
    owned = replace(sender, owner=keyed.settings[name])
    assert owned.was_taken(owned.push(CHECK_URL))


def test_S156_check_url_verifies_the_address(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """F-63: kept as ignored; the last 20 times are remembered."""
    for _ in range(22):
        assert sender.was_taken(sender.push(CHECK_URL))
    row = InboxEvent.objects.get()
    assert (row.state, row.outcome, row.copies) == (State.IGNORED, Outcome.VERIFY, 22)
    calls = PushedCall.objects.filter(idp=keyed)
    assert {(call.outcome, call.address) for call in calls} == {
        ("verified", "127.0.0.1")
    }
    assert calls.count() == 20


@pytest.mark.parametrize("name", ["org_change", "label_user_change", "x" * 300, "五"])
def test_F63_an_unknown_event_is_taken_and_ignored(sender: Sender, name: str) -> None:
    assert sender.was_taken(sender.push({"EventType": name, "userId": ["u1"]}))
    row = InboxEvent.objects.get()
    assert (row.state, row.outcome) == (State.IGNORED, Outcome.UNKNOWN)
    assert row.name == name[:64]
    assert (row.userids, row.departments) == ([], [])


def test_F63_unknown_fields_of_a_known_event_do_no_harm(sender: Sender) -> None:
    odd = leave("u1", diffInfo=[{"a": 1}], __proto__={"x": [None]}, UserID2=7)
    assert sender.was_taken(sender.push(odd))
    assert InboxEvent.objects.get().state == State.PENDING


# --- times ---

NOW = timezone.now
MINUTE, YEAR = 60_000, 365 * 86_400_000


@pytest.mark.parametrize(
    ("timestamp", "late"),
    [
        (lambda now: now, False),
        (lambda now: now // 1000, False),
        (lambda now: now - 4 * MINUTE, False),
        (lambda now: now + 4 * MINUTE, False),
        (lambda now: now - 6 * MINUTE, True),
        (lambda now: now + 6 * MINUTE, True),
        (lambda now: (now - 6 * MINUTE) // 1000, True),
        (lambda now: now - YEAR, True),
        (lambda now: now + YEAR, True),
        (lambda now: 0, True),
        (lambda now: -1, True),
        (lambda now: 2**63 - 1, True),
        (lambda now: 10**20, True),
        (lambda now: "1e12", True),
        (lambda now: "soon", True),
        (lambda now: "٣", True),
    ],
)
def test_T03_an_old_signature_makes_a_hint_that_cuts_nobody(
    sender: Sender,
    people: dict[str, Employee],
    timestamp: Callable[[int], object],
    late: bool,
) -> None:
    """I-60: seconds are known from milliseconds; what is no time counts as late."""
    at = str(timestamp(int(NOW().timestamp() * 1000)))
    assert sender.was_taken(sender.push(leave("u1"), timestamp=at))
    row = InboxEvent.objects.get()
    assert (row.late, row.state) == (late, State.PENDING)
    assert AccessCut.objects.exists() is not late


# --- copies ---


def test_F60_F74_a_hundred_copies_are_one_row_and_all_are_answered(
    sender: Sender, people: dict[str, Employee]
) -> None:
    """DingTalk did not see the answer: the same event, sealed and signed anew."""
    for _ in range(100):
        assert sender.was_taken(sender.push(leave("u1", eventId="e1")))
    assert InboxEvent.objects.get().copies == 100
    assert AccessCut.objects.count() == 1


def test_F60_copies_without_an_id_are_known_by_their_text(sender: Sender) -> None:
    content = {"EventType": "user_add_org", "UserId": ["u1"], "TimeStamp": "1"}
    for _ in range(3):
        sender.push(content)
    sender.push(content | {"TimeStamp": "2"})
    assert sorted(InboxEvent.objects.values_list("copies", flat=True)) == [1, 3]


def test_T03_a_replay_has_no_effect(
    sender: Sender, people: dict[str, Employee]
) -> None:
    """A person who came back stays in, whoever sends the recorded push again."""
    sealed = sender.seal(leave("u1", eventId="e1"))
    sender.send(sealed)
    AccessCut.objects.all().delete()
    for _ in range(20):
        assert sender.was_taken(sender.send(sealed))
    assert not AccessCut.objects.exists()
    assert InboxEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_F60_copies_at_the_same_instant_are_one_row(
    sender: Sender, people: dict[str, Employee]
) -> None:
    """As on two web workers: whoever is second waits, and says success too."""
    crowd = threading.Barrier(6)

    def push(number: int) -> bool:
        mine = replace(sender, client=Client())
        sealed = mine.seal(leave("u1", "u2", eventId="e1"))
        crowd.wait(30)
        try:
            return mine.was_taken(mine.send(sealed))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(push, range(6)))
    assert InboxEvent.objects.get().copies == 6
    assert AccessCut.objects.count() == 2


# --- leavers ---


def session_of(person: Employee, idp: IdentityProvider | None = None) -> LogonSession:
    assert person.account is not None
    key = uuid.uuid4().hex
    return LogonSession.objects.create(
        account=person.account, idp=idp or person.idp, session_key=key
    )


def test_F68_a_leaver_is_locked_out_when_the_answer_arrives(
    sender: Sender, people: dict[str, Employee]
) -> None:
    """Design 2.9: that person's sessions, and nobody else's; no worker is needed."""
    gone, other = people["u1"], people["u2"]
    elsewhere = builders.employee(builders.idp("Other"), "u1")
    sessions = [session_of(gone), session_of(gone), session_of(other)]
    assert sender.was_taken(sender.push(leave("u1", "nobody-known")))
    for session in sessions:
        session.refresh_from_db()
    assert [s.ended_because for s in sessions] == ["left_company", "left_company", ""]
    assert [s.ended_at is not None for s in sessions] == [True, True, False]
    assert AccessCut.objects.get().employee == gone
    elsewhere.refresh_from_db()
    assert elsewhere.status == gone.status == "active"


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_kept_cuts_nobody(
    keyed: IdentityProvider, people: dict[str, Employee]
) -> None:
    """One transaction: a row that no database takes undoes the cut before it."""
    session = session_of(people["u1"])
    good = Notice("k1", EventKind.LEFT, "user_leave_org", userids=("u1",))
    bad = Notice("\ud800", EventKind.CHANGED, "user_modify_org", userids=("u2",))
    with pytest.raises(UnicodeEncodeError):
        inbox.receive(keyed, [good, bad], InboxEvent.Way.PUSH)
    session.refresh_from_db()
    assert session.ended_at is None
    assert not AccessCut.objects.exists()
    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize("ids", [[], None, "absent", "", {}, [None, "", [], {}, True]])
def test_F65_an_event_about_nobody_is_taken_and_ignored(
    sender: Sender, ids: object
) -> None:
    content = {"EventType": "user_leave_org", "userId": ids}
    if ids == "absent":
        del content["userId"]
    assert sender.was_taken(sender.push(content))
    row = InboxEvent.objects.get()
    assert (row.state, row.outcome) == (State.IGNORED, Outcome.EMPTY)


def test_F65_a_thousand_leavers_of_one_event_are_cut_at_once(
    sender: Sender, keyed: IdentityProvider
) -> None:
    userids = [f"user{n:04}" for n in range(1000)]
    Employee.objects.bulk_create(
        Employee(idp=keyed, userid=userid, unionid=f"x{userid}", name=userid)
        for userid in [*userids, "stays"]
    )
    with within(2):
        assert sender.was_taken(sender.push(leave(*userids)))
    assert AccessCut.objects.count() == 1000
    assert len(InboxEvent.objects.get().userids) == 1000


# --- IdPs that are not enabled ---


def test_F70_an_event_of_a_closed_idp_is_parked(
    sender: Sender, keyed: IdentityProvider, people: dict[str, Employee]
) -> None:
    keyed.status = IdentityProvider.Status.CLOSED
    keyed.save()
    assert sender.was_taken(sender.push(leave("u1")))
    assert InboxEvent.objects.get().state == State.PARKED
    assert not sender.was_taken(sender.send(sender.seal(CHECK_URL), nonce="other"))


def test_a_draft_answers_too(sender: Sender, keyed: IdentityProvider) -> None:
    """The wizard hands the address out before Confirm."""
    keyed.confirmed_at = None
    keyed.save()
    assert sender.was_taken(sender.push(CHECK_URL))
    assert sender.was_taken(sender.push(leave("u1")))
    states = set(InboxEvent.objects.values_list("state", flat=True))
    assert states == {State.IGNORED, State.PARKED}


# --- what it costs ---


def test_no_cookie_is_looked_at_and_the_queries_are_few(
    sender: Sender,
    console: Client,
    administrator: User,
    people: dict[str, Employee],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """P1: the same number for one object and for many; sessions cost none. PostgreSQL
    is told twice when to look at constraints."""
    mine = replace(sender, client=console)
    leaving = 11 if connection.vendor == "postgresql" else 9
    with django_assert_num_queries(7):
        mine.push(
            {"EventType": "user_add_org", "userId": ["u9"], "EventTime": 1_700_000_000}
        )
    with django_assert_num_queries(leaving):
        mine.push(leave("u1"))
    with django_assert_num_queries(leaving):
        mine.push(leave("u1", "u2", "u3", *map(str, range(50))))
    with django_assert_num_queries(2):
        replace(mine, token=OTHER_TOKEN).push(CHECK_URL)
    with django_assert_num_queries(2):
        replace(mine, url=f"/events/dingtalk/{uuid.uuid4()}/").push(CHECK_URL)


@pytest.mark.django_db(transaction=True)
def test_F07_without_a_database_dingtalk_is_asked_to_try_again(sender: Sender) -> None:
    """503, never 500: what was not kept is not acknowledged."""
    with connection.schema_editor() as editor:
        editor.alter_db_table(InboxEvent, "sync_inboxevent", "sync_inboxevent_away")
    try:
        response = sender.push(leave("u1"))
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(InboxEvent, "sync_inboxevent_away", "sync_inboxevent")
    assert (response.status_code, response.content) == (503, b"try again\n")
    assert sender.was_taken(sender.push(leave("u1")))
