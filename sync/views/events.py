"""Pages of events: the list, and one event."""

from typing import TYPE_CHECKING

from django.db.models import Count, F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from identity.access import console_users
from identity.connectors.records import EventKind
from identity.fields import CannotOpen
from identity.models import IdentityProvider
from sync import health
from sync.models import AccessCut, Change, InboxEvent
from sync.views import body, parameters
from sync.views.changes import Told, cast_of, told
from sync.views.event_words import KINDS, Names, names_of, said, sentence
from sync.views.held import all_held

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 30
SHOWN = 50
"""People, departments and changes that the page of one event shows."""
State = InboxEvent.State
STATES = (
    *(State.PENDING, State.HELD, State.DEAD),
    *(State.APPLIED, State.IGNORED, State.PARKED),
)
"""In the order in which people look for them."""
AGAIN = (State.DEAD, State.APPLIED, State.IGNORED)
"""States of events that can be processed again."""


@require_safe
@console_users
def events(request: "ConsoleRequest") -> HttpResponse:
    """All events, newest first, by IdP, state and kind."""
    offered = list(IdentityProvider.objects.all())
    idp = parameters.chosen_idp(request, offered)
    state = parameters.choice(request, "state", State.values)
    kind = parameters.choice(request, "kind", list(map(str, EventKind)))
    before = parameters.place(request, "before")
    found = _found(idp, state, kind)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    shown = rows[:PAGE]
    counts = _counts(idp)
    return render(
        request,
        "sync/events.html",
        {
            "rows": said(shown, names_of(shown, offered, request.user)),
            "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "later": before is not None,
            "idps": offered,
            "idp": idp,
            "state": state,
            "states": [(s.value, s.label, counts.get(s, 0)) for s in STATES],
            "kind": kind,
            "kinds": KINDS.items(),
            "held": all_held([idp] if idp else offered, request.user)
            if counts.get(State.HELD)
            else [],
            "dead": counts.get(State.DEAD, 0),
            "delays": _delays(idp),
        },
    )


@require_safe
@console_users
def event(request: "ConsoleRequest", event_id: int) -> HttpResponse:
    """One event: what was said, what was asked, and what changed."""
    return page(request, event_id)


def page(
    request: "ConsoleRequest", event_id: int, *, unveiled: bool = False
) -> HttpResponse:
    """The page of an event; `unveiled` shows what came as it came."""
    rows = InboxEvent.objects.select_related("idp", "run")
    found = get_object_or_404(rows, pk=event_id)
    names = names_of([found], [found.idp], request.user, SHOWN)
    context = _facts(found, names) | _changed(found, names) | _body(found, unveiled)
    return render(request, "sync/event.html", context)


def _found(idp: IdentityProvider | None, state: str, kind: str) -> QuerySet[InboxEvent]:
    wanted = {"idp": idp, "state": state, "kind": kind}
    narrowed = {name: value for name, value in wanted.items() if value}
    rows = InboxEvent.objects.filter(**narrowed).order_by("-pk")
    rows = rows.annotate(run_state=F("run__state"))
    return rows.select_related("idp").defer("sealed", "error_cause")


def _counts(idp: IdentityProvider | None) -> dict[str, int]:
    """How many events are not over, by state."""
    rows = InboxEvent.objects.filter(state__in=health.UNSETTLED).order_by()
    if idp:
        rows = rows.filter(idp=idp)
    return dict(rows.values_list("state").annotate(Count("pk")))


def _delays(idp: IdentityProvider | None) -> health.Delays | None:
    rows = InboxEvent.objects.filter(**({"idp": idp} if idp else {})).order_by("-pk")
    rows = rows.exclude(way__in=InboxEvent.OWN).only(*health.MOMENTS)
    return health.delays(list(rows[: health.WINDOW]))


def _facts(found: InboxEvent, names: Names) -> dict[str, object]:
    """What an event said, in words, and whom it cut off."""
    labels = found.idp.connector_class.event_labels
    cuts = AccessCut.objects.filter(
        employee__idp=found.idp, employee__userid__in=found.userids[:SHOWN]
    ).select_related("employee")
    cut_at = {cut.employee.userid: cut.at for cut in cuts}
    people = [
        (names.person(found.idp_id, one), cut_at.get(one))
        for one in found.userids[:SHOWN]
    ]
    took = found.handled_at - found.received_at if found.handled_at else None
    return {
        "event": found,
        "idp": found.idp,
        "vendor": found.idp.connector_class.label,
        "label": labels.get(found.name, ""),
        "sentence": sentence(found, names),
        "people": people,
        "more_people": max(len(found.userids) - SHOWN, 0),
        "departments": [
            names.department(found.idp_id, one) for one in found.departments[:SHOWN]
        ],
        "more_departments": max(len(found.departments) - SHOWN, 0),
        "held_url": f"{reverse('sync:events')}?state=held&idp={found.idp_id}",
        "later": found.due_at > timezone.now(),
        "delay": took.total_seconds() if took else None,
        "working": found.run is not None and found.run.is_open,
        "again": found.state in AGAIN and found.objects_named > 0,
    }


def _changed(found: InboxEvent, names: Names) -> dict[str, object]:
    """The changes that its run made to what it names."""
    if found.run is None:
        return {"changes": [], "run": None}
    rows = Change.objects.filter(_about(found), run=found.run).order_by("pk")
    changes = list(rows[: SHOWN + 1])
    veil = names.veils[found.idp_id]
    lines: list[Told] = told(changes[:SHOWN], cast_of(changes, found.idp), veil)
    return {"changes": lines, "more": len(changes) > SHOWN, "run": found.run}


def _about(found: InboxEvent) -> Q:
    """Changes of the people and departments that an event names."""
    people, units = found.userids[:SHOWN], found.departments[:SHOWN]
    entity = Change.Entity
    about = Q(entity=entity.EMPLOYEE, key__in=people)
    about |= Q(entity=entity.DEPARTMENT, key__in=units)
    for one in people:
        about |= Q(entity=entity.MEMBERSHIP, key__gte=f"{one}/", key__lt=f"{one}0")
    return about


def _body(found: InboxEvent, unveiled: bool) -> dict[str, object]:
    try:
        text = found.reveal()
    except CannotOpen:
        return {"lost": True, "unveiled": False}
    show = body.whole if unveiled else body.masked
    return {"body": show(text), "unveiled": unveiled}
