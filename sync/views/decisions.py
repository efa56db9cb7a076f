"""What an administrator decides about a held run: leave rows out, approve it, reject it."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from identity import audit
from identity.access import administrators_only
from identity.proof import Proof
from sync import approving, tasks
from sync.models import Change, SyncRun
from sync.views import runs, waiting
from sync.views.plans import (
    MOST_LEFT_OUT,
    Plan,
    left_out_of,
    plan_of,
    planned,
    with_memberships,
)

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

CONFLICT, UNPROCESSABLE = 409, 422
PLACE = ("part", "q", "after")
"""What says which page of the plan the sender was reading."""


@require_POST
@administrators_only
def leave_out(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """Store the boxes of one page: `row` are its rows, `out` those that are ticked.

    htmx gets the decision with its new numbers, a form the page that it wants next.
    """
    with transaction.atomic():
        run = _locked(run_id)
        if not approving.waiting(run):
            return _too_late(request, run)
        rows = _rows_of(request, run)
        ticked = _keys(request, "out")
        if not ticked <= {row.pk for row in rows if not row.approved}:
            raise Http404("not on this page, or agreed to already")
        words = _stored(request, run, rows, ticked)
    if "HX-Request" in request.headers:
        shown = {"run": run, "idp": run.idp, "trouble": words}
        shown |= waiting.context(request, run)
        response = render(request, "sync/_decision.html", shown)
        if not words:  # the numbers stand elsewhere than the box: they are also said
            told = {"value": _stored_words(len(left_out_of(run)))}
            trigger_client_event(response, "sb:toast", told)
        return response
    if words:
        messages.error(request, words)
    return redirect(_address(request, run))


@require_POST
@administrators_only
def approve(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """Approve exactly the plan that was read, without the rows that are left out; leads
    to the run that carries it out."""
    run, proof = _run(run_id), Proof(request)
    plan, digest = plan_of(run), ""
    if approving.waiting(run):
        # Only now: what begins to wait while this is read was never asked about.
        digest = request.POST.get("digest", "")
        if request.POST.get("mark") != plan.mark:
            return _again(request, run, proof, _overtaken(), CONFLICT)
        trouble = _typed_wrong(request, plan)
        if trouble or not proof.given():
            return _again(request, run, proof, trouble, UNPROCESSABLE)
    try:
        with transaction.atomic():
            queued = approving.approve(
                run,
                request.user,
                digest=digest,
                left_out=left_out_of(run),
            )
            _record(request, "run.approve", plan, run=run.pk, carried_out_by=queued.pk)
            tasks.ring(queued)
    except approving.NotWaiting as late:
        messages.warning(request, str(late))
        return redirect("sync:run", run_id=run.pk)
    messages.success(request, _("Approved. It is read anew, and then carried out."))
    return redirect("sync:run", run_id=queued.pk)


@require_POST
@administrators_only
def refuse(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """Drop the plan; nothing of it is done."""
    run = _run(run_id)
    plan = plan_of(run)
    try:
        with transaction.atomic():
            approving.refuse(run, request.user)
            _record(request, "run.refuse", plan, run=run.pk)
    except approving.NotWaiting as late:
        messages.warning(request, str(late))
    else:
        messages.success(request, _("Rejected: nothing of this plan is done."))
    return redirect("sync:run", run_id=run.pk)


def _run(run_id: int) -> SyncRun:
    return get_object_or_404(SyncRun.objects.select_related("idp", "by"), pk=run_id)


def _locked(run_id: int) -> SyncRun:
    """The run, for whoever changes what is left out of it: one after the other."""
    rows = SyncRun.objects.select_for_update(of=("self",)).select_related("idp")
    return get_object_or_404(rows, pk=run_id)


def _rows_of(request: "ConsoleRequest", run: SyncRun) -> list[Change]:
    """The rows of the page that was sent; 404 unless all are of this run's plan."""
    keys = _keys(request, "row")
    rows = list(planned(run).filter(pk__in=keys))
    if not keys or len(rows) != len(keys):
        raise Http404("not of this plan")
    return rows


def _keys(request: "ConsoleRequest", name: str) -> set[int]:
    raw = request.POST.getlist(name)
    if len(raw) > waiting.PAGE or not all(_is_key(one) for one in raw):
        raise Http404("no such row")
    return set(map(int, raw))


def _is_key(raw: str) -> bool:
    return raw.isascii() and raw.isdigit() and len(raw) <= 18


def _stored(
    request: "ConsoleRequest", run: SyncRun, rows: list[Change], ticked: set[int]
) -> str:
    """Store what is left out of these rows; why nothing was stored, else ""."""
    before = left_out_of(run)
    out = [row for row in rows if row.pk in ticked]
    if not all(approving.may_be_left_out(row) for row in out):
        return _("Who has left may not keep access, so nothing was changed.")
    now = (before - with_memberships(run, rows)) | with_memberships(run, out)
    if len(now) > MOST_LEFT_OUT:
        return _too_many()
    if now != before:
        run.left_out = sorted(map(list, now))
        run.save(update_fields=["left_out"])
        detail = {"added": len(now - before), "taken_back": len(before - now)}
        _record(request, "run.leave_out", plan_of(run), run=run.pk, **detail)
    return ""


def _record(request: "ConsoleRequest", action: str, plan: Plan, **detail: Any) -> None:
    """An audit line with the plan's digest and numbers."""
    numbers = {
        "digest": plan.run.digest,
        "rows": plan.made,
        "left_out": plan.left_out,
        "people": plan.people,
        "departments": plan.departments,
    }
    audit.record(
        action,
        by=request.user,
        target=plan.run.idp,
        detail=detail | numbers,
        request=request,
    )


def _typed_wrong(request: "ConsoleRequest", plan: Plan) -> str:
    """What is wrong with the number that had to be typed; "" if nothing is."""
    typed = request.POST.get("typed", "").strip().replace(",", "")
    if not plan.typed or typed == str(plan.typed):
        return ""
    words = _("Nothing was done yet: type %(number)s, exactly so.")
    return words % {"number": plan.typed}


def _again(
    request: "ConsoleRequest", run: SyncRun, proof: Proof, trouble: str, status: int
) -> HttpResponse:
    """The page once more, with what is in the way."""
    return runs.page(request, run, {"trouble": trouble, "proof": proof}, status)


def _too_late(request: "ConsoleRequest", run: SyncRun) -> HttpResponse:
    """The plan does not wait any more: the page says why."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Refresh": "true"})
    messages.warning(
        request, _("This plan does not wait any more: nothing was changed.")
    )
    return redirect("sync:run", run_id=run.pk)


def _address(request: "ConsoleRequest", run: SyncRun) -> str:
    """The page of the plan that the sender wants to read next."""
    sent = {name: request.POST.get(name, "") for name in PLACE}
    place = urlencode({name: value for name, value in sent.items() if value})
    address = reverse("sync:run", args=[run.pk])
    return f"{address}?{place}#plan" if place else f"{address}#plan"


def _stored_words(count: int) -> str:
    words = ngettext(
        "Stored: %(count)s row is left out.",
        "Stored: %(count)s rows are left out.",
        count,
    )
    return words % {"count": count}


def _overtaken() -> str:
    return _(
        "What is left out was changed while you were reading, so nothing was done. Look "
        "at the numbers again."
    )


def _too_many() -> str:
    return _(
        "At most %(most)s rows can be left out: they are exceptions. To keep more, reject "
        "this plan and change the scope of the IdP, or mend it at its source."
    ) % {"most": MOST_LEFT_OUT}
