"""A run in numbers and words: how far it is, what it did, why it was held."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sync.models import Change, SyncRun
from sync.org.departments import lineage

Entity, Kind, Stage = Change.Entity, Change.Kind, SyncRun.Stage

COUNTS: Sequence[tuple[str, Any]] = (
    ("created", gettext_lazy("People joined")),
    ("returned", gettext_lazy("People returned")),
    ("updated", gettext_lazy("People updated")),
    ("replaced", gettext_lazy("User ids with another person")),
    ("left", gettext_lazy("People left")),
    ("out_of_scope", gettext_lazy("People out of scope")),
    ("departments_created", gettext_lazy("Departments created")),
    ("departments_updated", gettext_lazy("Departments updated")),
    ("departments_removed", gettext_lazy("Departments removed")),
    ("memberships_added", gettext_lazy("Memberships added")),
    ("memberships_changed", gettext_lazy("Memberships changed")),
    ("memberships_removed", gettext_lazy("Memberships removed")),
)
REMOVALS = (
    (Entity.EMPLOYEE, Kind.LEAVE),
    (Entity.EMPLOYEE, Kind.OUT_OF_SCOPE),
    (Entity.EMPLOYEE, Kind.REMOVE),
    (Entity.EMPLOYEE, Kind.REPLACE),
    (Entity.DEPARTMENT, Kind.REMOVE),
)
OTHERS = (
    (Entity.EMPLOYEE, Kind.CREATE),
    (Entity.EMPLOYEE, Kind.RETURN),
    (Entity.EMPLOYEE, Kind.UPDATE),
    (Entity.DEPARTMENT, Kind.CREATE),
    (Entity.DEPARTMENT, Kind.UPDATE),
    (Entity.MEMBERSHIP, Kind.CREATE),
    (Entity.MEMBERSHIP, Kind.UPDATE),
    (Entity.MEMBERSHIP, Kind.REMOVE),
)
"""Groups of changes in the order in which people look for them."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A run's changes of people in three numbers."""

    joined: int
    changed: int
    gone: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `most` 0: not known."""

    value: int
    most: int
    known: int
    seconds_left: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """The changes of one kind in a run."""

    entity: str
    kind: str
    label: str
    count: int


def sums(run: SyncRun) -> Sums:
    """Joined, changed and gone people of a run."""
    counts: Mapping[str, int] = run.counts

    def total(*names: str) -> int:
        return sum(counts.get(name, 0) for name in names)

    return Sums(
        total("created", "returned"),
        total("updated", "replaced"),
        total("left", "out_of_scope"),
    )


def counted(run: SyncRun) -> list[tuple[int, str]]:
    """What a run did as numbers with words, without the zeros."""
    return [
        (number, str(label))
        for name, label in COUNTS
        if (number := run.counts.get(name))
    ]


def progress_of(run: SyncRun) -> Progress:
    """How far an open run is; the last known size of the company is the measure."""
    known = lineage(run.idp, None).company if run.people else 0
    if run.employees_read > known:  # the company has grown: that is no measure
        known = 0
    if run.stage == Stage.APPLY:
        return Progress(run.changes_applied, run.changes_planned, known, None)
    if run.stage != Stage.FETCH:
        return Progress(0, 0, known, None)
    if known:
        read = min(run.employees_read, known)
        return Progress(read, known, known, _left(run, read, known))
    return Progress(run.departments_read, run.departments_seen, 0, None)


def _left(run: SyncRun, done: int, most: int) -> int | None:
    """Seconds until the reading is done, guessed once there is something to go by."""
    spent = run.seconds or 0.0
    return round(spent * (most - done) / done) if done and spent >= 5 else None


def held_because(run: SyncRun) -> list[str]:
    """The guard's reasons as sentences; that it is a preview or an undo is none."""
    own = (SyncRun.Purpose.PREVIEW, SyncRun.Purpose.UNDO)
    return [
        _reason(reason)
        for reason in run.held_because
        if reason.get("reason") not in own
    ]


def _reason(reason: Mapping[str, Any]) -> str:
    count = reason.get("count", 0)
    numbers = {"count": intcomma(count), "limit": intcomma(reason.get("limit", 0))}
    name = str(reason.get("reason", ""))
    sentences = {
        "people": ngettext(
            "%(count)s person would lose the active status; up to %(limit)s go without "
            "a question.",
            "%(count)s people would lose the active status; up to %(limit)s go without "
            "a question.",
            count,
        ),
        "departments": ngettext(
            "%(count)s department would be removed; up to %(limit)s go without a "
            "question.",
            "%(count)s departments would be removed; up to %(limit)s go without a "
            "question.",
            count,
        ),
        "identities": ngettext(
            "%(count)s user id belongs to another person now; up to %(limit)s go "
            "without a question.",
            "%(count)s user ids belong to other people now; up to %(limit)s go without "
            "a question.",
            count,
        ),
        "empty_root": _("Nothing was read at all: the company came back empty."),
        "credentials": ngettext(
            "It is the first run after the credentials changed, and %(count)s person "
            "would lose the active status.",
            "It is the first run after the credentials changed, and %(count)s people "
            "would lose the active status.",
            count,
        ),
        "day": ngettext(
            "With %(count)s person, more than the %(limit)s that go without a question "
            "would have lost the active status within 24 hours.",
            "With what runs did in the last 24 hours, %(count)s people would have lost "
            "the active status; up to %(limit)s go without a question.",
            count,
        ),
        "company": _(
            "The credentials show another company than they did before. Probably "
            "somebody pasted those of another one."
        ),
        "undone": ngettext(
            "It would do %(count)s thing again that an administrator took back.",
            "It would do %(count)s things again that an administrator took back.",
            count,
        ),
    }
    return sentences[name] % numbers if name in sentences else name


def groups(run: SyncRun) -> list[Group]:
    """The kinds of changes in a run with their numbers, losses first; one query."""
    rows = (
        Change.objects.filter(run=run)
        .order_by()
        .values_list("entity", "kind")
        .annotate(count=Count("pk"))
    )
    found = {(entity, kind): count for entity, kind, count in rows}
    return [
        Group(entity, kind, label_of(entity, kind), found[entity, kind])
        for entity, kind in _in_order(found)
    ]


def _in_order(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    order: list[tuple[str, str]] = [*REMOVALS, *OTHERS]
    return sorted(found, key=lambda g: (order.index(g) if g in order else 99, g))


def label_of(entity: str, kind: str) -> str:
    """E.g. "Employee: left"."""
    words = {"entity": Entity(entity).label, "kind": Kind(kind).label}
    return _("%(entity)s: %(kind)s") % words
