"""Identity Access: the list of IdPs, and one IdP's overview."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from identity import wizard
from identity.access import console_users
from identity.connection import addresses_of, latest_report
from identity.models import IdentityProvider
from identity.subscription import subscription_of
from sasebridge.console import figures
from sasebridge.console.summary import MOST_ENABLED, Summary, enabled, summaries
from sync.health import health
from sync.models import Employee, Kept, StreamState, full_runs

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

RECENT = 5


@require_safe
@console_users
def idps(request: "ConsoleRequest") -> HttpResponse:
    """The tab "Identity synchronization"."""
    rows = summaries()
    return render(
        request,
        "console/idps.html",
        {"rows": rows, "enabled": enabled(rows), "most": MOST_ENABLED},
    )


@require_safe
@console_users
def overview(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """One IdP: facts, values to copy, last runs. A draft goes on where it was left."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if idp.is_draft and request.user.is_administrator:
        return redirect(wizard.address(idp, wizard.next_step(idp)))
    runs = list(full_runs().filter(idp=idp)[:RECENT])
    active = idp.employees.filter(status=Employee.Status.ACTIVE)
    return render(
        request,
        "console/overview.html",
        {
            "row": Summary(idp, active.count(), runs[0] if runs else None),
            "idp": idp,
            "departments": idp.directory_departments.count(),
            "settings": _plain_settings(idp),
            "secrets": _secrets(idp),
            "copy_values": idp.connector_class.copy_values(addresses_of(idp)),
            "report": latest_report(idp),
            "subscription": subscription_of(idp),
            "runs": runs,
            "kept": _kept(idp),
            "health": health(idp),
            "logons": figures.today(idp),
            "stream": StreamState.of(idp) if idp.streams else None,
        },
    )


def _kept(idp: IdentityProvider) -> dict[str, object]:
    """How many rows runs leave as they are, and who wanted it so."""
    rows = Kept.objects.filter(idp=idp)
    by = rows.order_by().values_list("by__username", flat=True).distinct()
    return {"count": rows.count(), "by": sorted(name for name in by if name)}


def _plain_settings(idp: IdentityProvider) -> list[tuple[str, str]]:
    """Label and value of what is no secret, in the vendor's own words."""
    form = idp.connector_class.credentials_form()(initial=idp.settings)
    rows = []
    for name, value in idp.plain().items():
        field = form.fields[name]
        choices = dict(getattr(field, "choices", ()))
        rows.append((str(field.label), str(choices.get(value, value))))
    return rows


def _secrets(idp: IdentityProvider) -> list[dict[str, object]]:
    """Label of each secret and when it was set; never the value."""
    fields = idp.connector_class.credentials_form().base_fields
    dates = dict(idp.present_secrets().values_list("name", "created_at"))
    return [
        {"label": fields[name].label, "set_at": dates.get(name)}
        for name in idp.connector_class.secret_settings
    ]
