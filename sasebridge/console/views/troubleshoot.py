"""Troubleshoot an IdP: the guide's four checks with answers, and a logon to try."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity import audit, logon, policy
from identity.access import administrators_only, console_users
from identity.logon.causes import cause_of
from identity.models import IdentityProvider, LogonAttempt
from sasebridge.console.troubles import answers

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

RECENT = 5


@require_safe
@console_users
def troubleshoot(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """The four checks, and the last logons that did not work."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    failed = LogonAttempt.objects.filter(idp=idp).exclude(outcome="success")
    context = {
        "idp": idp,
        "vendor": idp.connector_class.label,
        "answers": answers(idp),
        "failed": [
            (row, cause_of(row)[0]) for row in failed.select_related("idp")[:RECENT]
        ],
        "testable": _testable(idp),
    }
    response = render(request, "console/troubleshoot.html", context)
    # The form leads on to the vendor's page, which a browser stops otherwise.
    where = [idp.connector_class.logon_origin()]
    response.headers["Content-Security-Policy"] = policy.policy(form_action=where)
    return response


@require_POST
@administrators_only
def test_logon(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Go to the vendor's logon page; the way back shows the stages, and opens nothing."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if not _testable(idp):
        messages.error(request, _("Only an enabled IdP can be tried. Enable it first."))
        return redirect(reverse("console:troubleshoot", args=[idp.pk]))
    begun = logon.begin(request, idp, tester=request.user)
    audit.record("logon.test", by=request.user, target=idp, request=request)
    return logon.remember_browser(request, redirect(begun.page))


def _testable(idp: IdentityProvider) -> bool:
    return not idp.is_draft and idp.status == IdentityProvider.Status.ENABLED
