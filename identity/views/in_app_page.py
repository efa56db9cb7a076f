"""The application's homepage inside the vendor's client: logs on without a question.

The page itself proves nothing. A script of the connector asks the vendor's client for a
code, and sends it to `logon.in_app` by a form with our key against forgery (T-27).
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from identity.connection import connector_with
from identity.connectors import registry
from identity.models import IdentityProvider


def show(request: HttpRequest, name: str) -> HttpResponse:
    """A page that asks for a code; to the client's logon where it has nobody to ask."""
    if not _kinds(name):
        raise Http404
    idp = idp_of(name, request.GET.get("corpId", ""))
    way = reverse("identity:client")
    if idp is None:
        return redirect(way)
    context = {"idp": idp, "in_app": idp.connector_class.in_app, "way": way}
    return render(request, "client/in_app.html", context)


def idp_of(name: str, company: str) -> IdentityProvider | None:
    """The enabled IdP of this company, to whose vendor's client the page belongs. Where
    the address names no company, as the one that administrators copy, the only one."""
    enabled = IdentityProvider.Status.ENABLED
    rows = IdentityProvider.objects.filter(
        kind__in=_kinds(name), status=enabled, confirmed_at__isnull=False
    )
    found = [idp for idp in rows if not company or _company(idp) == company]
    return found[0] if len(found) == 1 else None


def _kinds(name: str) -> list[str]:
    """The connectors whose client opens an address that ends like this."""
    return [
        kind
        for kind, connector in registry.kinds().items()
        if connector.in_app and connector.homepage_name == name
    ]


def _company(idp: IdentityProvider) -> str:
    """The vendor's id of its company; no secret is opened for it."""
    return connector_with(idp, idp.plain()).company()
