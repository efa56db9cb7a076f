"""The client's home, `/client/home/`: who is logged on, what they reach, and from where.

For employees only. An administrator who comes here is shown the way to the console.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from identity import access, agents, audit, sessions
from identity.connectors.records import LogonWay
from identity.models import Application, LogonSession, User
from sync.models import Employee
from sync.org.person import seats_of

OPENED = frozenset({"http", "https"})
"""Schemes of launch addresses that a page of ours links to."""
SHOWN = 50
View = Callable[[HttpRequest, Employee], HttpResponse]


@dataclass(frozen=True, slots=True)
class Place:
    """A session in words."""

    row: LogonSession
    browser: str
    way: str
    present: bool


def for_employees(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Only for the person whose session it is; others are shown where they belong."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if access.is_console_user(request.user):
            status = 200 if request.method == "GET" else 403
            return render(request, "client/console.html", status=status)
        person = _person(request)
        if person is None:
            logout(request)  # an account that is nobody's has no business here
            return redirect("identity:client")
        return view(request, person)

    return guarded


@require_safe
@for_employees
def home(request: HttpRequest, person: Employee) -> HttpResponse:
    """Connection successful."""
    places = list(_places(request, person))
    context = {
        "person": person,
        "seats": seats_of(person),
        "resources": [
            one
            for one in Application.objects.filter(enabled=True).exclude(launch_url="")
            if urlsplit(one.launch_url).scheme.lower() in OPENED
        ],
        "places": places,
        "others": len(places) > 1,
    }
    return render(request, "client/home.html", context)


@require_POST
@for_employees
def end(request: HttpRequest, person: Employee) -> HttpResponse:
    """End one of one's own sessions elsewhere, or all of them."""
    others = _own(person).exclude(session_key=request.session.session_key)
    if "others" not in request.POST:
        wanted = request.POST.get("session", "")
        others = others.filter(pk=wanted if _is_number(wanted) else 0)
    if ended := sessions.end(others, sessions.BY_HAND):
        account = person.account
        audit.record(
            "session.end",
            by=account,
            target=account,
            detail={"sessions": ended},
            request=request,
        )
    said = ngettext("%(n)s session ended.", "%(n)s sessions ended.", ended)
    messages.success(request, said % {"n": ended})
    return redirect("sync:home")


@require_POST
@for_employees
def log_off(request: HttpRequest, person: Employee) -> HttpResponse:
    """End this session, and all that was given out in it."""
    account = person.account
    audit.record("logoff.client", by=account, target=account, request=request)
    logout(request)
    messages.success(request, _("You are logged off."))
    return redirect("identity:client")


def _person(request: HttpRequest) -> Employee | None:
    if not isinstance(request.user, User):
        return None
    people = Employee.objects.select_related("idp", "account")
    return people.filter(account=request.user).first()


def _own(person: Employee) -> QuerySet[LogonSession]:
    return LogonSession.objects.filter(account=person.account, ended_at=None)


def _places(request: HttpRequest, person: Employee) -> Iterator[Place]:
    """The person's open sessions, this one first."""
    key = request.session.session_key
    rows = [row for row in _own(person).select_related("idp") if sessions.is_live(row)]
    rows.sort(key=lambda row: (row.session_key == key, row.seen_at), reverse=True)
    for row in rows[:SHOWN]:
        yield Place(row, agents.in_words(row.agent), _way(row), row.session_key == key)


def _way(row: LogonSession) -> str:
    """How this session came about."""
    vendor = {"vendor": str(row.idp.connector_class.label) if row.idp else ""}
    words = {
        LogonWay.PAGE: _("with %(vendor)s") % vendor,
        LogonWay.QR: _("by QR code"),
        LogonWay.SILENT: _("inside %(vendor)s") % vendor,
    }
    return words.get(row.way, "")  # type: ignore[call-overload, no-any-return]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
