"""Changes over all runs, newest first: a page costs the same however many there are.

Each question is answered by strands, queries that walk one index from its newest end and
stop; the newest of all of them are the page. Which runs count (an IdP's, a trigger's) is
asked of each row on the way, so that no database collects all changes of its runs first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet

from identity.models import IdentityProvider
from sync.models import Change, Department, Employee, SyncRun
from sync.org.search import named

Entity, Kind = Change.Entity, Change.Kind
NAMED = 10
"""People, and departments, whose changes a text finds; the first by name."""
KINDS = {
    Entity.EMPLOYEE: tuple(Kind),
    Entity.DEPARTMENT: (Kind.CREATE, Kind.UPDATE, Kind.REMOVE),
    Entity.MEMBERSHIP: (Kind.CREATE, Kind.UPDATE, Kind.REMOVE),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes are asked for; what is None or "" narrows nothing."""

    idp: IdentityProvider | None = None
    entity: str = ""
    kind: str = ""
    text: str = ""
    person: Employee | None = None
    department: Department | None = None
    since: datetime | None = None
    until: datetime | None = None
    trigger: str = ""


def newest(
    wanted: Wanted, before: int | None = None, size: int = 50
) -> tuple[list[Change], int | None]:
    """A page of changes with their runs, and where the next one begins."""
    bound = _bound(wanted)
    keys: set[int] = set()
    for strand in _strands(wanted):
        rows = _narrowed(strand, wanted)
        if before is not None:
            rows = rows.filter(pk__lt=before)
        if bound is not None:
            rows = rows.filter(pk__lte=bound)
        keys.update(rows.order_by("-pk").values_list("pk", flat=True)[: size + 1])
    page = sorted(keys, reverse=True)[: size + 1]
    rows = Change.objects.filter(pk__in=page[:size]).select_related(
        "run__idp", "run__by", "run__approved_by"
    )
    older = page[size - 1] if len(page) > size else None
    return list(rows.order_by("-pk")), older


def _strands(wanted: Wanted) -> Iterator[QuerySet[Change]]:
    """Queries that each walk one index, and that together hold all that is wanted."""
    made = Change.objects.filter(applied=True)
    if wanted.person is None and wanted.department is None and not wanted.text:
        yield from _by_kind(made, wanted)
        return
    people, departments = _named(wanted)
    for userid in people:
        yield made.filter(entity=Entity.EMPLOYEE, key=userid)
        yield made.filter(
            entity=Entity.MEMBERSHIP, key__gte=f"{userid}/", key__lt=f"{userid}0"
        )
    for department in departments:
        yield made.filter(place=department).exclude(place="")
    if wanted.text:  # those that are gone have no row any more
        gone = made.filter(entity=Entity.DEPARTMENT, kind=Kind.REMOVE)
        yield gone.filter(label__icontains=wanted.text)


def _by_kind(made: QuerySet[Change], wanted: Wanted) -> Iterator[QuerySet[Change]]:
    if not wanted.entity:
        yield made
        return
    entity = Entity(wanted.entity)
    for kind in [wanted.kind] if wanted.kind else KINDS[entity]:
        yield made.filter(entity=entity, kind=kind)


def _named(wanted: Wanted) -> tuple[list[str], list[str]]:
    """The userids and the department ids that a text, or a choice, means."""
    people, departments = Employee.objects.all(), Department.objects.all()
    if wanted.idp:
        people, departments = (
            people.filter(idp=wanted.idp),
            departments.filter(idp=wanted.idp),
        )
    text = wanted.text
    found = people.filter(named(text) | Q(userid=text)) if text else people.none()
    units = departments.filter(named(text)) if text else departments.none()
    userids = dict.fromkeys(
        found.order_by("name").values_list("userid", flat=True)[:NAMED]
    )
    ids = dict.fromkeys(
        units.order_by("path").values_list("source_id", flat=True)[:NAMED]
    )
    if wanted.person:
        userids[wanted.person.userid] = None
    if wanted.department:
        ids[wanted.department.source_id] = None
    return list(userids), list(ids)


def _narrowed(rows: QuerySet[Change], wanted: Wanted) -> QuerySet[Change]:
    if wanted.entity:
        rows = rows.filter(entity=wanted.entity)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(at__lt=wanted.until)
    runs = SyncRun.objects.all()
    idp = wanted.idp or (wanted.person or wanted.department or wanted).idp
    if idp:
        runs = runs.filter(idp=idp)
    if wanted.trigger:
        runs = runs.filter(trigger=wanted.trigger)
    if idp or wanted.trigger:
        rows = rows.annotate(of=F("run") + 0).filter(of__in=runs.values("pk"))
    return rows


def _bound(wanted: Wanted) -> int | None:
    """The newest change before `until`, from which on there is anything to be found."""
    if wanted.until is None:
        return None
    made = Change.objects.filter(at__lt=wanted.until).order_by("-at", "-pk")
    return made.values_list("pk", flat=True).first() or 0
