"""What the guard must know of an IdP besides the plan, and what an approval covers.

An approved plan agrees to its losses and to the reasons that it was held for, as far
as the credentials still name the same app and company. What is new is judged alone.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from identity.models import IdentityProvider
from sync import guard, history, plan
from sync.coverage import company_of, limits_of
from sync.models import Change, Department, Employee, SyncRun, full_runs
from sync.neighbours import READ
from sync.reading import Reading

DAY = timedelta(hours=24)
ENDED = ("left", "out_of_scope", "replaced")
CAME = ("created", "returned")
LASTING = frozenset({"empty_root", "undone"})
"""Reasons that stay true however little is new, and are agreed to as they are."""


def agreed_by(run: SyncRun) -> guard.Agreed:
    """What was agreed to for this run; nothing if it carries out no approval."""
    held = _approved(run)
    if held is None:
        return guard.NOTHING
    left_out = {(entity, key) for entity, key in held.left_out}
    absent: set[str] = set()
    replaced: dict[str, str] = {}
    departments: set[str] = set()
    losses = held.changes.filter(
        applied=False, kind__in=(Change.Kind.REMOVE, Change.Kind.REPLACE)
    ).exclude(entity=Change.Entity.MEMBERSHIP)
    for entity, kind, key, after in losses.values_list(
        "entity", "kind", "key", "after"
    ):
        if (entity, key) in left_out:
            continue
        if kind == Change.Kind.REPLACE:
            replaced[key] = str((after or {}).get("unionid", ""))
        elif entity == Change.Entity.EMPLOYEE:
            absent.add(key)
        else:
            departments.add(key)
    reasons = {str(e.get("reason")): int(e.get("count", 0)) for e in held.held_because}
    return guard.Agreed(frozenset(absent), replaced, frozenset(departments), reasons)


def planned(
    run: SyncRun, changes: Sequence[plan.Change], verdicts: Mapping[str, str]
) -> list[history.Planned]:
    """Changes of a plan that is held, as lines; `verdicts` are of people."""
    lines = [
        history.line(c.entity, c.kind, c.key, c.before, c.after, whole=True)
        for c in changes
    ]
    agreed = _agreed_among(run, lines)
    return [
        (line, _verdict(change, verdicts), (change.entity, change.key) in agreed)
        for line, change in zip(lines, changes, strict=True)
    ]


def _verdict(change: plan.Change, verdicts: Mapping[str, str]) -> str:
    ends = change.kind in (plan.Kind.REMOVE, plan.Kind.REPLACE)
    person = change.entity is plan.Entity.EMPLOYEE
    return verdicts.get(change.key, "") if ends and person else ""


def _agreed_among(run: SyncRun, lines: Sequence[history.Line]) -> set[tuple[str, str]]:
    """Entity and key of those lines that were agreed to for this run exactly so."""
    held = _approved(run)
    if held is None or not lines:
        return set()
    rows = held.changes.filter(applied=False, key__in={line[2] for line in lines})
    known = {(row.entity, row.key): (row.kind, row.after) for row in rows}
    found = set()
    for entity, kind, key, _label, _before, after in lines:
        was, then = known.get((entity, key), ("", None))
        if was == kind and _same(kind, then, after):
            found.add((entity, key))
    return found - {(entity, key) for entity, key in held.left_out}


def _same(
    kind: str, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> bool:
    """Whether the side after is the same; who takes a userid over is who they are."""
    if kind == Change.Kind.REPLACE:
        return (then or {}).get("unionid") == (now or {}).get("unionid")
    return (then or {}) == (now or {})


def _approved(run: SyncRun) -> SyncRun | None:
    """The held run whose approved plan this run carries out. None if there is none, or
    the credentials are others since: nobody has seen what those bring."""
    held = run.approves
    if held is None or held.approved_at is None:
        return None
    return held if held.fingerprint == company_of(run.idp) else None


def held_because(
    idp: IdentityProvider,
    planned: plan.Plan,
    reading: Reading,
    agreed: guard.Agreed,
    *,
    complete: bool,
    again: int = 0,
) -> tuple[guard.Held, ...]:
    """What the guard says to what is new in a plan. `complete`: the read was, when it
    was compared; `again` changes of it had been taken back."""
    present = present_of(idp)
    # An empty company is suspicious if there was somebody, or if not even its root
    # came; a company that nobody has joined yet is not.
    suspicious = (
        present.active > 0 or present.departments > 1 or not reading.departments
    )
    new = guard.beyond(planned, agreed)
    found = guard.guard(
        new,
        limits_of(idp),
        present,
        empty_root=complete and reading.empty and suspicious,
        new_credentials=credentials_changed(idp),
        whole=reading.from_the_top,
    )
    if again:
        found = (*found, guard.Held("undone", again, 0))
    if new.losses:
        return found
    lasting = {name: n for name, n in agreed.reasons.items() if name in LASTING}
    return tuple(held for held in found if held.count > lasting.get(held.reason, -1))


def present_of(idp: IdentityProvider) -> guard.Present:
    """What a plan of this IdP is measured against now (F-58 with the last 24 hours)."""
    active = Employee.objects.filter(idp=idp, status=Employee.Status.ACTIVE).count()
    departments = Department.objects.filter(idp=idp).count()
    recent = SyncRun.objects.filter(idp=idp, finished_at__gte=Now() - DAY)
    counts = list(recent.values_list("counts", flat=True))
    began = active + _sum(counts, ENDED) - _sum(counts, CAME)
    if not _older(idp).exists():  # the company came within the day: there was nobody
        began = active + _sum(counts, ENDED)
    unapproved = recent.filter(
        breadth=SyncRun.Breadth.FULL,
        purpose=SyncRun.Purpose.SYNC,
        approves=None,
    ).exclude(trigger=SyncRun.Trigger.PERSON)
    ended = _sum(unapproved.values_list("counts", flat=True), ENDED)
    return guard.Present(active, departments, ended, max(began, 0))


def credentials_changed(idp: IdentityProvider) -> bool:
    """Whether the last run that could end somebody read another app or company."""
    last = (
        full_runs()
        .filter(idp=idp, state=SyncRun.State.SUCCESS, people=True)
        .order_by("-pk")
        .values_list("fingerprint", flat=True)
        .first()
    )
    return last is not None and last != company_of(idp)


def _older(idp: IdentityProvider) -> QuerySet[SyncRun]:
    """Runs that had read people before the last 24 hours."""
    read = full_runs().filter(idp=idp, state__in=READ, people=True)
    return read.filter(finished_at__lt=Now() - DAY)


def _sum(counts: Any, names: tuple[str, ...]) -> int:
    return sum(each.get(name, 0) for each in counts for name in names)
