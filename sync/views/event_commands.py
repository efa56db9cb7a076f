"""What an administrator may do to events: process them again, let held ones pass, and
see what came as it came."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from identity import audit
from identity.access import administrators_only
from identity.models import IdentityProvider
from identity.proof import proven
from sync import handling, tasks
from sync.models import InboxEvent
from sync.views import events, parameters
from sync.views.held import LIGHT, MOST, held_by, leavers, mark_of

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

State = InboxEvent.State


@require_POST
@administrators_only
def again(request: "ConsoleRequest", event_id: int) -> HttpResponse:
    """Process an event again; one that waits already is left alone."""
    event = get_object_or_404(InboxEvent.objects.select_related("idp"), pk=event_id)
    if _again(request, event.idp, _handled().filter(pk=event.pk), event):
        messages.success(request, _("The event is processed again."))
    else:
        messages.info(request, _("This event is not over, so nothing was changed."))
    return redirect("sync:event", event_id=event.pk)


@require_POST
@administrators_only
def again_all(request: "ConsoleRequest") -> HttpResponse:
    """Process all failed events again, of one IdP or of every one (F-73)."""
    offered = list(IdentityProvider.objects.all())
    chosen = parameters.idp_named(request.POST.get("idp", ""), offered)
    count = sum(
        _again(request, idp, InboxEvent.objects.filter(idp=idp, state=State.DEAD))
        for idp in ([chosen] if chosen else offered)
    )
    words = ngettext(
        "%(count)s event is processed again.",
        "%(count)s events are processed again.",
        count,
    )
    messages.success(request, words % {"count": count})
    return redirect(_list_of(chosen))


@require_POST
@administrators_only
@proven
def approve(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Let held events pass the guard: exactly those that the administrator was shown."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    with transaction.atomic():
        waiting = list(held_by(idp).only(*LIGHT)[:MOST])
        if not waiting:
            messages.info(request, _("Nothing is held any more."))
        elif request.POST.get("mark") != mark_of(waiting):
            messages.warning(request, _overtaken())
        else:
            people = len(leavers(waiting))
            handling.approve(idp, [event.pk for event in waiting])
            audit.record(
                "event.approve",
                by=request.user,
                target=idp,
                detail={"events": len(waiting), "people": people},
                request=request,
            )
            tasks.ring_events(idp.pk)
            messages.success(request, _approved(people))
    return redirect(_list_of(idp))


@require_POST
@administrators_only
def body(request: "ConsoleRequest", event_id: int) -> HttpResponse:
    """Show what came with an event, personal values too; the audit trail says who saw."""
    event = get_object_or_404(InboxEvent.objects.select_related("idp"), pk=event_id)
    audit.record(
        "event.body_shown",
        by=request.user,
        target=event,
        detail={"idp": str(event.idp)},
        request=request,
    )
    return events.page(request, event.pk, unveiled=True)


def _handled() -> QuerySet[InboxEvent]:
    """Events that are over, one way or another, and name somebody or something."""
    rows = InboxEvent.objects.filter(state__in=events.AGAIN)
    return rows.exclude(userids=[], departments=[])


def _again(
    request: "ConsoleRequest",
    idp: IdentityProvider,
    rows: QuerySet[InboxEvent],
    event: InboxEvent | None = None,
) -> int:
    """Hand events of one IdP over once more, with an audit line; how many they were."""
    with transaction.atomic():
        count = handling.again(rows)
        if count:
            audit.record(
                "event.again",
                by=request.user,
                target=event or idp,
                detail={"idp": str(idp), "events": count},
                request=request,
            )
            tasks.ring_events(idp.pk)
    return count


def _list_of(idp: IdentityProvider | None) -> str:
    address = reverse("sync:events")
    return f"{address}?idp={idp.pk}" if idp else address


def _overtaken() -> str:
    return _(
        "More events came while you were reading, so nothing was changed. Look at the "
        "number again."
    )


def _approved(people: int) -> str:
    words = ngettext(
        "%(count)s person is looked up once more, and marked as left unless found.",
        "%(count)s people are looked up once more, and marked as left unless found.",
        people,
    )
    return words % {"count": people}
