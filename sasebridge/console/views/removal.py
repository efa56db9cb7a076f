"""Deleting an IdP: what goes, what stays, the name typed, and then it is gone."""

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, npgettext
from django.views.decorators.http import require_http_methods

from identity import audit
from identity.access import administrators_only
from identity.inputs import StrictForm, TextField
from identity.models import AuditEvent, IdentityProvider
from identity.proof import Proof
from sync import removal

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE, CONFLICT = 422, 409
BEGUN = "idp.delete.begin"
"""The audit line of the transaction that deletes the first rows of an IdP."""


class NameForm(StrictForm):
    """The name of the IdP, typed to show that exactly this one is meant."""

    typed = TextField(
        longest=100,
        label=gettext_lazy("Name of the IdP"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_typed(self) -> str:
        """Exactly the name, upper and lower case too."""
        typed: str = self.cleaned_data["typed"]
        if typed != self.name:
            raise ValidationError(
                _(
                    "This is not the name of this IdP, which is %(name)s. Type it "
                    "exactly so. Nothing was deleted."
                ),
                code="name",
                params={"name": self.name},
            )
        return typed


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def delete(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Show what goes with a closed IdP; with its name typed, and the password if that
    was long ago, delete it."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if idp.is_draft:
        return redirect("identity:discard", idp_id=idp.pk)
    form, proof = NameForm(request.POST or None, name=idp.name), Proof(request)
    if request.method != "POST":
        return _page(request, idp, form, proof)
    if idp.status != IdentityProvider.Status.CLOSED:
        return _page(request, idp, form, proof, status=CONFLICT)
    if not form.is_valid() or not proof.given():
        return _page(request, idp, form, proof, status=UNPROCESSABLE)
    return _deleted(request, idp)


def _deleted(request: "ConsoleRequest", idp: IdentityProvider) -> HttpResponse:
    """Delete; say so if somebody else enabled or deleted it meanwhile."""
    detail = {**idp.settings, **removal.holdings(idp)}

    def record(action: str, row: IdentityProvider) -> None:
        audit.record(
            action, by=request.user, target=row, detail=detail, request=request
        )

    try:
        finished = removal.remove(
            idp,
            first=partial(record, BEGUN),  # what follows may be interrupted
            last=partial(record, "idp.delete"),
            seconds=settings.REMOVAL_SECONDS,
        )
    except removal.NotClosed:
        record("idp.delete.stop", idp)
        messages.error(request, _stopped(idp))
        return redirect("identity:edit", idp_id=idp.pk)
    except IdentityProvider.DoesNotExist:
        messages.info(request, _("%(name)s was deleted already.") % {"name": idp})
        return redirect("console:idps")
    if not finished:
        messages.warning(
            request,
            _(
                "This much takes longer than one request may, so the deletion is not "
                "finished. What is missing from the numbers below is gone for good; the "
                "rest and the IdP itself are still here. Type the name again to delete "
                "the rest."
            ),
        )
        return redirect("console:delete", idp_id=idp.pk)
    messages.success(request, _("%(name)s was deleted.") % {"name": idp})
    return redirect("console:idps")


def _stopped(idp: IdentityProvider) -> str:
    """What is true of it: an earlier request may have begun, and was interrupted."""
    begun = AuditEvent.objects.filter(action=BEGUN, target_id=str(idp.pk))
    if not begun.exists():
        words = _("Somebody enabled %(name)s just now, so nothing of it was deleted.")
    else:
        words = _(
            "Somebody enabled %(name)s while it was being deleted, so the deletion "
            "stopped. What was removed by then is gone for good; its settings and the "
            "rest are still here. The next synchronization reads its people again, but "
            "those who were removed come as new ones to your applications, and their "
            "history stays gone. To delete the rest, close it and delete it again; to "
            "keep it, synchronize now."
        )
    return words % {"name": idp}


def _page(
    request: "ConsoleRequest",
    idp: IdentityProvider,
    form: NameForm,
    proof: Proof,
    status: int = 200,
) -> HttpResponse:
    closed = idp.status == IdentityProvider.Status.CLOSED
    context = {
        "idp": idp,
        "form": form,
        "proof": proof,
        "closed": closed,
        "goes": _in_words(removal.holdings(idp)) if closed else [],
    }
    return render(request, "console/delete.html", context, status=status)


def _in_words(holdings: dict[str, int]) -> list[tuple[int, str]]:
    """Each number with its noun."""
    nouns = {
        "employees": npgettext("goes", "employee", "employees", holdings["employees"]),
        "departments": npgettext(
            "goes", "department", "departments", holdings["departments"]
        ),
        "memberships": npgettext(
            "goes", "membership", "memberships", holdings["memberships"]
        ),
        "runs": npgettext("goes", "run", "runs", holdings["runs"]),
        "changes": npgettext(
            "goes", "recorded change", "recorded changes", holdings["changes"]
        ),
        "events": npgettext("goes", "event", "events", holdings["events"]),
        "reports": npgettext(
            "goes", "connectivity test", "connectivity tests", holdings["reports"]
        ),
        "secrets": npgettext(
            "goes", "stored secret", "stored secrets", holdings["secrets"]
        ),
    }
    return [(holdings[key], noun) for key, noun in nouns.items()]
