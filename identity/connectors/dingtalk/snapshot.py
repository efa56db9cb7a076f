"""Reads a scope of the company as a stream of batches.

A clean read of the whole company asks once for the range, once for the root's name,
once per department for its children, and ceil(members/100), at least once, per
department for its people; the department walk and the member pages at the same time.
Nothing of the company is kept here but its departments' ids.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from identity.connectors.base import CrawlStopped, Gate
from identity.connectors.dingtalk import shapes
from identity.connectors.dingtalk.answers import Range
from identity.connectors.dingtalk.client import SCOPES, Client
from identity.connectors.dingtalk.crew import Crew
from identity.connectors.dingtalk.halt import Halt
from identity.connectors.dingtalk.ledger import Ledger
from identity.connectors.dingtalk.lookup import malformed
from identity.connectors.dingtalk.members import MemberReader
from identity.connectors.dingtalk.reading import Reading
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.dingtalk.tree import TreeReader
from identity.connectors.errors import ConnectorError
from identity.connectors.records import ROOT, Batch, Fault, FaultKind, Scope

Stop = Callable[[], bool]


def snapshot(
    credentials: Mapping[str, str],
    gate: Gate,
    scope: Scope,
    *,
    details: bool = False,
    stop: Stop | None = None,
) -> Iterator[Batch]:
    """The stream that `Connector.snapshot` promises.

    The gate is entered in threads of this read's own, so the consumer must not hold a
    lock that the gate needs while it waits for the next batch.
    """
    stopped = Halt(stop)
    client = Client(credentials, gate, stopped=stopped)
    told = 0
    try:
        for batch in _read(client, gate, scope, details, stop):
            calls = client.calls
            yield replace(batch, calls=calls - told)
            told = calls
    except ConnectorError:
        yield Batch(calls=client.calls - told)  # what was sent in vain counts too
        raise
    finally:
        client.close()


def _read(
    client: Client, gate: Gate, scope: Scope, details: bool, stop: Stop | None
) -> Iterator[Batch]:
    if stop and stop():
        raise CrawlStopped
    given = client.scopes().value if scope.whole else _chosen(scope)
    if scope.whole and given.empty:
        yield Batch(faults=(_empty_range(),))
    whole = scope.whole and given.whole
    crew = Crew(client.stopped, gate.release)
    ledger = Ledger(walks=scope.deep, lists=scope.people)
    reading = Reading(client, crew, ledger, whole)
    members = MemberReader(reading, details=details)
    tree = TreeReader(reading, members if scope.people else None, deep=scope.deep)
    for department in (ROOT,) if whole else given.departments:
        tree.begin(department)
    for department in sorted(key for key in scope.lists if _can_be(key)):
        tree.list_children(department)
    for userid in sorted(scope.employees):
        members.ask(userid, wanted=True)
    for userid in () if whole or not scope.people else given.users:
        members.ask(userid, wanted=False)
    yield from crew.run(stop, tree.look_for_strays)
    end = tree.finish()
    yield replace(end, faults=(*end.faults, *_impossible(scope)))


def _empty_range() -> Fault:
    """Why nothing will come (F-47): said, so that nobody looks for it elsewhere."""
    return Fault(
        FaultKind.EMPTY_RANGE,
        SCOPES,
        _("DingTalk says that the app may read nobody: its permission scope is empty."),
        _("Set the permission scope to All Employees."),
    )


def _chosen(scope: Scope) -> Range:
    """The departments that the scope names, ids that can be none left out."""
    named = scope.departments or frozenset()
    return Range(tuple(sorted(key for key in named if _can_be(key))), ())


def _impossible(scope: Scope) -> Iterator[Fault]:
    for key in sorted(scope.departments or ()):
        if not _can_be(key):
            yield malformed(key, Malformed("no department has this id"))


def _can_be(key: str) -> bool:
    try:
        return shapes.department_id(key) == key
    except Malformed:
        return False
