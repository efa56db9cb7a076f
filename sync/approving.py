"""What an administrator decides about a held plan: it is carried out, or dropped.

An approval agrees to exactly the plan that was shown (its digest), for a day, and for
one run. That run reads anew; what is new in its plan the guard judges again. Rows can
be left out: they are kept as they are by every run until they are released.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from identity.models import IdentityProvider, User
from sync import runs
from sync.models import Change, Kept, SyncRun

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)
"""How long a held plan can be approved, from when it was held."""
CHUNK = 500

State, Purpose = SyncRun.State, SyncRun.Purpose
Entity, Kind = Change.Entity, Change.Kind
Row = tuple[str, str]
"""entity and key of a planned change."""


class NotWaiting(Exception):
    """The plan cannot be decided about; `reason` is a code, the text says it in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(_words(reason))
        self.reason = reason


def waiting(run: SyncRun) -> bool:
    """Whether an administrator can approve a run's plan now."""
    return not _why_not(run)


def ends_at(run: SyncRun) -> datetime | None:
    """Until when a held plan can be approved; None for a run that is not held."""
    held = run.state == State.HELD and run.finished_at is not None
    return run.finished_at + WINDOW if held and run.finished_at else None


def losses(run: SyncRun) -> QuerySet[Change]:
    """What a held plan takes away: people who end, userids that change hands, and
    departments that are removed."""
    ended = Q(entity=Entity.EMPLOYEE, kind__in=(Kind.REMOVE, Kind.REPLACE))
    ended |= Q(entity=Entity.EMPLOYEE, kind__in=(Kind.LEAVE, Kind.OUT_OF_SCOPE))
    removed = Q(entity=Entity.DEPARTMENT, kind=Kind.REMOVE)
    return run.changes.filter(ended | removed, applied=False)


def verdicts(run: SyncRun) -> dict[str, int]:
    """How many people a held plan ends, by what the vendor said of them; "" for those
    who were not asked for yet."""
    people = losses(run).filter(entity=Entity.EMPLOYEE).order_by()
    ended = people.exclude(kind=Kind.REPLACE)
    counted = ended.values_list("verdict").annotate(number=Count("pk"))
    return dict(sorted(counted))


def may_be_left_out(change: Change) -> bool:
    """Whether an administrator can leave this row out: who left keeps no access."""
    return change.verdict != Change.Verdict.LEFT


def approve(
    run: SyncRun, by: User, *, digest: str, left_out: Collection[Row] = ()
) -> SyncRun:
    """Agree to a held plan without the rows `left_out`; the queued run that carries it
    out. Raises NotWaiting, and then nothing has changed."""
    with transaction.atomic():
        run = _current(run)
        if reason := _why_not(run) or ("digest" if digest != run.digest else ""):
            raise NotWaiting(reason)
        rows = _rows(run, left_out)
        try:
            # Before the held run's row is written: two who approve at once meet here,
            # in the order in which every other new run meets them.
            queued = runs.enqueue(
                run.idp,
                trigger=SyncRun.Trigger.PERSON,
                by=by,
                people=run.people,
                although_closed=False,
                purpose=Purpose.UNDO if run.purpose == Purpose.UNDO else Purpose.SYNC,
                approves=run,
                undoes=run.undoes,
            )
        except runs.AlreadyRunning:
            raise NotWaiting(_why_not(_current(run)) or "superseded") from None
        decided = _held(run).update(
            state=State.SUPERSEDED,
            approved_by=by,
            approved_at=Now(),
            left_out=[[row.entity, row.key] for row in rows],
        )
        if not decided:
            raise NotWaiting(_why_not(_current(run)) or "superseded")
        if run.purpose != Purpose.UNDO:  # what is not taken back is simply as it is
            _keep(run, rows, by)
    return queued


def refuse(run: SyncRun, by: User) -> SyncRun:
    """Drop a held plan: nothing of it is done. Raises NotWaiting."""
    dropped = _held(run).update(
        state=State.CANCELLED,
        error_code="refused",
        error_cause=_("%(name)s dropped this plan.") % {"name": by.get_username()},
    )
    run = _current(run)
    if not dropped:
        raise NotWaiting(_why_not(run, old=False) or "superseded")
    return run


def release(kept: Kept, by: User) -> None:
    """Let runs change this again; the caller writes the audit line."""
    log.info("%s releases %s of IdP %s", by, kept, kept.idp_id)
    kept.delete()


def end_old() -> int:
    """End held plans that nobody approved in time; how many that were."""
    old = SyncRun.objects.filter(state=State.HELD, finished_at__lt=Now() - WINDOW)
    return old.update(
        state=State.SUPERSEDED,
        error_code="expired",
        error_cause="Nobody decided about this plan within 24 hours.",
        error_remedy="The next run reads anew.",
    )


def _current(run: SyncRun) -> SyncRun:
    """The row as it is now; raises NotWaiting if it is gone."""
    found = SyncRun.objects.select_related("idp").filter(pk=run.pk).first()
    if found is None:
        raise NotWaiting("superseded")
    return found


def _held(run: SyncRun) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(pk=run.pk, state=State.HELD)


def _why_not(run: SyncRun, *, old: bool = True) -> str:
    """Why nobody can decide about a plan now, as a code; "" if somebody can.

    `old`: its age counts, by the database's clock.
    """
    if run.approved_at is not None:
        return "approved"
    if run.error_code in ("refused", "expired"):
        return run.error_code
    if run.state == State.SUPERSEDED:
        return "superseded"
    if run.state != State.HELD:
        return "not_held"
    if run.error_code == "company":
        return "company"
    if run.idp.is_draft:
        return "draft"
    if run.idp.status == IdentityProvider.Status.CLOSED:
        return "closed"
    aged = old and _held(run).filter(finished_at__lt=Now() - WINDOW).exists()
    return "expired" if aged else ""


def _words(reason: str) -> str:
    words = {
        "digest": _("The plan is not the one that was shown any more. Look again."),
        "expired": _("This plan is older than 24 hours. A new run reads anew."),
        "superseded": _("A newer run has taken the place of this plan."),
        "refused": _("This plan was dropped."),
        "approved": _("This plan has been approved already."),
        "not_held": _("This run has no plan that waits."),
        "draft": _("The IdP was never confirmed."),
        "closed": _("The IdP is closed. Enable it, then let a run read anew."),
        "company": _(
            "The credentials open another company. Nothing of it can be approved."
        ),
        "left": _("Who has left the company cannot be left out."),
        "unknown_row": _("A row that was to be left out is not in this plan."),
    }
    return words[reason]


def _rows(run: SyncRun, wanted: Iterable[Row]) -> list[Change]:
    """The planned changes that shall be left out. Raises NotWaiting."""
    pairs = set(wanted)
    keys = sorted({key for _entity, key in pairs})
    found: list[Change] = []
    for start in range(0, len(keys), CHUNK):
        rows = run.changes.filter(applied=False, key__in=keys[start : start + CHUNK])
        found += [row for row in rows if (row.entity, row.key) in pairs]
    if {(row.entity, row.key) for row in found} != pairs:
        raise NotWaiting("unknown_row")
    if not all(may_be_left_out(row) for row in found):
        raise NotWaiting("left")
    return found


def _keep(run: SyncRun, rows: Iterable[Change], by: User) -> None:
    kept = [
        Kept(
            idp=run.idp,
            entity=row.entity,
            key=row.key,
            label=row.label,
            run=run,
            by=by,
        )
        for row in rows
    ]
    Kept.objects.bulk_create(
        kept,
        update_conflicts=True,  # the newest says what exactly was left out
        unique_fields=["idp", "entity", "key"],
        update_fields=["label", "run", "by", "at"],
        batch_size=CHUNK,
    )
