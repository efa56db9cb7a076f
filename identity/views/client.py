"""The client's logon, `/client/`: the Enterprise ID, then the IdPs, then two ways on.

The ID is short enough to type, so it is no secret and grants nothing; still nobody learns
here whether an ID exists that has nothing to log on by: words, bytes and queries are the
same (T-42).
"""

import logging
import unicodedata
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from identity import access, policy, throttle
from identity.connection import addresses_of
from identity.fields import CannotOpen
from identity.logon import Begun, begin, onwards, remember_browser
from identity.models import Enterprise, IdentityProvider

logger = logging.getLogger(__name__)

COOKIE = f"{'__Host-' if settings.HTTPS else ''}sasebridge_enterprise"
"""Remembers an ID that was right. It is signed, so that nobody guesses with it."""
SALT, YEAR = "identity.client.enterprise", 365 * 24 * 3600
POLICY = "Content-Security-Policy"
MOST = 20
"""So many wrong IDs an address may send in a minute."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An IdP to log on through, and the two ways of a logon that has begun."""

    idp: IdentityProvider
    begun: Begun
    callback: str
    origin: str

    @property
    def title(self) -> str:
        """Its Description; its name where that is empty."""
        return self.idp.description or self.idp.name

    @property
    def vendor(self) -> str:
        """What the vendor is called."""
        return str(self.idp.connector_class.label)


@require_http_methods(["GET", "HEAD", "POST"])
def client(request: HttpRequest) -> HttpResponse:
    """Ask for the company; to one that is remembered, show how to log on."""
    if request.method == "POST":
        return _identified(request)
    onward = onwards(request.GET.get("next", ""))
    if not onward and access.is_employee(request.user):
        return redirect("sync:home")
    remembered = _remembered(request)
    if idps := _idps_of(remembered):
        return _offer(request, idps, onward)
    return _ask(request, onward, remembered, wrong=bool(remembered))


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Not this company: ask for the ID again."""
    response = redirect(_address(onwards(request.POST.get("next", ""))))
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def _identified(request: HttpRequest) -> HttpResponse:
    """Judge an ID that was typed, unless too many were wrong just now."""
    onward = onwards(request.POST.get("next", ""))
    tries = f"enterprise:{throttle.network_of(request)}"
    if wait := throttle.wait(tries, most=MOST):
        return _too_many(request, onward, wait)
    typed = _plain(request.POST.get("enterprise_id", ""))
    if not _idps_of(typed):
        return _ask(request, onward, typed, wrong=True)
    throttle.forget(tries)
    response = redirect(_address(onward))
    response.set_signed_cookie(
        COOKIE,
        typed,
        salt=SALT,
        max_age=YEAR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


def _idps_of(typed: str) -> list[IdentityProvider]:
    """What a company with this ID can log on through; the same work for every ID."""
    company = Enterprise.load()
    enabled = IdentityProvider.Status.ENABLED
    idps = list(
        IdentityProvider.objects.filter(status=enabled, confirmed_at__isnull=False)
    )
    right = constant_time_compare(typed.encode("utf-8", "replace"), company.identifier)
    return idps if right else []


def _plain(typed: str) -> str:
    """As it stands on the card: Chinese keyboards also write letters in full width."""
    return unicodedata.normalize("NFKC", typed[:200]).strip()


def _remembered(request: HttpRequest) -> str:
    found = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=YEAR)
    return found or ""


def _address(onward: str) -> str:
    query = f"?{urlencode({'next': onward})}" if onward else ""
    return f"{reverse('identity:client')}{query}"


def _ask(request: HttpRequest, onward: str, typed: str, *, wrong: bool) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    context = {
        "next": onward,
        "typed": typed,
        "wrong": wrong,
        "return_to": _address(onward),
    }
    return render(request, "client/enterprise.html", context, status=status)


def _too_many(request: HttpRequest, onward: str, wait: int) -> HttpResponse:
    context = {"wait": wait, "again": _address(onward), "return_to": _address(onward)}
    response = render(request, "client/throttled.html", context, status=429)
    response["Retry-After"] = str(wait)
    return response


def _offer(
    request: HttpRequest, idps: list[IdentityProvider], onward: str
) -> HttpResponse:
    """The IdPs with both ways; only this page may frame the vendor's."""
    offers = [one for idp in idps if (one := _begun(request, idp, onward))]
    context = {"company": Enterprise.load(), "offers": offers, "next": onward}
    response = render(request, "client/ways.html", context)
    if origins := sorted({one.origin for one in offers}):
        response[POLICY] = policy.policy(frame_src=origins)
    return remember_browser(request, response)


def _begun(request: HttpRequest, idp: IdentityProvider, onward: str) -> Offer | None:
    """Begin a logon; None if the IdP's secrets cannot be opened, the others still can."""
    try:
        begun = begin(request, idp, onward=onward)
    except CannotOpen:
        logger.error("IdP %s: a stored secret cannot be opened", idp.pk)
        return None
    origin = idp.connector_class.logon_origin()
    return Offer(idp, begun, addresses_of(idp).callback, origin)
