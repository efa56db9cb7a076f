"""The list of changes over all runs: what, when, who and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from identity.access import console_users
from identity.models import IdentityProvider
from sync.models import Change, Department, Employee, SyncRun
from sync.org.changes import KINDS, Wanted, newest
from sync.org.person import private_fields
from sync.views import asked as asking
from sync.views import outcome, parameters
from sync.views.changes import Told, cast_of, subject_of, told
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 50
M = TypeVar("M", bound=Model)


class Chip(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, with the words that it was asked in."""

    wanted: Wanted
    here: QueryDict
    chips: tuple[Chip, ...]


@require_safe
@console_users
def changes(request: "ConsoleRequest") -> HttpResponse:
    """Changes that were made, newest first, as far as the filters of the address go."""
    offered = parameters.idps()
    asked = _read(request, offered)
    rows, older = newest(asked.wanted, parameters.place(request, "before"), PAGE)
    context = {
        "moments": told_of(rows, request.user),
        "older": older,
        "later": "before" in request.GET,
        "idps": offered,
        "asked": asked.wanted,
        "here": asked.here,
        "chips": asked.chips,
        "what": asked.here.get("what", ""),
        "whats": _whats(),
        "triggers": SyncRun.Trigger.choices,
    }
    return render(request, "sync/changes.html", context)


def told_of(rows: Sequence[Change], user: object) -> list[Told]:
    """Changes of several IdPs as this reader may see them, in their order."""
    found: dict[int, Told] = {}
    idps = {row.run.idp_id: row.run.idp for row in rows}
    for idp in idps.values():
        mine = [row for row in rows if row.run.idp_id == idp.pk]
        veil = Veil(user, private_fields(idp))
        for one in told(mine, cast_of(mine, idp), veil):
            found[one.change.pk] = one
    return [found[row.pk] for row in rows]


def history_of(request: "ConsoleRequest", asked: asking.Asked) -> dict[str, object]:
    """What happened to a department, and who came into it and went out."""
    wanted = Wanted(asked.idp, department=asked.department)
    rows, older = newest(wanted, parameters.place(request, "before"), PAGE)
    moments, later = told_of(rows, request.user), "before" in request.GET
    return {"moments": moments, "older": older, "later": later}


def _read(request: HttpRequest, offered: list[IdentityProvider]) -> Asked:
    what = parameters.choice(request, "what", [key for key, _label in _whats()])
    entity, _dot, kind = what.partition(".")
    since, until = _day(request, "from"), _day(request, "to")
    wanted = Wanted(
        parameters.chosen_idp(request, offered),
        entity,
        kind,
        parameters.text(request, "q"),
        _row(request, "person", Employee.objects.all()),
        _row(request, "dept", Department.objects.all()),
        since,
        until + timedelta(days=1) if until else None,
        parameters.choice(request, "trigger", SyncRun.Trigger.values),
    )
    here = QueryDict(mutable=True)
    on = list(_on(wanted, what, since, until))
    for name, value, _label in on:
        here[name] = value
    if wanted.person:
        veil = Veil(request.user, private_fields(wanted.person.idp))
        shown = subject_of(wanted.person, veil).name
        on = [(n, v, shown if n == "person" else label) for n, v, label in on]
    chips = [Chip(label, _without(here, name)) for name, _value, label in on]
    return Asked(wanted, here, tuple(chips))


def _on(
    wanted: Wanted, what: str, since: datetime | None, until: datetime | None
) -> Iterator[tuple[str, str, str]]:
    """The filters that are on: parameter, value, and what its chip says."""
    if wanted.idp:
        yield "idp", str(wanted.idp.pk), str(wanted.idp)
    if what:
        yield "what", what, dict(_whats())[what]
    if wanted.text:
        yield "q", wanted.text, f"“{wanted.text}”"
    if wanted.person:
        yield "person", str(wanted.person.pk), wanted.person.name
    if wanted.department:
        yield "dept", str(wanted.department.pk), wanted.department.name
    if since:
        label = _("From %(day)s") % {"day": date_format(since, "Y-m-d")}
        yield "from", f"{since:%Y-%m-%d}", label
    if until:
        label = _("Up to %(day)s") % {"day": date_format(until, "Y-m-d")}
        yield "to", f"{until:%Y-%m-%d}", label
    if wanted.trigger:
        yield "trigger", wanted.trigger, str(SyncRun.Trigger(wanted.trigger).label)


def _without(here: QueryDict, name: str) -> str:
    rest = here.copy()
    del rest[name]
    return f"?{rest.urlencode()}"


def _whats() -> list[tuple[str, str]]:
    """What can be asked for: everything about people, and each kind of it, and so on."""
    return list(_each_what(KINDS))


def _each_what(entities: Iterable[str]) -> Iterator[tuple[str, str]]:
    for entity in entities:
        yield str(entity), str(Change.Entity(entity).label)
        for kind in KINDS[Change.Entity(entity)]:
            if (entity, kind) != (Change.Entity.EMPLOYEE, Change.Kind.REMOVE):
                yield f"{entity}.{kind}", outcome.label_of(entity, kind)


def _day(request: HttpRequest, name: str) -> datetime | None:
    """The beginning of a day in the zone of the reader."""
    found = parameters.moment(request, name)
    if found is None:
        return None
    return timezone.localtime(found).replace(hour=0, minute=0, second=0, microsecond=0)


def _row(request: HttpRequest, name: str, rows: QuerySet[M]) -> M | None:
    """The row that a parameter names; 404 if there is none, or of a draft."""
    key = parameters.number(request, name)
    if key is None:
        return None
    return get_object_or_404(rows, pk=key, idp__confirmed_at__isnull=False)
