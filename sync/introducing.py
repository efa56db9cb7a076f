"""People who log on and are not known here as the vendor knows them: read once (F-82).

The notice that should have brought them, or taken them away, was lost. A notice of our
own takes its place, so that its read is paced, guarded and kept like any other.
"""

import secrets
import time
from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from identity.connectors.records import Event, EventKind, Identity, LogonStage
from identity.logon import Outcome, Refused
from identity.models import IdentityProvider
from sync import handling, inbox, tasks
from sync.models import Employee, InboxEvent

PATIENCE = timedelta(seconds=8)
"""How long a person waits for being read."""
MINUTE, MOST = timedelta(minutes=1), 3
"""So many reads of the same people a minute: whoever is in the company and not in its
scope can come as often as they like."""
POLL = 0.1
ROUNDS = 10
"""Looks between two tries to work on it ourselves."""
NAME = "logon"
State = InboxEvent.State
OVER = (State.APPLIED, State.IGNORED, State.DEAD)


def matches(idp: IdentityProvider, identity: Identity) -> list[Employee]:
    """Active people with this unionid, which is all that counts (T-11)."""
    found = Employee.objects.filter(
        idp=idp, unionid=identity.unionid, status=Employee.Status.ACTIVE
    )
    return list(found.order_by("pk")[:2]) if identity.unionid else []


def introduce(idp: IdentityProvider, identity: Identity) -> None:
    """Read the person whom a vendor vouches for, unless they are known just so.

    Returns once the directory says what the vendor says; raises Refused if that takes
    longer than somebody waits, or if they are outside of the scope.
    """
    found = matches(idp, identity)
    known = len(found) == 1 and found[0].userid == identity.userid
    if known or len(found) > 1:
        return
    userids = {identity.userid, *(person.userid for person in found)}
    filed = _file(idp, userids)
    event = _settled(filed) if filed else None
    if event is None:
        raise Refused(LogonStage.PERSON, Outcome.READING)
    if event.outcome == InboxEvent.Outcome.OUTSIDE:
        raise Refused(LogonStage.PERSON, Outcome.OUT_OF_SCOPE)


def doubt(idp: IdentityProvider, unionid: str) -> bool:
    """Have somebody read again of whom the vendor said at a logon that it does not know
    them; whether there is somebody. Only that read ends their access (F-83)."""
    identity = Identity(userid="", unionid=unionid)
    people = [person.userid for person in matches(idp, identity)]
    if people:
        _file(idp, people)
        tasks.ring_events(idp.pk)
    return bool(people)


def _file(idp: IdentityProvider, userids: Iterable[str]) -> InboxEvent | None:
    """The notice that these are to be read: a new one, unless one is waiting; None if
    they were read so often just now that the next answer would be no other."""
    names = sorted(userids)
    known = InboxEvent.objects.filter(
        idp=idp, way=InboxEvent.Way.LOGON, userids=names
    ).order_by("-pk")
    if waiting := known.filter(state=State.PENDING).first():
        return waiting
    lately = known.filter(received_at__gte=timezone.now() - MINUTE)
    if len(lately[:MOST]) == MOST:
        return None
    key = f"logon:{secrets.token_hex(16)}"
    event = Event(key, EventKind.CHANGED, NAME, userids=tuple(names))
    inbox.receive(idp, [event], InboxEvent.Way.LOGON)
    return InboxEvent.objects.get(idp=idp, key=key)


def _settled(event: InboxEvent) -> InboxEvent | None:
    """Work on a notice here and now, or wait for the worker who does; None in vain."""
    end = time.monotonic() + PATIENCE.total_seconds()
    rounds = 0
    while True:
        if rounds % ROUNDS == 0:
            handling.work(str(event.idp_id), lambda: time.monotonic() >= end)
        rounds += 1
        now = InboxEvent.objects.filter(pk=event.pk).first()
        if now is None or now.state in OVER:
            return now
        # What failed, or waits for somebody, is not over in a moment.
        if now.state != State.PENDING or now.attempts or time.monotonic() >= end:
            tasks.ring_events(event.idp_id)
            return None
        time.sleep(POLL)
