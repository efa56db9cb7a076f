"""Drafts: what is known about one, and how one ends that nobody finished.

A draft is kept for a week after it was last touched; a stored value touches it, and so
does a connectivity test. The row is the only state (spec A11).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from identity import audit, wizard
from identity.models import AuditEvent, IdentityProvider, User

KEPT = timedelta(days=7)
DISCARDED, EXPIRED = "idp.discard", "idp.draft.expire"
"""What the audit trail calls the two ends of a draft."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as lists show it. `number` is its next step's, of `steps`."""

    idp: IdentityProvider
    number: int
    steps: int
    label: str
    url: str
    touched_at: datetime

    @property
    def name(self) -> str:
        """What it is called: its name, or the vendor's while it has none."""
        return self.idp.name or str(self.idp.connector_class.label)

    @property
    def by(self) -> str:
        """Who began it, "" if that account is not known."""
        return self.idp.created_by.get_username() if self.idp.created_by else ""

    @property
    def removed_at(self) -> datetime:
        """When it is removed if nobody touches it."""
        return self.touched_at + KEPT


def draft_of(idp: IdentityProvider) -> Draft:
    """What lists say about a draft; asks the database."""
    step = wizard.next_step(idp)
    return Draft(
        idp,
        wizard.STEPS.index(step) + 1,
        len(wizard.STEPS),
        str(step.label),
        wizard.address(idp, step),
        _touched_at(idp),
    )


def unfinished() -> list[Draft]:
    """Every draft, the oldest first."""
    drafts = IdentityProvider.objects.filter(confirmed_at__isnull=True)
    return [draft_of(idp) for idp in drafts.select_related("created_by")]


def discard(idp: IdentityProvider, by: User, request: HttpRequest) -> bool:
    """Remove a draft by hand; False if it is none any more."""
    drafts = IdentityProvider.objects.filter(pk=idp.pk, confirmed_at__isnull=True)
    return _removed(drafts, DISCARDED, by, request) is not None


def was_removed(pk: UUID) -> bool:
    """Whether a draft with this key was, discarded or left alone for too long."""
    lines = AuditEvent.objects.filter(target_id=str(pk))
    return lines.filter(action__in=[DISCARDED, EXPIRED]).exists()


def remove_old() -> Iterator[IdentityProvider]:
    """Remove the drafts that nobody touched for a week; yields each."""
    old = _old(timezone.now() - KEPT)
    for pk in list(old.values_list("pk", flat=True)):
        if idp := _removed(old.filter(pk=pk), EXPIRED):
            yield idp


def _old(since: datetime) -> QuerySet[IdentityProvider]:
    return IdentityProvider.objects.filter(
        confirmed_at__isnull=True, updated_at__lt=since
    ).exclude(reports__started_at__gte=since)


def _touched_at(idp: IdentityProvider) -> datetime:
    tested = idp.reports.order_by("-started_at").values_list("started_at", flat=True)
    return max([idp.updated_at, *tested[:1]])


def _removed(
    drafts: QuerySet[IdentityProvider],
    action: str,
    by: User | None = None,
    request: HttpRequest | None = None,
) -> IdentityProvider | None:
    """Remove the one that `drafts` finds, judged again under its lock.

    Confirm holds the same lock: either the draft is gone before it, or it is none.
    """
    with transaction.atomic():
        idp = drafts.select_for_update(of=("self",)).first()
        if idp is None:
            return None
        audit.record(
            action,
            by=by,
            target=idp,
            detail={"began": idp.created_at.isoformat(), "kind": idp.kind},
            request=request,
        )
        IdentityProvider.objects.filter(pk=idp.pk).delete()
    return idp
