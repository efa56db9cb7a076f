"""A robot of a vendor's chat: its values go in, and never come out again."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from identity import audit
from identity.access import administrators_only
from identity.connectors import registry
from identity.fields import CannotOpen
from identity.forms.problems import Problem, problems_of
from identity.inputs import StrictForm
from identity.proof import Proof, proven
from sync.models import AlertRobot
from sync.views.alerts import UNPROCESSABLE, robots

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def robot(request: "ConsoleRequest", kind: str) -> HttpResponse:
    """Set it up, or give it other values; what is left empty stays as it is."""
    shown = next((one for one in robots() if one.kind == kind), None)
    if shown is None:
        raise Http404
    form, proof = shown.channel.form()(request.POST or None), Proof(request)
    stored = _stored(shown.row)
    problems: list[Problem] = []
    if request.method == "POST":
        problems = [*problems_of(form), *_missing(form, stored)]
        if form.is_valid() and not problems and proof.given():
            _keep(request, kind, form, stored)
            messages.success(request, _("Saved. Send a test to see that it works."))
            return redirect("sync:alerts")
        problems += proof.problems
    context = {
        "robot": shown,
        "form": form,
        "proof": proof,
        "problems": problems,
        "errors": {one.field_id: one.text for one in problems},
    }
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "sync/alert_robot.html", context, status=status)


@require_POST
@administrators_only
@proven
@transaction.atomic
def remove(request: "ConsoleRequest", kind: str) -> HttpResponse:
    """Forget its values; what waits for it fails."""
    if kind not in registry.alert_channels():
        raise Http404
    row = AlertRobot.objects.filter(kind=kind).first()
    if row is not None:
        audit.record("robot.remove", by=request.user, target=row, request=request)
        row.delete()
    messages.success(request, _("The robot gets no alerts any more."))
    return redirect("sync:alerts")


def _stored(row: AlertRobot | None) -> dict[str, str]:
    try:
        return row.reveal() if row and row.sealed else {}
    except CannotOpen:
        return {}


def _missing(form: StrictForm, stored: dict[str, str]) -> list[Problem]:
    """Fields that are empty and have no stored value to stay."""
    return [
        Problem(
            f"id_{name}",
            str(field.label),
            _("%(label)s is empty and cannot be left out. Enter it.")
            % {"label": field.label},
        )
        for name, field in form.fields.items()
        if form.is_bound
        and name not in form.errors
        and not form.cleaned_data.get(name)
        and not stored.get(name)
    ]


@transaction.atomic
def _keep(
    request: "ConsoleRequest", kind: str, form: StrictForm, stored: dict[str, str]
) -> None:
    typed = {name: value for name, value in form.cleaned_data.items() if value}
    row, made = AlertRobot.objects.get_or_create(kind=kind)
    row.keep(stored | typed)
    row.enabled = True
    row.save()
    detail: dict[str, Any] = dict.fromkeys(sorted(typed), "changed")
    audit.record(
        "robot.create" if made else "robot.change",
        by=request.user,
        target=row,
        detail=detail,
        request=request,
    )
