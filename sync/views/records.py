"""The list of runs: "Synchronization records"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from identity.access import console_users
from identity.models import IdentityProvider
from sync.models import SyncRun
from sync.views import outcome, parameters

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 30


@dataclass(frozen=True, slots=True)
class Facet:
    """A property of runs that the list is filtered by."""

    name: str
    label: str
    every: str
    choices: Sequence[tuple[str, Any]]
    chosen: str

    @property
    def shown(self) -> str:
        """The chosen value in words."""
        return str(dict(self.choices).get(self.chosen, self.chosen))


@require_safe
@console_users
def records(request: "ConsoleRequest") -> HttpResponse:
    """Full runs and undos, newest first, by IdP, state, trigger and purpose; with
    events=1 runs of events too."""
    offered = parameters.idps()
    idp = parameters.chosen_idp(request, offered)
    facets = list(_facets(request))
    narrow = request.GET.get("events") == "1"
    found = _found(idp, facets, narrow=narrow)
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
            "facets": facets,
            "filtered": idp is not None or any(facet.chosen for facet in facets),
            "narrow": narrow,
            "held": _whole().filter(state=SyncRun.State.HELD).count(),
        },
    )


def _whole() -> QuerySet[SyncRun]:
    """Runs that are no event's: those over everything, and those that take one back."""
    return SyncRun.objects.exclude(breadth=SyncRun.Breadth.NARROW)


def _facets(request: "ConsoleRequest") -> Iterator[Facet]:
    offered = (
        ("state", _("State"), _("Every state"), SyncRun.State),
        ("trigger", _("Trigger"), _("Every trigger"), SyncRun.Trigger),
        ("purpose", _("Purpose"), _("Every purpose"), SyncRun.Purpose),
    )
    for name, label, every, values in offered:
        chosen = parameters.choice(request, name, values.values)
        yield Facet(name, label, every, values.choices, chosen)


def _found(
    idp: IdentityProvider | None, facets: Sequence[Facet], *, narrow: bool
) -> QuerySet[SyncRun]:
    found = SyncRun.objects.all() if narrow else _whole()
    found = found.select_related("idp", "by").order_by("-pk")
    found = found.filter(
        **{facet.name: facet.chosen for facet in facets if facet.chosen}
    )
    return found.filter(idp=idp) if idp else found
