"""Pages of one run, and its live numbers."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from identity import subscription
from identity.access import console_users
from sync.models import Change, InboxEvent, SyncRun, full_runs
from sync.org.person import label_of, private_fields
from sync.views import outcome, parameters, waiting
from sync.views.changes import BOTH_SIDES, cast_of, told
from sync.views.event_words import names_of, said
from sync.views.missed import missed_of
from sync.views.outcome import Group
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

CHANGES = 50
EVENTS = 20
"""Events that the page of their run shows."""
STOP_POLLING = 286
"""htmx's status for "this was the last answer"."""


@require_safe
@console_users
def run(request: "ConsoleRequest", run_id: int) -> HttpResponse:
    """One run: live while it is open, what it did once it is over."""
    return page(request, _run(run_id))


def page(
    request: "ConsoleRequest",
    found: SyncRun,
    more: dict[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a run, with what a refused decision about it has to say."""
    # The wizard ends on the page of its first run; what is left to do stands there.
    first = found.trigger == SyncRun.Trigger.CONFIRM and request.user.is_administrator
    context = _context(request, found) | {
        "set_up_events": first and not subscription.is_complete(found.idp),
        **(more or {}),
    }
    return render(request, "sync/run.html", context, status=status)


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
    rows = SyncRun.objects.select_related("idp", "by", "approved_by", "approves")
    return get_object_or_404(rows, pk=run_id)


def _context(request: "ConsoleRequest", found: SyncRun) -> dict[str, object]:
    shown: dict[str, object] = {"run": found, "idp": found.idp}
    if found.is_open:
        return shown | {"progress": outcome.progress_of(found)}
    return shown | _finished(request, found)


def _finished(request: "ConsoleRequest", found: SyncRun) -> dict[str, object]:
    """What a run that is over shows: its sums, what it met, and its plan or changes."""
    planned = _has_plan(found)
    shown = waiting.context(request, found) if planned else _changed(request, found)
    return {
        "counted": outcome.counted(found),
        "held_because": outcome.held_because(found),
        "missing": found.missing,
        "notes": found.notes,
        "unknown": [label_of(field) for field in found.unknown_fields],
        **shown,
        **_events(request, found),
    }


def _has_plan(found: SyncRun) -> bool:
    """Whether it only planned: what it would have done waits or waited."""
    held = found.state == SyncRun.State.HELD
    return held or bool(found.held_because) or found.approved_at is not None


def _changed(request: "ConsoleRequest", found: SyncRun) -> dict[str, object]:
    """One group of what a run changed, and whether that can be taken back."""
    veil = Veil(request.user, private_fields(found.idp))
    groups = outcome.groups(found)
    undone = SyncRun.objects.filter(undoes=found, approves__isnull=False)
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
        "groups": groups,
        "undone": undone.order_by("-pk").first(),
        "chosen": chosen,
        "compared": chosen is not None and chosen.kind in BOTH_SIDES,
        "changes": told(shown, cast, veil),
        "missed": missed,
        "unannounced": told(unannounced, cast, veil),
        "after": rows[CHANGES - 1].pk if len(rows) > CHANGES else None,
        "later": after is not None,
        "newest": not full_runs().filter(idp=found.idp, pk__gt=found.pk).exists(),
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
