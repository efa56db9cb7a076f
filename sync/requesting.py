"""An administrator wants somebody, or a department, read again now.

A notice of our own takes the place of one that the vendor did not send, so that its read
is paced, guarded, confirmed and kept like any other. Of a department its name and place,
the people right in it and the departments right below it are read.
"""

import secrets

from identity.connectors.records import Event, EventKind
from identity.models import IdentityProvider
from sync import inbox, tasks
from sync.models import Department, Employee, InboxEvent

NAME = "console"
State, Way = InboxEvent.State, InboxEvent.Way


class NotInUse(Exception):
    """The IdP is closed: nothing reads it until it is enabled."""


def read_person(person: Employee) -> InboxEvent:
    """The notice that this person is to be read. Raises NotInUse."""
    return _file(person.idp, EventKind.CHANGED, userids=(person.userid,))


def read_department(department: Department) -> InboxEvent:
    """The notice that this department is to be read. Raises NotInUse."""
    key = department.source_id
    return _file(department.idp, EventKind.DEPARTMENT_CHANGED, departments=(key,))


def _file(
    idp: IdentityProvider,
    kind: EventKind,
    *,
    userids: tuple[str, ...] = (),
    departments: tuple[str, ...] = (),
) -> InboxEvent:
    """The notice that already waits for the same, or a new one; a worker is called."""
    if idp.status == IdentityProvider.Status.CLOSED:
        raise NotInUse
    waiting = InboxEvent.objects.filter(
        idp=idp,
        way=Way.CONSOLE,
        state=State.PENDING,
        userids=list(userids),
        departments=list(departments),
    ).first()
    if waiting is None:
        key = f"console:{secrets.token_hex(16)}"
        event = Event(key, kind, NAME, userids=userids, departments=departments)
        inbox.receive(idp, [event], Way.CONSOLE)
        waiting = InboxEvent.objects.get(idp=idp, key=key)
    tasks.ring_events(idp.pk)
    return waiting
