"""Settings: the company, and the identifier that employees type in the client."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from identity import audit
from identity.access import console_users
from identity.forms.problems import problems_of
from identity.models import Enterprise
from sasebridge.console.forms import EnterpriseForm

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@console_users
def general(request: "ConsoleRequest") -> HttpResponse:
    """Show the settings; administrators change them."""
    if request.method == "POST" and not request.user.is_administrator:
        raise PermissionDenied
    enterprise = Enterprise.load()
    identifier = enterprise.identifier
    sent = request.POST if request.method == "POST" else None
    form = EnterpriseForm(sent, instance=enterprise)
    if form.is_valid():
        _save(form, request)
        messages.success(request, _("Saved."))
        return redirect("console:settings")
    context = {"form": form, "identifier": identifier, "problems": problems_of(form)}
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "console/settings.html", context, status=status)


@transaction.atomic
def _save(form: EnterpriseForm, request: "ConsoleRequest") -> None:
    """Keep what changed, and write down what it was before."""
    detail = {
        name: {"before": form.initial[name], "after": form.cleaned_data[name]}
        for name in form.changed_data
    }
    if detail:
        audit.record(
            "settings.change",
            by=request.user,
            target=form.save(),
            detail=detail,
            request=request,
        )
