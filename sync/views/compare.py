"""The difference between two moments of the directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from identity.access import console_users
from identity.models import IdentityProvider
from sync.org import compare as comparing
from sync.org.asof import began, moment
from sync.org.compare import Comparison, DepartmentThen, PersonThen
from sync.org.person import label_of, private_fields
from sync.views import parameters
from sync.views.asof import written
from sync.views.changes import Line, Subject
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 50
USUAL = timedelta(days=7)
"""How far back it looks if the address does not say."""
BEFORE = timedelta(microseconds=1)
"""So much before the history begins nothing of it has happened yet."""
LABELS: dict[str, Any] = {
    comparing.JOINED: gettext_lazy("Joined"),
    comparing.LEFT: gettext_lazy("Left or out of scope"),
    comparing.MOVED: gettext_lazy("In other departments"),
    comparing.CHANGED: gettext_lazy("Changed"),
    comparing.NEW: gettext_lazy("New departments"),
    comparing.GONE: gettext_lazy("Closed departments"),
    comparing.RENAMED: gettext_lazy("Renamed departments"),
    comparing.PLACED: gettext_lazy("Moved departments"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of difference, and how many there are."""

    kind: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One person or department with what differs, as this reader may see it."""

    subject: Subject
    lines: tuple[Line, ...]


@require_safe
@console_users
def compare(request: "ConsoleRequest") -> HttpResponse:
    """What differs between two moments, net; by kind, a page at a time."""
    offered = parameters.idps()
    idp = parameters.chosen_idp(request, offered) or next(iter(offered), None)
    if idp is None:
        return render(request, "sync/no_idp.html")
    begin, end = _moments(request)
    since = began(idp)
    shown: dict[str, object] = {"idp": idp, "idps": offered, "since": since}
    if since and begin < since:
        shown["clipped"] = True
        begin = since - BEFORE
    end = max(begin, end)
    shown |= {"begin": timezone.localtime(begin), "end": timezone.localtime(end)}
    found = comparing.compare(idp, moment(idp, begin), moment(idp, end))
    return render(
        request,
        "sync/compare.html",
        shown | _shown(request, idp, found, (begin, end)),
    )


def _moments(request: "ConsoleRequest") -> tuple[datetime, datetime]:
    """The two moments in their order, none of them in the future."""
    now = timezone.now()
    end = min(parameters.moment(request, "to") or now, now)
    begin = min(parameters.moment(request, "from") or end - USUAL, now)
    return min(begin, end), max(begin, end)


def _shown(
    request: "ConsoleRequest",
    idp: IdentityProvider,
    found: Comparison,
    moments: tuple[datetime, datetime],
) -> dict[str, object]:
    every: dict[str, Sequence[PersonThen | DepartmentThen]] = {
        **found.people,
        **found.departments,
    }
    groups = [
        Group(kind, str(LABELS[kind]), len(rows))
        for kind, rows in every.items()
        if rows
    ]
    kind = parameters.choice(
        request, "kind", [g.kind for g in groups], groups[0].kind if groups else ""
    )
    start = min(parameters.place(request, "start") or 0, len(every.get(kind, ())))
    rows = every.get(kind, ())[start : start + PAGE]
    words = Words(idp, found, moments, Veil(request.user, private_fields(idp)))
    here = QueryDict(mutable=True)
    here["idp"], here["kind"] = str(idp.pk), kind
    here["from"], here["to"] = map(written, moments)
    return {
        "groups": groups,
        "chosen": kind,
        "rows": [words.of(row, kind) for row in rows],
        "next": start + PAGE if start + PAGE < len(every.get(kind, ())) else None,
        "later": start > 0,
        "here": here,
    }


@dataclass(frozen=True, slots=True)
class Words:
    """Puts differences into words for one reader."""

    idp: IdentityProvider
    found: Comparison
    moments: tuple[datetime, datetime]
    veil: Veil

    def of(self, row: PersonThen | DepartmentThen, kind: str) -> Difference:
        """One row of the page."""
        if isinstance(row, PersonThen):
            return self._person(row, kind)
        return Difference(
            self._department(row), tuple(self._placed(row, kind)) if row.was else ()
        )

    def _person(self, row: PersonThen, kind: str) -> Difference:
        mobile = next((o.values.get("mobile", "") for o in (row.now, row.was) if o), "")
        name = self.veil.value("name", row.name, mobile) or _("Erased person")
        subject = Subject(name, reverse("sync:employee", args=[row.row]))
        if kind == comparing.CHANGED:
            lines = tuple(
                Line(
                    label_of(key),
                    self.veil.value(key, was, mobile),
                    self.veil.value(key, now, mobile),
                )
                for key, was, now in row.differences
            )
            return Difference(subject, lines)
        names = [", ".join(map(self.found.name, keys)) for keys in (row.went, row.came)]
        return Difference(
            subject, (Line(_("Departments"), *names),) if any(names) else ()
        )

    def _department(self, row: DepartmentThen) -> Subject:
        """With the way to it, at the later moment at which it was there."""
        at = self.moments[1] if row.now else self.moments[0]
        words = {"idp": str(self.idp.pk), "at": written(at), "dept": row.id}
        return Subject(row.name, f"{reverse('sync:directory')}?{urlencode(words)}")

    def _placed(self, row: DepartmentThen, kind: str) -> list[Line]:
        if row.was is None or row.now is None:
            return []
        if kind == comparing.RENAMED:
            return [Line(_("Name"), row.was.name, row.now.name)]
        parents = (self.found.name(unit.parent) for unit in (row.was, row.now))
        return [Line(_("Parent department"), *parents)]
