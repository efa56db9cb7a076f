"""What an administrator may have read again at once: one person, or one department."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from identity import audit
from identity.access import administrators_only
from sync import requesting
from sync.models import Department, Employee, InboxEvent

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@require_POST
@administrators_only
def person(request: "ConsoleRequest", employee_id: int) -> HttpResponse:
    """Read this person now; leads to the event, which says what came of it."""
    rows = Employee.objects.select_related("idp")
    found = get_object_or_404(
        rows, pk=employee_id, idp__confirmed_at__isnull=False, erased_at=None
    )
    return _read(request, found, lambda: requesting.read_person(found))


@require_POST
@administrators_only
def department(request: "ConsoleRequest", department_id: int) -> HttpResponse:
    """Read this department and those who are in it now; leads to the event."""
    rows = Department.objects.select_related("idp")
    found = get_object_or_404(rows, pk=department_id, idp__confirmed_at__isnull=False)
    return _read(request, found, lambda: requesting.read_department(found))


def _read(
    request: "ConsoleRequest",
    about: Employee | Department,
    file: Callable[[], InboxEvent],
) -> HttpResponse:
    try:
        with transaction.atomic():
            event = file()
            audit.record(
                "sync.read",
                by=request.user,
                target=about,
                detail={"idp": str(about.idp), "event": event.pk},
                request=request,
            )
    except requesting.NotInUse:
        messages.error(
            request,
            _("%(name)s is closed, so nothing of it is read. Enable it first.")
            % {"name": about.idp},
        )
        if isinstance(about, Employee):
            return redirect("sync:employee", employee_id=about.pk)
        return redirect("sync:department", department_id=about.pk)
    return redirect("sync:event", event_id=event.pk)
