"""Which changes of a full run no event had announced: the report of missed events.

A change is announced if an event that came after the full run before had begun names
its person or its department. Both are streamed; only what is different is held.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from identity.models import AuditEvent
from sync.models import Change, Employee, InboxEvent, SyncRun, full_runs

log = logging.getLogger(__name__)

MOST_NAMED = 50
MOST_EVENTS = 100_000
"""More than an address book has in a day: not compared one by one."""
CHUNK = 5000
SETTINGS = ["scope", "departments", "mapping", "corp_id", "app_key"]
"""What decides whom a run finds, as the audit trail names it."""

Entity, Kind = Change.Entity, Change.Kind
ENDED = (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL)
Line = dict[str, str]
"""entity, key, label and kind of a change, as the report keeps it."""


def note(run: SyncRun) -> None:
    """Add the report to a run that is over. Never raises: the run stays what it is."""
    if run.breadth != SyncRun.Breadth.FULL or run.state not in ENDED:
        return
    try:
        run.unannounced = report(run)
        SyncRun.objects.filter(pk=run.pk).update(unannounced=run.unannounced)
    except Exception:
        log.exception("run %s has no report of missed events", run.pk)


def report(run: SyncRun, most: int = MOST_EVENTS) -> dict[str, Any] | None:
    """What no event had announced of a full run's changes, how many were caught up.

    With more than `most` events it says so, and compares nothing. None if there is nothing to compare with: no event was ever taken, or no run before
    had read the same.
    """
    before = _before(run)
    if before is None or not _sent(run).exists():
        return None
    found: dict[str, Any] = {"employees": 0, "departments": 0, "first": []}
    found["caught_up"] = _came_since(before).filter(way=InboxEvent.Way.FAILED).count()
    found["resettled"] = _resettled(before)
    if _came_since(before)[most : most + 1].exists():
        return found | {"many": True}
    userids, ids = _announced(before)
    found["employees"], people = _missed(_people(run), userids)
    found["departments"], departments = _missed(_departments(run), ids)
    found["first"] = [*_named(run, people), *departments][:MOST_NAMED]
    return found


def _before(run: SyncRun) -> SyncRun | None:
    """The full run before that wrote, and that read people if this one did."""
    runs = full_runs().filter(idp_id=run.idp_id, state__in=ENDED, pk__lt=run.pk)
    if run.people:
        runs = runs.filter(people=True)
    return runs.order_by("-pk").first()


def _resettled(before: SyncRun) -> bool:
    """Whether another set of people or values was chosen since: no event tells that."""
    return AuditEvent.objects.filter(
        target_id=str(before.idp_id),
        at__gte=before.started_at,
        detail__has_any_keys=SETTINGS,
    ).exists()


def _sent(run: SyncRun) -> QuerySet[InboxEvent]:
    """Events of a run's IdP that its vendor sent: ours announce nothing."""
    events = InboxEvent.objects.filter(idp_id=run.idp_id)
    return events.exclude(way__in=InboxEvent.OWN)


def _came_since(before: SyncRun) -> QuerySet[InboxEvent]:
    """Events that came once a run had begun; its reads' numbers say so, not a clock."""
    came = _sent(before).filter(number__gte=before.first_read)
    if before.started_at is None:
        return came
    # Only to look at few rows: there is an index on the moment.
    return came.filter(received_at__gte=before.started_at - timedelta(hours=1))


def _announced(before: SyncRun) -> tuple[set[str], set[str]]:
    """Every userid and every department id that events since have named."""
    userids, ids = set[str](), set[str]()
    rows = _came_since(before).order_by().values_list("userids", "departments")
    for people, departments in rows.iterator(chunk_size=CHUNK):
        userids.update(people)
        ids.update(departments)
    return userids, ids


def _missed(lines: Iterable[Line], announced: set[str]) -> tuple[int, list[Line]]:
    """How many people or departments of these changes are not among the announced,
    and the first change of the first of them."""
    seen, first = set[str](), list[Line]()
    for line in lines:
        key = line["key"]
        if key in announced or key in seen:
            continue
        seen.add(key)
        if len(first) < MOST_NAMED:
            first.append(line)
    return len(seen), first


def _people(run: SyncRun) -> Iterator[Line]:
    """Changes of people; one of a membership is a change of its person."""
    for key, label, kind, _after in _changes(run, Entity.EMPLOYEE):
        yield _line(Entity.EMPLOYEE, key, label, kind)
    for key, _label, kind, after in _changes(run, Entity.MEMBERSHIP):
        if not _only_reordered(kind, after):
            userid = key.rpartition("/")[0]
            yield _line(Entity.EMPLOYEE, userid, "", Kind.UPDATE)


def _departments(run: SyncRun) -> Iterator[Line]:
    for key, label, kind, after in _changes(run, Entity.DEPARTMENT):
        if not _only_reordered(kind, after):
            yield _line(Entity.DEPARTMENT, key, label, kind)


def _changes(run: SyncRun, entity: str) -> Iterator[tuple[str, str, str, Any]]:
    rows = Change.objects.filter(run=run, entity=entity, applied=True)
    columns = rows.order_by("pk").values_list("key", "label", "kind", "after")
    return columns.iterator(chunk_size=CHUNK)


def _only_reordered(kind: str, after: Any) -> bool:
    """Whether only a place in a list moved. No event tells of it: another department
    beside it that comes or goes is enough."""
    return kind == Kind.UPDATE and isinstance(after, dict) and after.keys() == {"order"}


def _line(entity: str, key: str, label: str, kind: str) -> Line:
    return {"entity": str(entity), "key": key, "label": label, "kind": str(kind)}


def _named(run: SyncRun, people: list[Line]) -> Iterator[Line]:
    """The same with a name where the change had none."""
    nameless = [line["key"] for line in people if not line["label"]]
    rows = Employee.objects.filter(idp_id=run.idp_id, userid__in=nameless)
    names = dict(rows.order_by("pk").values_list("userid", "name"))
    for line in people:
        yield line | {"label": line["label"] or names.get(line["key"], "")}
