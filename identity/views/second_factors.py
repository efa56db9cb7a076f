"""Who has a second factor; an administrator resets somebody's who has lost it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from identity import access, audit, second_factor, sessions
from identity.access import administrators_only
from identity.models import LogonSession, User
from identity.proof import proven

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

ROLES = (access.ADMINISTRATOR, access.STAFF)


@dataclass(frozen=True, slots=True)
class Holder:
    """An account of the console, and since when it has a second factor."""

    account: User
    since: datetime | None


@require_safe
@administrators_only
def second_factors(request: "ConsoleRequest") -> HttpResponse:
    """List the accounts of the console."""
    devices = TOTPDevice.objects.filter(confirmed=True)
    since = dict(devices.values_list("user", "created_at"))
    accounts = User.objects.filter(role__in=ROLES, is_active=True).order_by("username")
    holders = [Holder(account, since.get(account.pk)) for account in accounts]
    return render(request, "identity/second_factors.html", {"holders": holders})


@require_POST
@administrators_only
@proven
def reset(request: "ConsoleRequest", account_id: int) -> HttpResponse:
    """Take somebody's second factor away, and end their sessions: it may be stolen."""
    account = get_object_or_404(User, pk=account_id, role__in=ROLES)
    if account == request.user:
        return redirect("identity:second-factor-off")
    with transaction.atomic():
        had = second_factor.remove(account)
        if had:
            rows = LogonSession.objects.filter(account=account, idp=None)
            sessions.end(rows, sessions.SECOND_FACTOR)
            by = request.user
            audit.record("second_factor.reset", by=by, target=account, request=request)
    words = _("%(name)s logs on with the password alone now.") % {"name": account}
    messages.success(request, words)
    return redirect("identity:second-factors")
