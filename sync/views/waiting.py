"""The page of a held run: what would happen row by row, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from identity.proof import Proof
from sync import approving
from sync.models import Change, SyncRun
from sync.org.person import private_fields
from sync.views import parameters
from sync.views.changes import Line, Told, cast_of, told
from sync.views.plans import ENDS, Part, Plan, left_out_of, plan_of, planned, searched
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

Verdict = Change.Verdict
PAGE = 50
"""Rows in one answer."""


@dataclass(frozen=True, slots=True)
class Row:
    """A planned change: whether it is left out, and whether it can be."""

    told: Told
    out: bool
    free: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of rows of a plan. `after`: where the next one begins."""

    rows: tuple[Row, ...]
    part: Part | None
    text: str
    after: int | None
    later: bool

    @property
    def mixed(self) -> bool:
        """Whether rows of several kinds stand here, so that each says its own."""
        return bool(self.text) or self.part is None or self.part.word == "agreed"


def context(
    request: "ConsoleRequest", run: SyncRun, proof: Proof | None = None
) -> dict[str, Any]:
    """What the page of a held run shows beside that of any run."""
    plan = plan_of(run)
    return {
        "plan": plan,
        "shown": _shown(request, run, plan),
        "may": plan.waits and request.user.is_administrator,
        "newer": None if plan.waits else newer_than(run),
        "proof": proof or Proof(request),
    }


def newer_than(run: SyncRun) -> SyncRun | None:
    """The run that took the place of this one's plan: the one that carries it out,
    else the newest; None if there is none."""
    alike = SyncRun.objects.filter(idp=run.idp_id, breadth=run.breadth)
    newer = alike.filter(pk__gt=run.pk).order_by("-pk")
    return SyncRun.objects.filter(approves=run).first() or newer.first()


def _shown(request: "ConsoleRequest", run: SyncRun, plan: Plan) -> Shown:
    text = parameters.text(request, "q")
    part = plan.part(request.GET.get("part", ""))
    after = parameters.place(request, "after")
    hidden = not request.user.is_administrator
    found_in = searched(run, text, hidden=hidden) if text else _of(run, part)
    rows = _page(found_in, after)
    found = rows[:PAGE]
    veil = Veil(request.user, private_fields(run.idp))
    out = left_out_of(run)
    lines = told(found, cast_of(found, run.idp), veil)
    return Shown(
        tuple(_row(line, out, run) for line in lines),
        part,
        text,
        found[-1].pk if len(rows) > PAGE else None,
        after is not None,
    )


def _of(run: SyncRun, part: Part | None) -> QuerySet[Change]:
    return planned(run).filter(part.about) if part else planned(run).none()


def _page(rows: QuerySet[Change], after: int | None) -> Sequence[Change]:
    """A page of rows, and one more if there is one."""
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk")[: PAGE + 1])


def _row(line: Told, out: set[tuple[str, str]], run: SyncRun) -> Row:
    change = line.change
    free = approving.may_be_left_out(change) and not change.approved
    told = line
    if change.kind in ENDS:
        told = replace(line, lines=(_ending(change, run),))
    elif (change.entity, change.kind) == (Change.Entity.MEMBERSHIP, Change.Kind.CREATE):
        told = replace(line, lines=_joining(change))
    return Row(told, (change.entity, change.key) in out, free)


def _joining(change: Change) -> tuple[Line, ...]:
    """Before and after of a membership that begins; its place in a list says nothing."""
    begins = Line(_("In the directory"), _("no"), _("yes"))
    leads = bool((change.after or {}).get("leader"))
    return (begins, Line(_("Leader"), _("no"), _("yes"))) if leads else (begins,)


def _ending(change: Change, run: SyncRun) -> Line:
    """Before and after of what ends."""
    if change.entity != Change.Entity.EMPLOYEE:
        return Line(_("In the directory"), _("yes"), _("no"))
    after: dict[str, str] = {
        Verdict.LEFT: _("left"),
        Verdict.MOVED: _("out of scope"),
        Verdict.HIDDEN: _("out of scope"),
        Verdict.UNREADABLE: _("active, until there is an answer"),
        Verdict.FOUND: _("active"),
    }
    unasked = _("left or out of scope, once confirmed")
    if run.purpose == SyncRun.Purpose.UNDO:  # whoever came with what is undone
        unasked = _("out of scope")
    return Line(_("Status"), _("active"), after.get(change.verdict, unasked))
