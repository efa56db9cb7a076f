"""A draft between two steps: its fields are stored as they are left, and it may be
discarded."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from identity import audit, drafts
from identity.access import administrators_only
from identity.forms.idp import IdpForms
from identity.models import IdentityProvider
from identity.views.fields import basic_context

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


def keep(request: "ConsoleRequest", idp_id: UUID) -> IdpForms:
    """Store every valid value that was sent, with an audit line; returns the forms.

    Nothing is stored if the IdP was confirmed meanwhile. Raises Http404 if it is gone.
    """
    with transaction.atomic():
        rows = IdentityProvider.objects.select_for_update()
        forms = IdpForms(get_object_or_404(rows, pk=idp_id), request.POST)
        changes = forms.save() if forms.idp.is_draft else {}
        if changes:
            audit.record(
                "idp.change",
                by=request.user,
                target=forms.idp,
                detail=changes,
                request=request,
            )
    return forms


@require_POST
@administrators_only
def save(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Store the fields of step 1 as they stand: a fragment that says what was stored.

    Asked whenever a field is left. What is only empty so far is not complained about.
    """
    forms = keep(request, idp_id)
    wrong = forms.problems(empty=False)
    context = basic_context(forms) | {"wrong": wrong, "fragment": True}
    response = render(request, "identity/_saved.html", context)
    if not wrong and forms.idp.is_draft:
        trigger_client_event(response, "sb:saved", {})  # leaving loses nothing
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def discard(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Ask whether a draft shall go, and remove it."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if idp.is_draft and request.method != "POST":
        context = {"draft": drafts.draft_of(idp)}
        return render(request, "identity/discard.html", context)
    if idp.is_draft and drafts.discard(idp, request.user, request):
        messages.success(request, _("The draft was discarded."))
        return redirect("console:idps")
    messages.error(
        request, _("This is no draft any more: somebody confirmed it. It was kept.")
    )
    return redirect("console:overview", idp_id=idp.pk)
