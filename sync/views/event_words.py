"""Events as people read them: who and what they are about, by name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from identity.connectors.records import EventKind
from identity.models import IdentityProvider
from sync.models import Change, Department, Employee, InboxEvent, SyncRun
from sync.org.person import private_fields
from sync.views.changes import Subject
from sync.views.veil import Veil

KINDS: Mapping[str, object] = {
    EventKind.JOINED: gettext_lazy("People joined"),
    EventKind.CHANGED: gettext_lazy("People changed"),
    EventKind.LEFT: gettext_lazy("People left"),
    EventKind.DEPARTMENT_CREATED: gettext_lazy("Departments created"),
    EventKind.DEPARTMENT_CHANGED: gettext_lazy("Departments changed"),
    EventKind.DEPARTMENT_REMOVED: gettext_lazy("Departments removed"),
    EventKind.VERIFY: gettext_lazy("Address verified"),
    EventKind.OTHER: gettext_lazy("Other events"),
}
PEOPLE = (EventKind.JOINED, EventKind.CHANGED, EventKind.LEFT)
WAITING = (InboxEvent.State.PENDING, InboxEvent.State.HELD, InboxEvent.State.PARKED)
NAMED = 3
"""Names of one event in a list."""

Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Names:
    """People and departments of some IdPs, by the ids that events name.

    `gone` are departments that are not there any more: what they were called.
    """

    people: Mapping[Key, Employee]
    departments: Mapping[Key, Department]
    gone: Mapping[Key, str]
    veils: Mapping[UUID, Veil]

    def person(self, idp: UUID, userid: str) -> Subject:
        """Somebody, as this reader may see it."""
        veil, row = self.veils[idp], self.people.get((idp, userid))
        if row is None:
            return Subject(veil.text(userid))
        title = veil.value("title", row.title, row.mobile)
        return Subject(veil.name(row), reverse("sync:employee", args=[row.pk]), title)

    def department(self, idp: UUID, key: str) -> Subject:
        """A department."""
        if row := self.departments.get((idp, key)):
            return Subject(row.name, reverse("sync:department", args=[row.pk]))
        return Subject(self.gone.get((idp, key)) or key)

    def subjects(self, event: InboxEvent, most: int) -> list[Subject]:
        """Whom and what an event names, up to so many of each."""
        return [
            *(self.person(event.idp_id, one) for one in event.userids[:most]),
            *(self.department(event.idp_id, one) for one in event.departments[:most]),
        ]


@dataclass(frozen=True, slots=True)
class Said:
    """An event of a list: its sentence, and names where the sentence has a number.

    `more`: how many others it names.
    """

    event: InboxEvent
    sentence: SafeString
    names: tuple[str, ...] = ()
    more: int = 0

    @property
    def working(self) -> bool:
        """Whether its run is open; asks nothing if the list brought the run's state."""
        return getattr(self.event, "run_state", "") in SyncRun.OPEN

    @property
    def delay(self) -> float | None:
        """Seconds from received to handled; None if it was not worked on."""
        event = self.event
        if event.handled_at is None or event.run_id is None:
            return None
        return (event.handled_at - event.received_at).total_seconds()

    @property
    def waits(self) -> float | None:
        """Seconds since it came, while it is not over."""
        if self.event.state not in WAITING:
            return None
        return (timezone.now() - self.event.received_at).total_seconds()

    @property
    def tries(self) -> int:
        """How often it was worked on, the one that succeeded included."""
        return self.event.attempts + (self.delay is not None)


def names_of(
    events: Iterable[InboxEvent],
    idps: Iterable[IdentityProvider],
    user: object,
    most: int = NAMED,
) -> Names:
    """Everybody and everything that events name, the first `most` of each; at most
    three queries."""
    rows = list(events)
    people = {(e.idp_id, one) for e in rows for one in e.userids[:most]}
    units = {(e.idp_id, one) for e in rows for one in e.departments[:most]}
    departments = _departments(units)
    return Names(
        _people(people),
        departments,
        _gone(units - departments.keys()),
        {idp.pk: Veil(user, private_fields(idp)) for idp in idps},
    )


def said(events: Sequence[InboxEvent], names: Names) -> list[Said]:
    """Events of a list in words."""
    return [_said(event, names) for event in events]


def sentence(event: InboxEvent, names: Names) -> SafeString:
    """What an event says, e.g. "Zhang San changed"; its name if it is none of ours."""
    keys = event.userids if event.kind in PEOPLE else event.departments
    if event.kind == EventKind.VERIFY:
        return conditional_escape(_("The address was verified"))
    if event.kind == EventKind.OTHER or not keys:
        return format_html("<bdi>{}</bdi>", event.name)
    first = names.subjects(event, 1)[0].name
    words = conditional_escape(_words(event.kind, len(keys)))
    if event.way == InboxEvent.Way.CONSOLE:
        words = conditional_escape(_("%(name)s was asked for by hand"))
    parts = {"count": len(keys), "name": format_html("<bdi>{}</bdi>", first)}
    # The sentence is ours and the name is escaped.
    return mark_safe(words % parts)  # noqa: S308


def _said(event: InboxEvent, names: Names) -> Said:
    told = sentence(event, names)
    if event.objects_named <= 1:
        return Said(event, told)
    shown = names.subjects(event, NAMED)
    rest = event.objects_named - len(shown)
    return Said(event, told, tuple(one.name for one in shown), rest)


def _words(kind: str, count: int) -> str:
    """The sentence for one, which says the name, or for several."""
    return _of_one(kind) if count == 1 else _of_several(kind, count)


def _of_one(kind: str) -> str:
    sentences: dict[str, str] = {
        EventKind.JOINED: _("%(name)s joined"),
        EventKind.CHANGED: _("%(name)s changed"),
        EventKind.LEFT: _("%(name)s left"),
        EventKind.DEPARTMENT_CREATED: _("%(name)s was created"),
        EventKind.DEPARTMENT_CHANGED: _("%(name)s was renamed or moved"),
        EventKind.DEPARTMENT_REMOVED: _("%(name)s was deleted"),
    }
    return sentences[kind]


def _of_several(kind: str, count: int) -> str:
    sentences: dict[str, str] = {
        EventKind.JOINED: ngettext(
            "%(count)s person joined", "%(count)s people joined", count
        ),
        EventKind.CHANGED: ngettext(
            "%(count)s person changed", "%(count)s people changed", count
        ),
        EventKind.LEFT: ngettext(
            "%(count)s person left", "%(count)s people left", count
        ),
        EventKind.DEPARTMENT_CREATED: ngettext(
            "%(count)s department was created",
            "%(count)s departments were created",
            count,
        ),
        EventKind.DEPARTMENT_CHANGED: ngettext(
            "%(count)s department was renamed or moved",
            "%(count)s departments were renamed or moved",
            count,
        ),
        EventKind.DEPARTMENT_REMOVED: ngettext(
            "%(count)s department was deleted",
            "%(count)s departments were deleted",
            count,
        ),
    }
    return sentences[kind]


def _people(wanted: set[Key]) -> dict[Key, Employee]:
    """Of several with one userid the one who has not left counts, else the newest."""
    if not wanted:
        return {}
    idps, keys = _columns(wanted)
    rows = Employee.objects.filter(idp__in=idps, userid__in=keys).order_by("pk")
    ordered = sorted(rows, key=lambda row: row.status != Employee.Status.LEFT)
    return {(row.idp_id, row.userid): row for row in ordered}


def _departments(wanted: set[Key]) -> dict[Key, Department]:
    if not wanted:
        return {}
    idps, keys = _columns(wanted)
    rows = Department.objects.filter(idp__in=idps, source_id__in=keys)
    return {(row.idp_id, row.source_id): row for row in rows}


def _gone(wanted: set[Key]) -> dict[Key, str]:
    """What departments were called, by the runs that removed them."""
    if not wanted:
        return {}
    idps, keys = _columns(wanted)
    rows = Change.objects.filter(
        entity=Change.Entity.DEPARTMENT,
        kind=Change.Kind.REMOVE,
        key__in=keys,
        run__idp__in=idps,
    )
    told = rows.order_by("pk").values_list("run__idp", "key", "label")
    return {(idp, key): label for idp, key, label in told}


def _columns(wanted: set[Key]) -> tuple[set[UUID], set[str]]:
    return {idp for idp, _key in wanted}, {key for _idp, key in wanted}
