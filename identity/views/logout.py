"""The log off endpoint: an application sends a person here, to be logged off here too."""

from urllib.parse import urlencode

from django.contrib.auth import logout as log_off
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from identity import policy, redirects, sessions
from identity.oidc import ending
from identity.oidc.ending import Ending, Wrong


@csrf_exempt
@require_http_methods(["GET", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    """A request by GET or by an application's form (RP-Initiated Logout 2); or the
    answer of a person who was asked."""
    try:
        if request.method == "POST":
            return _decided(request) if "decision" in request.POST else _sent(request)
        return _asked(request, ending.read(request.GET))
    except Wrong as wrong:
        return _refused(request, wrong)


def _sent(request: HttpRequest) -> HttpResponse:
    """A form of another site brings no cookies; the GET that follows does."""
    query = urlencode(ending.single(request.POST))
    response = HttpResponseRedirect(f"{request.path}?{query}")
    response.status_code = 303
    return response


def _asked(request: HttpRequest, asked: Ending) -> HttpResponse:
    """At once with a hint of this very session, or if there is none to end."""
    session = sessions.present(request) if request.user.is_authenticated else None
    if session is not None and not asked.is_of(session):
        return _ask(request, asked)
    return _done(request, asked)


@csrf_protect
def _decided(request: HttpRequest) -> HttpResponse:
    """The person pressed a button; the request stands in the address, as before."""
    asked = ending.read(request.GET)
    if request.POST.get("decision") != "leave":
        return render(request, "oidc/logged_off.html", {"stayed": True})
    return _done(request, asked)


def _done(request: HttpRequest, asked: Ending) -> HttpResponse:
    """End the session, and go on to where the application wants the person to be."""
    with transaction.atomic():
        log_off(request)
    if not asked.onward:
        return render(request, "oidc/logged_off.html")
    response = HttpResponse(status=302)  # of whatever scheme was registered
    response.headers["Location"] = asked.onward
    return response


def _ask(request: HttpRequest, asked: Ending) -> HttpResponse:
    context = {"application": asked.application, "action": request.get_full_path()}
    response = render(request, "oidc/logout.html", context)
    if asked.uri:  # a form may only lead to where its policy says
        where = [redirects.origin(asked.uri)]
        response.headers["Content-Security-Policy"] = policy.policy(form_action=where)
    return response


def _refused(request: HttpRequest, wrong: Wrong) -> HttpResponse:
    """What is wrong, and the log off that the person may want all the same."""
    context = {"what": wrong.what, "action": request.path}
    return render(request, "oidc/logout_refused.html", context, status=400)
