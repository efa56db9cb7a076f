"""The authorization endpoint: an employee's browser comes with an application's request,
and goes back to it with a code."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from oauth2_provider.settings import oauth2_settings

from identity import policy, redirects
from identity.oidc import asking, granting
from identity.oidc.asking import Asked, Declined, Place, Wrong
from identity.oidc.granting import AGAIN


@csrf_exempt
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """A request, by GET or by another site's form (Core 3.1.2.1); or the answer of a
    person who was asked."""
    try:
        if request.method == "POST":
            return _decided(request) if "decision" in request.POST else _sent(request)
        return _asked(request, asking.read(request.GET))
    except Wrong as wrong:
        return render(request, "oidc/refused.html", {"what": wrong.what}, status=400)
    except Declined as declined:
        return _onward(declined.place, declined.url)


def _sent(request: HttpRequest) -> HttpResponse:
    """A form of another site brings no cookies; the GET that follows does."""
    asking.read(request.POST)
    kept = QueryDict(mutable=True)
    for name in asking.data_names(request.POST):
        kept[name] = request.POST[name]
    response = HttpResponseRedirect(f"{request.path}?{kept.urlencode()}")
    response.status_code = 303
    return response


def _asked(request: HttpRequest, asked: Asked) -> HttpResponse:
    standing = granting.standing(request, asked)
    if standing.logon or standing.session is None:
        return _to_log_on(request)
    if standing.consent:
        return _ask(request, asked)
    return _onward(asked.place, granting.issue(standing.session, asked))


def _to_log_on(request: HttpRequest) -> HttpResponse:
    """To the client's logon and back here; a note says that this was once more.

    With somewhere to go on to, that page lets nobody through without a new logon.
    """
    kept = request.GET.copy()
    kept[AGAIN] = granting.note(granting.digest_of(request))
    query = urlencode({"next": f"{request.path}?{kept.urlencode()}"})
    return HttpResponseRedirect(f"{reverse('identity:client')}?{query}")


def _ask(request: HttpRequest, asked: Asked) -> HttpResponse:
    """The page that names the application and where it is (T-28)."""
    place = asked.place
    where = redirects.origin(place.redirect_uri)
    context = {
        "application": place.application,
        "where": where.removesuffix(":"),
        "on_device": not where.startswith("https:"),
        "told": [oauth2_settings.SCOPES[scope] for scope in asked.scopes],
        "action": request.get_full_path(),
    }
    response = render(request, "oidc/consent.html", context)
    response.headers["Content-Security-Policy"] = policy.policy(form_action=[where])
    return response


@csrf_protect
def _decided(request: HttpRequest) -> HttpResponse:
    """The person pressed a button; the request stands in the address, as before."""
    asked = asking.read(request.GET)
    if request.POST.get("decision") != "allow":
        raise Declined(asked.place, "access_denied")
    standing = granting.standing(request, asked)
    if standing.logon or standing.session is None:
        return _to_log_on(request)
    return _onward(asked.place, granting.issue(standing.session, asked))


def _onward(place: Place, url: str) -> HttpResponse:
    """To an address that was registered, of whatever scheme."""
    response = HttpResponse(status=302)
    response.headers["Location"] = url
    return response
