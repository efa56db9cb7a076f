"""Where a logon comes back to: from the vendor's page, and from inside its client.

Both are public. They say neither what came nor why it was refused: that is kept in the
logon's trace, whose id the page shows.
"""

from collections.abc import Mapping

from django import db
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from identity import logon
from identity.logon import Result, TooMany
from identity.models import IdentityProvider, LogonAttempt
from identity.views import in_app_page, logon_words

WAIT = 60


@require_GET
@never_cache
def back(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The vendor's page sent a browser back, with a code and the state it began with."""
    try:
        return _answer(request, logon.finish(request, kind, _single(request.GET)))
    except TooMany:
        return _slow_down(request)
    except (db.OperationalError, db.InterfaceError):
        return _down()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def in_app(request: HttpRequest, name: str) -> HttpResponseBase:
    """Our page in the vendor's client, and the code that it got there (T-27). Django has
    looked at the form's key, and at where it was sent from."""
    if request.method != "POST":
        return in_app_page.show(request, name)
    try:
        sent = _single(request.POST)
        idp = _idp(name, sent.get("corpId", ""))
        onward = logon.onwards(sent.get("onward", ""))
        code = sent.get("code", "")
        return _answer(request, logon.finish_silently(request, idp, code, onward))
    except TooMany:
        return _slow_down(request)
    except (db.OperationalError, db.InterfaceError):
        return _down()


def _answer(request: HttpRequest, result: Result) -> HttpResponseBase:
    """Where an attempt leads: on, to its trace, or to the page that says why not."""
    if result.tester is not None:
        return redirect("console:logon", result.attempt.trace_id)
    if result.account is not None:
        return redirect(result.onward or reverse("sync:home"))
    return _failed(request, result)


def _failed(request: HttpRequest, result: Result) -> HttpResponse:
    attempt = result.attempt
    vendor = str(attempt.idp.connector_class.label) if attempt.idp else ""
    sentence, status = logon_words.words_for(attempt.outcome, vendor)
    return _page(request, status, sentence, attempt, result.onward)


def _slow_down(request: HttpRequest) -> HttpResponse:
    return _page(request, logon_words.TOO_MANY, str(logon_words.MANY))


def _page(
    request: HttpRequest,
    status: int,
    sentence: str,
    attempt: LogonAttempt | None = None,
    onward: str = "",
) -> HttpResponse:
    """The failure page. No way leads from it to the code and the state that failed."""
    again = onward or reverse("identity:client")
    context = {
        "attempt": attempt,
        "sentence": sentence,
        "again": again,
        # Not this address: it holds a code and a state.
        "return_to": again,
    }
    response = render(request, "client/failed.html", context, status=status)
    if status in logon_words.SOON:
        response["Retry-After"] = str(WAIT)
    # Anybody can send what is refused: Django would write the address, which holds a
    # code and a state, into its log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _down() -> HttpResponse:
    """Without a database nobody is let in, and nothing can be kept (F-85)."""
    text = render_to_string("client/down.html")
    response = HttpResponse(text, status=logon_words.UNAVAILABLE)
    response["Retry-After"] = str(WAIT)
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _single(given: QueryDict) -> Mapping[str, str]:
    """One value of each parameter; what comes twice is no answer of a vendor."""
    if any(len(values) != 1 for _name, values in given.lists()):
        return {}
    return given.dict()  # type: ignore[return-value]


def _idp(name: str, company: str) -> IdentityProvider | None:
    """The enabled IdP of this company, to whose vendor's client the page belongs."""
    return in_app_page.idp_of(name, company) if company else None
