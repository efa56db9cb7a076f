"""The plan of a held run as an administrator reads it: in parts, with the numbers that a
decision is about, and which rows are left out."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sync import approving
from sync.models import Change, SyncRun
from sync.org.history import department_of, userid_of
from sync.views.plan_words import LABELS, LOSSES, loss_of, note_of

Entity, Kind = Change.Entity, Change.Kind
Row = tuple[str, str]
"""entity and key: what a row is about."""

MOST_LEFT_OUT = 1000
"""Rows left out of one plan: they are exceptions. Who wants more changes the scope."""
FEW_PEOPLE, FEW_DEPARTMENTS = 10, 3
"""Up to so many lose access, or are removed, without the number being typed."""

ENDS = (Kind.LEAVE, Kind.OUT_OF_SCOPE, Kind.REMOVE)
LOSING = (*ENDS, Kind.REPLACE)
AGREED = "agreed"
"""The part of rows that an earlier approval was about."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a plan that are read together. `word` names it in addresses."""

    word: str
    label: str
    note: str
    count: int
    about: Q
    """Which changes of the run these are."""
    loss: bool = False


@dataclass(frozen=True)
class Plan:
    """What a decision about a held run is about.

    `made` and `left_out` count rows that were not agreed to earlier, `people` and
    `departments` those of them that lose access or are removed.
    """

    run: SyncRun
    parts: tuple[Part, ...]
    made: int
    left_out: int
    agreed: int
    people: int
    departments: int
    mark: str
    """The same for the same plan with the same rows left out, and another otherwise."""

    @property
    def typed(self) -> int:
        """The number that has to be typed to approve it; 0: none."""
        if self.people > FEW_PEOPLE:
            return self.people
        return self.departments if self.departments > FEW_DEPARTMENTS else 0

    @property
    def types_people(self) -> bool:
        """Whether that is a number of people, and not of departments."""
        return self.people > FEW_PEOPLE

    @property
    def until(self) -> datetime | None:
        """Until when it can be approved; None if it does not wait any more."""
        return approving.ends_at(self.run)

    @property
    def waits(self) -> bool:
        """Whether it can be approved now."""
        return self.standing == "waits"

    @cached_property
    def standing(self) -> str:
        """waits, expired, closed, company, approved, refused or superseded."""
        run = self.run
        if approving.waiting(run):
            return "waits"
        if run.approved_at is not None:
            return "approved"
        if run.error_code in ("refused", "expired"):
            return run.error_code
        if run.state != SyncRun.State.HELD:
            return "superseded"
        if run.error_code == "company":
            return "company"
        return "expired" if self.until and self.until < timezone.now() else "closed"

    @property
    def wanted(self) -> bool:
        """Whether this run was meant to wait: a preview or an undo, not a fault."""
        return self.run.purpose != SyncRun.Purpose.SYNC

    @property
    def vendor(self) -> str:
        """The vendor's name (templates would call the class)."""
        return str(self.run.idp.connector_class.label)

    def part(self, word: str) -> Part | None:
        """The part with this word, else the first one."""
        found = (part for part in self.parts if part.word == word)
        return next(found, next(iter(self.parts), None))


def planned(run: SyncRun) -> QuerySet[Change]:
    """The rows of the plan of a held run."""
    return Change.objects.filter(run=run, applied=False)


def left_out_of(run: SyncRun) -> set[Row]:
    """What is left out so far."""
    return {(str(entity), str(key)) for entity, key in run.left_out}


def plan_of(run: SyncRun) -> Plan:
    """The parts and the numbers of a plan; two queries."""
    columns = ("entity", "kind", "verdict", "approved")
    counted = planned(run).order_by().values_list(*columns).annotate(count=Count("pk"))
    counts = {(e, k, v, done): count for e, k, v, done, count in counted}
    out = list(_left_out(run))
    people = _sum(counts, Entity.EMPLOYEE, LOSING) - sum(_ends(row) for row in out)
    departments = _sum(counts, Entity.DEPARTMENT, [Kind.REMOVE]) - sum(
        _removes(row) for row in out
    )
    agreed = sum(count for group, count in counts.items() if group[3])
    asked = sum(counts.values()) - agreed
    return Plan(
        run,
        tuple(_parts(run, counts, agreed)),
        asked - len(out),
        len(out),
        agreed,
        people,
        departments,
        mark_of(run),
    )


def mark_of(run: SyncRun) -> str:
    """Names the plan of a run together with what is left out of it."""
    told = json.dumps([run.digest, sorted(left_out_of(run))])
    return sha256(told.encode()).hexdigest()[:16]


def with_memberships(run: SyncRun, rows: Sequence[Change]) -> set[Row]:
    """What these rows are about, and the memberships that go with them: a person who is
    left as they are stays where they are, and nobody comes into a department that is not
    made or goes from one that stays."""
    people = {row.key for row in rows if row.entity == Entity.EMPLOYEE}
    places = {
        row.key
        for row in rows
        if row.entity == Entity.DEPARTMENT and row.kind != Kind.UPDATE
    }
    wanted = Q(pk=None)
    for key in people:
        wanted |= Q(key__startswith=f"{key}/")
    for key in places:
        wanted |= Q(key__endswith=f"/{key}")
    found = planned(run).filter(wanted, entity=Entity.MEMBERSHIP)
    tied = {
        (row.entity, row.key)
        for row in found
        if userid_of(row) in people or department_of(row) in places
    }
    return {(row.entity, row.key) for row in rows} | tied


def searched(run: SyncRun, text: str, *, hidden: bool) -> QuerySet[Change]:
    """Rows of the plan whose name or id has this text in it.

    A user id may be a mobile: who must not see those (`hidden`) finds by digits a whole
    user id only, or could try for the others one by one.
    """
    named, keyed = Q(label__icontains=text), Q(key__icontains=text)
    if hidden and any(map(str.isdigit, text)):
        keyed = Q(key=text) | Q(key__startswith=f"{text}/", entity=Entity.MEMBERSHIP)
        if not any(map(str.isalpha, text)):  # a name may hold the number too
            named &= Q(entity=Entity.DEPARTMENT) | Q(label=text)
    return planned(run).filter(named | keyed)


def _left_out(run: SyncRun) -> Iterator[Change]:
    """Rows of the plan that are left out, of those that were not agreed to."""
    out = left_out_of(run)
    if out:
        rows = planned(run).filter(key__in={key for _entity, key in out})
        light = ("entity", "kind", "key", "verdict", "approved")
        for row in rows.only(*light):
            if (row.entity, row.key) in out and not row.approved:
                yield row


Counts = dict[tuple[str, str, str, bool], int]


def _ends(row: Change) -> bool:
    return row.entity == Entity.EMPLOYEE and row.kind in LOSING


def _removes(row: Change) -> bool:
    return row.entity == Entity.DEPARTMENT and row.kind == Kind.REMOVE


def _parts(run: SyncRun, counts: Counts, agreed: int) -> Iterator[Part]:
    vendor = str(run.idp.connector_class.label)
    for verdict in LOSSES:
        about = Q(entity=Entity.EMPLOYEE, kind__in=ENDS, verdict=verdict)
        count = _sum(counts, Entity.EMPLOYEE, ENDS, verdict)
        if count:
            yield Part(
                f"people-{verdict or 'unasked'}",
                loss_of(run, verdict),
                note_of(run, verdict, vendor),
                count,
                about & Q(approved=False),
                loss=True,
            )
    for (entity, kind), label in LABELS.items():
        if count := _sum(counts, entity, (kind,)):
            about = Q(entity=entity, kind=kind, approved=False)
            loss = kind in (Kind.REPLACE, Kind.REMOVE) and entity != Entity.MEMBERSHIP
            yield Part(f"{entity}-{kind}", str(label), "", count, about, loss=loss)
    if agreed:
        note = _("An earlier approval was about these; they are not asked again.")
        label = _("Agreed to earlier")
        yield Part(AGREED, label, note, agreed, Q(approved=True))


def _sum(
    counts: Counts, entity: str, kinds: Collection[str], verdict: str | None = None
) -> int:
    """How many rows of these kinds were not agreed to; verdict None: any."""
    return sum(
        count
        for (its_entity, kind, its_verdict, agreed), count in counts.items()
        if its_entity == entity
        and kind in kinds
        and verdict in (None, its_verdict)
        and not agreed
    )
