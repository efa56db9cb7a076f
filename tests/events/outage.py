"""An IdP whose pushes failed: keys, a Request URL that nobody answers, events by hand."""

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import BaseAdapter

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.pusher import Pusher, Subscription
from identity.connectors.records import Event, EventKind
from identity.models import IdentityProvider
from sync import inbox, runs
from sync.models import InboxEvent, SyncRun
from tests.events.sender import KEY, TOKEN

LIST = "/call_back/get_call_back_failed_result"


class Dead(BaseAdapter):
    """The way to a Request URL that does not exist any more."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Nobody answers."""
        raise requests.ConnectionError

    def close(self) -> None:
        """Nothing is open."""


def dead_pusher(simulator: Simulator) -> Pusher:
    """Pushes in vain, and does not wait between its three tries."""
    session = requests.Session()
    session.mount("https://", Dead())
    subscription = Subscription("https://gone.example.test/", TOKEN, KEY)
    return Pusher(simulator, subscription, session=session, sleep=lambda _s: None)


def during(pusher: Pusher, happening: Callable[[], object]) -> None:
    """Push everything that happens meanwhile."""
    listeners = pusher.app.company.listeners
    listeners.append(pusher.deliver)
    try:
        happening()
    finally:
        listeners.remove(pusher.deliver)


def came(
    idp: IdentityProvider, kind: EventKind = EventKind.VERIFY, *keys: str
) -> InboxEvent:
    """An event that was pushed about people, or about departments, and was taken."""
    key = f"{kind} {' '.join(keys)}"
    people = () if kind.startswith("department") else keys
    departments = keys if kind.startswith("department") else ()
    event = Event(key, kind, kind, people, departments)
    inbox.receive(idp, [event], InboxEvent.Way.PUSH)
    return InboxEvent.objects.get(idp=idp, key=key)


def full_run(idp: IdentityProvider) -> SyncRun:
    """A full run, carried out."""
    idp.refresh_from_db()
    try:
        run = runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON)
    except runs.AlreadyRunning as already:
        run = already.run
    return runs.perform(run)
