"""Receives identity's signals."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Subquery
from django.dispatch import receiver
from django.urls import reverse

from identity.connectors.records import Identity
from identity.models import IdentityProvider, User
from identity.signals import (
    EventsSeen,
    Loss,
    Met,
    directory_asked,
    events_asked,
    idp_confirmed,
    idp_enabled,
    impact_asked,
    notices_written,
    person_doubted,
    person_vouched,
    scope_weighed,
)
from sync import introducing, outlook, runs, tasks
from sync.models import Employee, InboxEvent, SyncRun
from sync.org.stored import Stored

NOT_DELIVERED = (InboxEvent.Way.FAILED, *InboxEvent.OWN)
"""Ways in which a vendor has brought nothing by itself."""


@receiver(idp_confirmed)
def start_first_run(
    idp: IdentityProvider, by: User | None, first: bool, **_: Any
) -> str:
    """Confirm starts a run at once, so that the administrator sees the company come.

    Returns the run's page, where the wizard goes next; "" for a closed IdP whose
    settings changed: nothing reads it until it is enabled.
    """
    if idp.status == IdentityProvider.Status.CLOSED and not first:
        return ""
    return _begin(idp, by, SyncRun.Trigger.CONFIRM if first else _asked(by))


@receiver(idp_enabled)
def read_again(idp: IdentityProvider, by: User | None, **_: Any) -> str:
    """People may have left, and other settings may hold, since it was read last (F-70).

    No cycle is waited for: until then whoever should be gone could log on.
    """
    return _begin(idp, by, _asked(by))


def _asked(by: User | None) -> str:
    return SyncRun.Trigger.PERSON if by else SyncRun.Trigger.COMMAND


def _begin(idp: IdentityProvider, by: User | None, trigger: str) -> str:
    """The page of the run that begins now, or of the one that is under way."""
    try:
        run = runs.enqueue(idp, trigger=trigger, by=by)
    except runs.AlreadyRunning as already:
        run = already.run
    else:
        tasks.ring(run)
    return reverse("sync:run", args=[run.pk])


@receiver(impact_asked)
def employees_affected(idp: IdentityProvider, **_: Any) -> int:
    """Who could not log on any more if this IdP were closed."""
    return idp.employees.filter(status=Employee.Status.ACTIVE).count()


@receiver(directory_asked)
def show_what_is_stored(idp: IdentityProvider, **_: Any) -> Stored | None:
    """The wizard counts and searches in the directory, once a sync has filled it."""
    return Stored.of(idp)


@receiver(scope_weighed)
def weigh(
    idp: IdentityProvider,
    departments: Collection[str] | None,
    met: Met | None,
    most: int,
    **_: Any,
) -> Loss:
    """Whom another choice would take out, before anybody saves it (U08)."""
    return outlook.loss_of(idp, departments, met, most)


@receiver(events_asked)
def show_which_events_came(
    idp: IdentityProvider, names: Sequence[str], **_: Any
) -> EventsSeen:
    """The step Events ticks what the vendor delivered by itself: one query, which of a
    kind that has come reads the first row alone.

    What had to be fetched from its list of failed pushes proves no way to us.
    """
    came = InboxEvent.objects.filter(idp=idp).exclude(way__in=NOT_DELIVERED)
    times = [came.filter(name=name).order_by("pk") for name in names]
    times.append(came.order_by("-received_at"))
    asked = [Subquery(rows.values("received_at")[:1]) for rows in times]
    *first, last = IdentityProvider.objects.values_list(*asked).get(pk=idp.pk)
    pairs = zip(names, first, strict=True)
    return EventsSeen({name: at for name, at in pairs if at}, last)


@receiver(person_vouched)
def introduce(idp: IdentityProvider, identity: Identity, **_: Any) -> None:
    """Who is not in the directory yet is read at their logon (F-82)."""
    introducing.introduce(idp, identity)


@receiver(person_doubted)
def doubt(idp: IdentityProvider, unionid: str, **_: Any) -> None:
    """Who is in the directory and not at the vendor's is read again (F-83)."""
    introducing.doubt(idp, unionid)


@receiver(notices_written)
def have_notices_sent(**_: Any) -> None:
    """A worker delivers them; whoever ended the session waits for nothing."""
    tasks.ring_logouts()
