"""From when on the guard holds the runs of an IdP: shown with its own numbers, changed
with the password (T-48)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from identity import audit
from identity.access import administrators_only
from identity.forms.problems import problems_of
from identity.inputs import StrictForm
from identity.models import IdentityProvider
from identity.proof import Proof
from sync.models import Employee

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE = 422
MOST = 100_000
"""Nobody loses more at once without being asked, whatever is typed."""


def _number(label: Any, most: int) -> forms.IntegerField:
    """A whole number from nothing to `most`."""
    attributes = {"inputmode": "numeric", "autocomplete": "off"}
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=most,
        widget=forms.NumberInput(attrs=attributes),
    )


class LimitsForm(StrictForm):
    """The four limits, under the names of their columns."""

    guard_people_min = _number(gettext_lazy("People, at least"), MOST)
    guard_people_percent = _number(gettext_lazy("People, in percent"), 100)
    guard_departments_min = _number(gettext_lazy("Departments, at least"), MOST)
    guard_departments_percent = _number(gettext_lazy("Departments, in percent"), 100)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def guard(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Show the limits and what they come to in this company; store others."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id, confirmed_at__isnull=False)
    proof = Proof(request)
    if request.method != "POST":
        return _page(request, idp, LimitsForm(initial=_stored(idp)), proof)
    form = LimitsForm(request.POST)
    if not form.is_valid() or not proof.given():
        return _page(request, idp, form, proof, UNPROCESSABLE)
    if _save(request, idp, form.cleaned_data):
        messages.success(request, _("Saved. Runs that begin from now on obey it."))
    else:
        messages.success(request, _("Nothing was changed."))
    return redirect("console:overview", idp_id=idp.pk)


def _stored(idp: IdentityProvider) -> dict[str, int]:
    return {name: getattr(idp, name) for name in LimitsForm.base_fields}


def _save(
    request: "ConsoleRequest", idp: IdentityProvider, wanted: Mapping[str, int]
) -> bool:
    """Store what differs, with an audit line that has both; whether anything did."""
    with transaction.atomic():
        idp = IdentityProvider.objects.select_for_update().get(pk=idp.pk)
        before = _stored(idp)
        changes = {
            name: [before[name], value]
            for name, value in wanted.items()
            if before[name] != value
        }
        if changes:
            for name, (_before, after) in changes.items():
                setattr(idp, name, after)
            idp.save(update_fields=[*changes, "updated_at"])
            audit.record(
                "idp.guard",
                by=request.user,
                target=idp,
                detail=changes,
                request=request,
            )
    return bool(changes)


def _page(
    request: "ConsoleRequest",
    idp: IdentityProvider,
    form: LimitsForm,
    proof: Proof,
    status: int = 200,
) -> HttpResponse:
    people = idp.employees.filter(status=Employee.Status.ACTIVE).count()
    departments = idp.directory_departments.count()
    context = {
        "idp": idp,
        "form": form,
        "proof": proof,
        "problems": [*problems_of(form), *proof.problems],
        "vendor": str(idp.connector_class.label),
        "pairs": [
            _pair(form, "people", _("People who lose access"), idp, people),
            _pair(form, "departments", _("Departments removed"), idp, departments),
        ],
    }
    return render(request, "sync/guard.html", context, status=status)


def _pair(
    form: LimitsForm, about: str, title: str, idp: IdentityProvider, present: int
) -> dict[str, Any]:
    """The two limits about people or departments, and what the stored ones come to."""
    least = getattr(idp, f"guard_{about}_min")
    percent = getattr(idp, f"guard_{about}_percent")
    return {
        "title": title,
        "about": about,
        "least": form[f"guard_{about}_min"],
        "percent": form[f"guard_{about}_percent"],
        "stored": {"least": least, "percent": percent},
        "present": present,
        "limit": max(least, present * percent // 100),
    }
