"""What a run must know of the other runs of its IdP, before, after and beside it."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from identity.models import IdentityProvider
from sync.models import Change, SyncRun, full_runs

HOUR = timedelta(hours=1)
READ = (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL)
"""How a run ends that has read and written what it could."""


def unknown_fields(idp: IdentityProvider) -> frozenset[str]:
    """Fields that the last full run could see for nobody; narrow reads believe it."""
    last = full_runs().filter(idp=idp, state__in=READ, people=True).order_by("-pk")
    return frozenset(last.values_list("unknown_fields", flat=True).first() or ())


class Outdated(Exception):
    """A full run has read since, and wrote no numbers to what it found unchanged."""


def still_newest(idp: IdentityProvider, first: int) -> None:
    """Raises Outdated if a full run has read after such a pass did (design 2.4)."""
    if newer_full_run(idp, first):
        raise Outdated


def newer_full_run(idp: IdentityProvider, first: int) -> bool:
    """Whether a full run has read after a pass with this first number did."""
    newer = full_runs().filter(idp=idp, first_read__gt=first)
    return newer.filter(state__in=(*READ, SyncRun.State.RUNNING)).exists()


def company_is_known(idp: IdentityProvider) -> bool:
    """Whether the vendor has said within the hour that it is the right company."""
    asked = SyncRun.objects.filter(idp=idp).exclude(company__in=("", "unsure"))
    recent = asked.filter(started_at__gte=Now() - HOUR).order_by("-pk")
    return recent.values_list("company", flat=True).first() == SyncRun.Company.SAME


def older_full_run(idp: IdentityProvider, first: int) -> int | None:
    """A full run under way that may have seen, before such a pass, what is not there
    any more."""
    running = full_runs().filter(idp=idp, state=SyncRun.State.RUNNING)
    before = running.filter(first_read__gt=0, first_read__lt=first)
    return before.values_list("pk", flat=True).first()


def removed_beside(run: SyncRun, departments: Sequence[str]) -> set[str]:
    """Which of these departments were removed by a run that read later than this one."""
    removed = Change.objects.filter(
        Q(run_id__gt=run.pk) | Q(run__first_read__gt=run.first_read),
        run__idp=run.idp_id,
        entity=Change.Entity.DEPARTMENT,
        kind=Change.Kind.REMOVE,
        key__in=departments,
        applied=True,
    )
    return set(removed.values_list("key", flat=True)) if departments else set()


def narrow_run_was_interrupted(idp: IdentityProvider) -> bool:
    """Whether a narrow run wrote something and ended before the tree's numbers."""
    narrow = SyncRun.objects.filter(idp=idp, breadth=SyncRun.Breadth.NARROW)
    whole = narrow.filter(state__in=READ).order_by("-pk")
    last = whole.values_list("pk", flat=True).first() or 0
    ended = narrow.filter(pk__gt=last).exclude(state__in=SyncRun.OPEN)
    return Change.objects.filter(run__in=ended, applied=True).exists()
