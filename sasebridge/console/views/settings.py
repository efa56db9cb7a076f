"""Settings: the company, and the identifier that employees type in the client."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from identity import audit, qr
from identity.access import administrators_only, console_users
from identity.forms.problems import problems_of
from identity.models import Enterprise
from identity.proof import Proof
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
    form, proof = EnterpriseForm(sent, instance=enterprise), Proof(request)
    if form.is_valid() and (not form.takes_away() or proof.given()):
        _save(form, request)
        messages.success(request, _("Saved."))
        return redirect("console:settings")
    address = f"{settings.PUBLIC_URL}/client/"
    context = {
        "form": form,
        "proof": proof,
        "identifier": identifier,
        "address": address,
        "qr": qr.svg(address),
        "problems": [*problems_of(form), *proof.problems],
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "console/settings.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def identifier(request: "ConsoleRequest") -> HttpResponse:
    """Say what a new identifier means; make a random one."""
    enterprise, proof = Enterprise.load(), Proof(request)
    if request.method == "POST" and proof.given():
        _renew(enterprise, request)
        messages.success(request, _("There is a new identifier. Give it to everyone."))
        return redirect("console:settings")
    context = {"proof": proof, "identifier": enterprise.identifier}
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "console/identifier.html", context, status=status)


@transaction.atomic
def _renew(enterprise: Enterprise, request: "ConsoleRequest") -> None:
    before = enterprise.identifier
    enterprise.renew()
    audit.record(
        "settings.change",
        by=request.user,
        target=enterprise,
        detail={"identifier": {"before": before, "after": enterprise.identifier}},
        request=request,
    )


@transaction.atomic
def _save(form: EnterpriseForm, request: "ConsoleRequest") -> None:
    """Keep what changed, and write down what it was before."""
    detail = {
        name: {"before": form.initial[name], "after": form.cleaned_data[name]}
        for name in form.changed_data
        if form.cleaned_data[name] != form.initial[name]
    }
    if detail:
        audit.record(
            "settings.change",
            by=request.user,
            target=form.save(),
            detail=detail,
            request=request,
        )
