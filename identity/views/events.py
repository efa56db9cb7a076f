"""The step Events: the address goes out, the keys come in, and what comes is ticked."""

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HTMX_STOP_POLLING, trigger_client_event

from identity import audit, wizard
from identity.access import administrators_only
from identity.confirming import held
from identity.forms.idp import IdpForms
from identity.forms.version import overtaken, sent, signed, state_of
from identity.inputs import missing
from identity.models import IdentityProvider
from identity.subscription import subscription_of
from identity.views.fields import address_context, key_rows
from identity.views.heard import Heard, heard
from identity.views.marks import last_save

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

NOTHING_NEW, UNPROCESSABLE, CONFLICT = 204, 422, 409


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def events(request: "ConsoleRequest", idp_id: UUID) -> HttpResponseBase:
    """The page; for htmx only the list of what has come. POST saves the two keys."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if request.method == "POST":
        return _save(request, idp)
    if getattr(request, "htmx", False):
        return _list(request, idp)
    return _page(request, _forms(idp))


def _forms(idp: IdentityProvider, request: "ConsoleRequest | None" = None) -> IdpForms:
    """The form with what was sent of the keys, the rest as stored."""
    if request is None:
        return IdpForms(idp)
    names = idp.connector_class.push_settings
    forms = IdpForms.only(idp, names, request.POST)
    forms.is_valid()
    for name in names:
        if forms.vendor.cleaned_data.get(name) == "" and not idp.has_secret(name):
            forms.vendor.add_error(name, missing(forms.vendor.fields[name].label))
    return forms


def _save(request: "ConsoleRequest", idp: IdentityProvider) -> HttpResponse:
    """Both keys or none, and not over those that somebody else saved meanwhile."""
    with transaction.atomic():
        newest = held(idp.pk)
        if newest is None:
            raise Http404
        forms = _forms(newest, request)
        if any(row.field.errors for row in key_rows(forms)):
            return _page(request, forms, status=UNPROCESSABLE)
        if overtaken(forms, sent(request.POST, state_of(newest))):
            return _page(request, _forms(newest), status=CONFLICT)
        changes = forms.save()
        audit.record_change(newest, changes, None, by=request.user, request=request)
    vendor = {"vendor": newest.connector_class.label}
    if changes:
        words = _("Saved. Now press Save in %(vendor)s: it calls the address at once.")
        messages.success(request, words % vendor)
    else:
        messages.success(request, _("Nothing was changed."))
    return redirect("identity:setup-events", idp_id=newest.pk)


def _page(
    request: "ConsoleRequest", forms: IdpForms, status: int = 200
) -> HttpResponse:
    idp = forms.idp
    kind = idp.connector_class
    fields = {forms.vendor[name].id_for_label for name in kind.push_settings}
    problems = forms.problems() if forms.vendor.is_bound else []
    context = address_context(idp) | {
        "idp": idp,
        "vendor": kind.label,
        "guide": kind.event_guide,
        "steps": wizard.places(idp, wizard.EVENTS.key),
        "keys": key_rows(forms),
        "problems": [one for one in problems if one.field_id in fields],
        "overtaken": status == CONFLICT,
        "last_save": last_save(forms) if status == CONFLICT else None,
        "version": signed(state_of(idp)),
        "unreachable": "" if idp.streams else _unreachable(settings.PUBLIC_URL),
        "heard": _heard(idp),
    }
    return render(request, "identity/events.html", context, status=status)


def _list(request: "ConsoleRequest", idp: IdentityProvider) -> HttpResponse:
    """What has come, if the page does not show it yet; htmx asks until all has."""
    found, before = _heard(idp), request.GET.get("known")
    if found.mark == before and not found.complete:
        return HttpResponse(status=NOTHING_NEW)
    context: dict[str, Any] = {
        "idp": idp,
        "vendor": idp.connector_class.label,
        "heard": found,
    }
    status = HTMX_STOP_POLLING if found.complete else 200
    response = render(request, "identity/_heard.html", context, status=status)
    if news := found.news(before or ""):
        trigger_client_event(response, "sb:toast", {"value": " · ".join(news)})
    return response


def _heard(idp: IdentityProvider) -> Heard:
    return heard(idp, subscription_of(idp))


def _unreachable(address: str) -> str:
    """The host of an address that leads no further than this machine, else ""."""
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return host
    try:
        return host if ipaddress.ip_address(host).is_loopback else ""
    except ValueError:
        return ""
