"""Settings > Keys: which key signs, which are published, and rotation."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity.access import administrators_only, console_users
from identity.oidc import keys

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@require_safe
@console_users
def signing_keys(request: "ConsoleRequest") -> HttpResponse:
    """Every published key with what it does now."""
    known = keys.known()
    coming = any(one.standing is keys.Standing.COMING for one in known)
    context = {"keys": known, "coming": coming}
    return render(request, "identity/signing_keys.html", context)


@require_POST
@administrators_only
def rotate(request: "ConsoleRequest") -> HttpResponse:
    """Make the next key, unless one waits already."""
    key, made = keys.rotate(by=request.user, request=request)
    begins = date_format(timezone.localtime(key.signs_from), "H:i")
    if made:
        words = _("A new key is published. It signs from %(time)s.")
    else:
        words = _("A new key is on its way already. It signs from %(time)s.")
    messages.success(request, words % {"time": begins})
    return redirect("identity:signing-keys")
