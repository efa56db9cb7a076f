"""Pages of runs: the list, one run, and its live numbers."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from identity import subscription
from identity.access import console_users
from sync.models import Change, InboxEvent, SyncRun, full_runs
from sync.org.person import label_of, private_fields
from sync.views import outcome, parameters
from sync.views.changes import BOTH_SIDES, cast_of, told
from sync.views.event_words import names_of, said
from sync.views.missed import missed_of
from sync.views.outcome import Group
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 30
CHANGES = 50
EVENTS = 20
"""Events that the page of their run shows."""
STOP_POLLING = 286
"""htmx's status for "this was the last answer"."""


@require_safe
@console_users
def runs(request: "ConsoleRequest") -> HttpResponse:
    """Full runs, newest first, by IdP and state; with events=1 those of events too."""
    offered = parameters.idps()
    idp = parameters.chosen_idp(request, offered)
    state = parameters.choice(request, "state", SyncRun.State.values)
    narrow = request.GET.get("events") == "1"
    found = SyncRun.objects.all() if narrow else full_runs()
    found = found.select_related("idp", "by").order_by("-pk")
    if idp:
        found = found.filter(idp=idp)
    if state:
        found = found.filter(state=state)
    before = parameters.place(request, "before")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    return render(
        request,
        "sync/runs.html",
        {
            "rows": [(run, outcome.sums(run)) for run in rows[:PAGE]],
            "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "later": before is not None,
            "idps": offered,
            "idp": idp,
            "state": state,
            "states": SyncRun.State.choices,
            "narrow": narrow,
        },
    )


@require_safe
@console_users
def run(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """One run: live while it is open, what it did once it is over."""
    found = _run(run_id)
    # The wizard ends on the page of its first run; what is left to do stands there.
    first = found.trigger == SyncRun.Trigger.CONFIRM and request.user.is_administrator
    context = _context(request, found) | {
        "set_up_events": first and not subscription.is_complete(found.idp)
    }
    return render(request, "sync/run.html", context)


@require_safe
@console_users
def progress(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """The live numbers, asked for each second by htmx; with say=1 one sentence.

    Once the run is over the answer stops the polling, and brings the finished page.
    """
    found = _run(run_id)
    status = 200 if found.is_open else STOP_POLLING
    if request.GET.get("say") == "1":
        words = {"run": found, "progress": outcome.progress_of(found)}
        return render(request, "sync/_said.html", words, status=status)
    context = _context(request, found)
    if found.is_open:
        return render(request, "sync/_running.html", context)
    response = render(request, "sync/_run.html", context, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#run", "outerHTML"
    return response


def _run(run_id: int) -> SyncRun:
    rows = SyncRun.objects.select_related("idp", "by")
    return get_object_or_404(rows, pk=run_id)


def _context(request: "ConsoleRequest", found: SyncRun) -> dict[str, object]:
    shown: dict[str, object] = {"run": found, "idp": found.idp}
    if found.is_open:
        return shown | {"progress": outcome.progress_of(found)}
    return shown | _finished(request, found)


def _finished(request: "ConsoleRequest", found: SyncRun) -> dict[str, object]:
    """What a run that is over shows: sums, reasons, and one group of its changes."""
    veil = Veil(request.user, private_fields(found.idp))
    groups = outcome.groups(found)
    wanted = (request.GET.get("entity", ""), request.GET.get("kind", ""))
    chosen = next((g for g in groups if (g.entity, g.kind) == wanted), None)
    chosen = chosen or next(iter(groups), None)
    after = parameters.place(request, "after")
    rows = _changes(found, chosen, after)
    shown = rows[:CHANGES]
    missed = missed_of(found)
    unannounced = missed.first if missed else []
    cast = cast_of([*shown, *unannounced], found.idp)
    return {
        "counted": outcome.counted(found),
        "held_because": outcome.held_because(found),
        "missing": found.missing,
        "notes": found.notes,
        "groups": groups,
        "chosen": chosen,
        "compared": chosen is not None and chosen.kind in BOTH_SIDES,
        "unknown": [label_of(field) for field in found.unknown_fields],
        "changes": told(shown, cast, veil),
        "missed": missed,
        "unannounced": told(unannounced, cast, veil),
        "after": rows[CHANGES - 1].pk if len(rows) > CHANGES else None,
        "later": after is not None,
        "newest": not full_runs().filter(idp=found.idp, pk__gt=found.pk).exists(),
        **_events(request, found),
    }


def _events(request: "ConsoleRequest", found: SyncRun) -> dict[str, object]:
    """The events that a run worked on, the newest first."""
    rows = InboxEvent.objects.filter(run=found).select_related("idp").order_by("-pk")
    events = list(rows.defer("sealed", "error_cause")[: EVENTS + 1])
    names = names_of(events[:EVENTS], [found.idp], request.user)
    return {
        "events": said(events[:EVENTS], names),
        "more_events": len(events) > EVENTS,
    }


def _changes(found: SyncRun, group: Group | None, after: int | None) -> list[Change]:
    """A page of one group, and one more if there is one."""
    if group is None:
        return []
    rows = Change.objects.filter(run=found, entity=group.entity, kind=group.kind)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk")[: CHANGES + 1])
