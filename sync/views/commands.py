"""What an administrator may do to runs: start one, and cancel one."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from identity import audit
from identity.access import administrators_only
from identity.models import IdentityProvider
from sync import runs, tasks
from sync.models import SyncRun

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@require_POST
@administrators_only
def start(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Synchronize now; the form field people=0 asks for departments only (A6), and
    purpose=preview for a plan that nothing is done of before somebody approves it."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id, confirmed_at__isnull=False)
    if idp.status == IdentityProvider.Status.CLOSED:
        messages.error(request, _closed(idp))
        return redirect("console:overview", idp_id=idp.pk)
    people = request.POST.get("people") != "0"
    purpose = _purpose(request)
    try:
        with transaction.atomic():
            run = runs.enqueue(
                idp,
                trigger=SyncRun.Trigger.PERSON,
                by=request.user,
                people=people,
                purpose=purpose,
            )
            audit.record(
                "sync.start",
                by=request.user,
                target=idp,
                detail={"run": run.pk, "people": people, "purpose": purpose},
                request=request,
            )
            tasks.ring(run)
    except runs.AlreadyRunning as already:
        run = already.run
        messages.warning(request, _already(run))
    return redirect("sync:run", run_id=run.pk)


@require_POST
@administrators_only
def undo(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """Plan how to take a run back; nothing is written before that plan is approved."""
    undone = get_object_or_404(
        SyncRun.objects.select_related("idp"),
        pk=run_id,
        idp__confirmed_at__isnull=False,
    )
    idp = undone.idp
    if undone.is_open or not undone.changes.filter(applied=True).exists():
        messages.info(request, _("This run has changed nothing that can be undone."))
        return redirect("sync:run", run_id=undone.pk)
    if idp.status == IdentityProvider.Status.CLOSED:
        messages.error(request, _closed(idp))
        return redirect("sync:run", run_id=undone.pk)
    try:
        run = _begin_undo(request, undone)
    except runs.AlreadyRunning as already:
        run = already.run
        messages.warning(request, _("Another undo is under way; it is this one."))
    return redirect("sync:run", run_id=run.pk)


@transaction.atomic
def _begin_undo(request: "ConsoleRequest", undone: SyncRun) -> SyncRun:
    run = runs.enqueue(
        undone.idp,
        trigger=SyncRun.Trigger.PERSON,
        by=request.user,
        purpose=SyncRun.Purpose.UNDO,
        undoes=undone,
    )
    audit.record(
        "sync.undo",
        by=request.user,
        target=undone.idp,
        detail={"run": run.pk, "undoes": undone.pk},
        request=request,
    )
    tasks.ring(run)
    return run


@require_POST
@administrators_only
def cancel(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """Ask a run to stop; what it has written stays written."""
    run = get_object_or_404(SyncRun, pk=run_id)
    if not run.is_open:
        messages.info(request, _("This run is already over."))
        return redirect("sync:run", run_id=run.pk)
    with transaction.atomic():
        runs.request_cancel(run)
        audit.record(
            "sync.cancel",
            by=request.user,
            target=run.idp,
            detail={"run": run.pk},
            request=request,
        )
    return redirect("sync:run", run_id=run.pk)


def _purpose(request: "ConsoleRequest") -> str:
    wanted = request.POST.get("purpose") == SyncRun.Purpose.PREVIEW
    return SyncRun.Purpose.PREVIEW if wanted else SyncRun.Purpose.SYNC


def _closed(idp: IdentityProvider) -> str:
    return _(
        "%(name)s is closed, so it is not synchronized: nothing was started. Set its "
        "IdP Status to Enabled first."
    ) % {"name": idp}


def _already(run: SyncRun) -> str:
    since = timezone.localtime(run.started_at or run.queued_at)
    return _("A synchronization is already running, started at %(time)s.") % {
        "time": formats.time_format(since, "H:i:s")
    }
