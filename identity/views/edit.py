"""Edit Identity Source: the same fields of a confirmed IdP, saved as a whole."""

from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from identity import audit, connection
from identity.access import administrators_only
from identity.connectors.records import Check, CheckStatus
from identity.fields import CannotOpen
from identity.forms.idp import IdpForms
from identity.models import IdentityProvider
from identity.views.fields import basic_context
from identity.views.testing import rows_of

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def edit(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Save all or nothing; changed credentials only after a test of exactly them."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if idp.is_draft:
        return redirect("identity:setup-basic", idp_id=idp.pk)
    if request.method != "POST":
        return _page(request, IdpForms(idp))
    forms = IdpForms(idp, request.POST)
    if not forms.is_valid():
        return _page(request, forms, status=UNPROCESSABLE)
    try:
        checks = _tested(forms)
    except CannotOpen:
        return _page(request, forms, lost=True, status=UNPROCESSABLE)
    if checks and not connection.passed(checks):
        return _page(request, forms, checks, status=UNPROCESSABLE)
    return _save(request, forms, checks)


def _tested(forms: IdpForms) -> list[Check]:
    """The test of the values as they would be; empty if no tested value changed."""
    if not forms.changes_tested():
        return []
    return list(connection.checks_with(forms.idp, forms.credentials()))


def _save(
    request: "ConsoleRequest", forms: IdpForms, checks: list[Check]
) -> HttpResponse:
    with transaction.atomic():
        changes = forms.save()
        if not forms.is_valid():  # somebody else took the name meanwhile
            return _page(request, forms, status=UNPROCESSABLE)
        if checks:
            connection.keep_report(forms.idp, request.user, checks)
        if changes:
            audit.record(
                "idp.change",
                by=request.user,
                target=forms.idp,
                detail=changes,
                request=request,
            )
    for _field, text in forms.vendor.warnings():
        messages.warning(request, text)
    messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
    return redirect("console:overview", idp_id=forms.idp.pk)


def _page(
    request: "ConsoleRequest",
    forms: IdpForms,
    checks: list[Check] | None = None,
    *,
    lost: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The form; with the causes if a test of new values failed, nothing being saved."""
    failed = [one for one in checks or [] if one.status is CheckStatus.FAIL]
    context = basic_context(forms) | {
        "failed": rows_of([asdict(check) for check in failed]),
        "lost": lost,
    }
    return render(request, "identity/edit.html", context, status=status)
