"""What administrators left out of approved plans: who keeps it so, and its release."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity import audit
from identity.access import administrators_only, console_users
from identity.models import IdentityProvider
from sync import approving
from sync.models import Change, Employee, Kept
from sync.org.person import private_fields
from sync.views import parameters
from sync.views.changes import Subject
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 50


@require_safe
@console_users
def kept(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Everything of an IdP that runs leave as it is, the newest first."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    before = parameters.place(request, "before")
    found = Kept.objects.filter(idp=idp).select_related("by").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    context = {
        "idp": idp,
        "rows": _named(idp, rows[:PAGE], Veil(request.user, private_fields(idp))),
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "later": before is not None,
        "vendor": str(idp.connector_class.label),
    }
    return render(request, "sync/kept.html", context)


@require_POST
@administrators_only
def release(request: "ConsoleRequest", idp_id: UUID, kept_id: int) -> HttpResponse:
    """Let runs change it again."""
    rows = Kept.objects.filter(idp=idp_id).select_related("idp")
    row = get_object_or_404(rows, pk=kept_id)
    detail = {"entity": row.entity, "key": row.key}
    with transaction.atomic():
        audit.record(
            "run.release",
            by=request.user,
            target=row.idp,
            detail=detail,
            request=request,
        )
        for each in (row, *_memberships(row)):
            approving.release(each, request.user)
    messages.success(request, _("Released: the next run changes it if need be."))
    return redirect("sync:kept", idp_id=idp_id)


def _memberships(row: Kept) -> list[Kept]:
    """The memberships that are kept together with a person."""
    if row.entity != Change.Entity.EMPLOYEE:
        return []
    rows = Kept.objects.filter(idp=row.idp, entity=Change.Entity.MEMBERSHIP)
    found = rows.filter(key__startswith=f"{row.key}/")
    return [each for each in found if each.key.rpartition("/")[0] == row.key]


def _named(
    idp: IdentityProvider, rows: list[Kept], veil: Veil
) -> list[tuple[Kept, Subject]]:
    """Each row with what it is about, a person with a link."""
    keys = {_userid(row) for row in rows}
    found = Employee.objects.filter(idp=idp, userid__in=keys).order_by("pk")
    people = {row.userid: row for row in found}
    return [(row, _subject(row, people.get(_userid(row)), veil)) for row in rows]


def _subject(row: Kept, person: Employee | None, veil: Veil) -> Subject:
    mobile = person.mobile if person else ""
    linked = person is not None and row.entity == Change.Entity.EMPLOYEE
    return Subject(
        veil.text(row.label or row.key, mobile),
        reverse("sync:employee", args=[person.pk]) if person and linked else "",
        veil.text(row.key, mobile),
    )


def _userid(row: Kept) -> str:
    """Of a membership the part before the department's id; "" of a department."""
    if row.entity == Change.Entity.MEMBERSHIP:
        return row.key.rpartition("/")[0]
    return "" if row.entity == Change.Entity.DEPARTMENT else row.key
