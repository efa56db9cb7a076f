"""What happens while somebody logs on: T-15, T-16, and a hundred answers at once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections, transaction

from identity import sessions, signals
from identity.connectors.records import Event, EventKind
from identity.logon import Outcome
from identity.models import IdentityProvider, LogonAttempt, LogonSession
from sync import inbox
from sync.models import Employee, InboxEvent
from tests.events.synced import aside, with_own_connection
from tests.logon.browsers import Browser, ended
from tests.logon.conftest import World
from tests.logon.test_callback import Flow

pytestmark = pytest.mark.django_db(transaction=True)
Act = Callable[[World], Any]
MANY = 100


@contextmanager
def once_identified(act: Callable[[], Any]) -> Iterator[None]:
    """Let something happen when the vendor has vouched for a person, before they are
    logged on."""

    def receiver(**_: Any) -> None:
        aside(act)

    signals.person_vouched.connect(receiver)
    try:
        yield
    finally:
        signals.person_vouched.disconnect(receiver)


def close(world: World) -> None:
    """As Edit does."""
    with transaction.atomic():
        idp = IdentityProvider.objects.select_for_update().get(pk=world.idp.pk)
        idp.status = "closed"
        idp.save()
        sessions.end_all_of(idp, sessions.IDP_CLOSED)


def leave(world: World) -> None:
    """As the vendor's notice does."""
    event = Event("gone", EventKind.LEFT, "left", userids=(world.anyone.userid,))
    inbox.receive(world.idp, [event], InboxEvent.Way.PUSH)


def forget(world: World) -> None:
    Employee.objects.filter(pk=world.person.pk).update(status="out_of_scope")


def remove(world: World) -> None:
    IdentityProvider.objects.get(pk=world.idp.pk).delete()


ACTS: dict[str, tuple[Act, tuple[str, Outcome]]] = {
    "T-15 the IdP is closed": (close, ("status", Outcome.CLOSED)),
    "T-15 the IdP is deleted": (remove, ("status", Outcome.CLOSED)),
    "T-16 a notice says that they left": (leave, ("status", Outcome.CUT)),
    "T-16 a run takes them out of scope": (forget, ("status", Outcome.OUT_OF_SCOPE)),
}


@pytest.mark.parametrize("silent", [False, True], ids=["page", "in app"])
@pytest.mark.parametrize("name", ACTS)
def test_what_happens_before_the_session_keeps_it_shut(
    world: World, name: str, silent: bool
) -> None:
    """Its twin is the same logon while nothing happens."""
    act, end = ACTS[name]

    def come() -> Any:
        if silent:
            return world.browser.send(**world.silently)
        return world.log_on()

    with once_identified(lambda: None):
        assert come().status_code == 302
    LogonSession.objects.all().delete()
    with once_identified(lambda: act(world)):
        assert come().status_code == 403
    assert ended() == end
    assert not LogonSession.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize("act", [close, leave], ids=["T-15 closing", "T-16 leaving"])
def test_what_happens_after_the_session_ends_it(world: World, act: Act) -> None:
    assert world.log_on().status_code == 302
    act(world)
    assert world.browser.session is None
    assert "_auth_user_id" not in world.browser.client.session


@pytest.mark.parametrize("act", [close, leave], ids=["T-15 closing", "T-16 leaving"])
def test_what_is_not_committed_yet_is_waited_for(world: World, act: Act) -> None:
    """Whoever comes first wins: the logon waits for the closing that has begun, and
    then sees it."""
    flow, acted, go = Flow.begun(world), threading.Event(), threading.Event()
    came: list[int] = []

    def slowly() -> None:
        with transaction.atomic():
            act(world)
            acted.set()
            go.wait(5)

    def log_on() -> None:
        acted.wait(5)
        came.append(flow.finish().status_code)

    threads = [
        threading.Thread(target=with_own_connection, args=[each])
        for each in (slowly, log_on)
    ]
    for each in threads:
        each.start()
    acted.wait(5)
    threads[1].join(0.3)
    assert not came
    go.set()
    for each in threads:
        each.join(10)
    assert came == [403]
    assert not LogonSession.objects.filter(ended_at=None).exists()


def test_T_16_a_logon_waits_for_the_end_of_the_session_before(world: World) -> None:
    """Of the same browser, ended elsewhere at this moment; the two do not deadlock."""
    flow = Flow.begun(world)
    assert flow.finish().status_code == 302
    old = LogonSession.objects.get()
    flow.answer = {"code": world.code(), "state": flow.browser.begin(world.idp)}
    came: list[int] = []

    def log_on() -> None:
        came.append(flow.finish().status_code)

    thread = threading.Thread(target=with_own_connection, args=[log_on])
    with transaction.atomic():
        rows = LogonSession.objects.filter(pk=old.pk)
        assert list(rows.select_for_update())
        thread.start()
        thread.join(0.5)
        sessions.end(rows, sessions.BY_HAND)
    thread.join(10)
    assert came == [302]
    old.refresh_from_db()
    assert old.ended_because == sessions.BY_HAND
    assert flow.browser.session is not None


def at_once(act: Callable[[int], Any], times: int = MANY) -> list[Any]:
    """The answers to so many requests, a good part of them at the same time."""

    def one(place: int) -> Any:
        try:
            return act(place)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(times)))


def test_I_61_a_hundred_answers_with_one_state_and_code_open_one_session(
    world: World,
) -> None:
    flow = Flow.begun(world)

    def come(_place: int) -> int:
        browser = Browser()
        browser.client.cookies["sasebridge_browser"] = flow.cookie
        return int(browser.back(**flow.answer).status_code)

    came = at_once(come)
    assert sorted(came) == [302, *[410] * (MANY - 1)]
    assert LogonSession.objects.filter(ended_at=None).count() == 1
    assert LogonAttempt.objects.filter(outcome="success").count() == 1


def test_I_61_a_hundred_states_with_one_code_open_one_session(world: World) -> None:
    code, browsers = world.code(), [Browser() for _place in range(40)]
    states = [browser.begin(world.idp) for browser in browsers]

    def come(place: int) -> int:
        answer = {"code": code, "state": states[place]}
        return int(browsers[place].back(**answer).status_code)

    assert sorted(at_once(come, 40)) == [302, *[403] * 39]
    assert LogonSession.objects.filter(ended_at=None).count() == 1


def test_T_27_one_code_of_the_vendors_client_opens_one_session(world: World) -> None:
    sent = world.silently
    came = at_once(lambda _place: Browser().send(**sent).status_code, 40)
    assert sorted(came) == [302, *[403] * 39]
    assert LogonSession.objects.filter(ended_at=None).count() == 1


def test_one_person_in_many_browsers_at_once_has_one_account(world: World) -> None:
    flows = [Flow.begun(world) for _place in range(16)]
    came = at_once(lambda place: flows[place].finish().status_code, 16)
    assert set(came) == {302}
    accounts = LogonSession.objects.values_list("account", flat=True)
    assert len(set(accounts)) == 1
    assert len(accounts) == 16
