"""Logons of employees: the list with its search, and the trace of one."""

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from identity import agents
from identity.access import console_users
from identity.logon.causes import cause_of, steps_of
from identity.models import IdentityProvider, LogonAttempt
from sync.models import Employee
from sync.org.person import private_fields
from sync.views import parameters
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 30
OUTCOMES = ("success", "failed")


@require_safe
@console_users
def logons(request: "ConsoleRequest") -> HttpResponse:
    """Attempts, newest first; by IdP and outcome, by trace id, name or user id."""
    offered = list(IdentityProvider.objects.all())
    idp = parameters.chosen_idp(request, offered)
    outcome = parameters.choice(request, "outcome", OUTCOMES)
    words = parameters.text(request, "q")
    before = parameters.place(request, "before")
    found = _found(idp, outcome, words)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    veil = Veil(request.user)
    context = {
        "rows": [
            (row, veil.text(row.name or row.userid), cause_of(row)[0])
            for row in rows[:PAGE]
        ],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "later": before is not None,
        "idps": offered,
        "idp": idp,
        "outcome": outcome,
        "q": words,
    }
    return render(request, "console/logons.html", context)


@require_safe
@console_users
def logon(request: "ConsoleRequest", trace_id: str) -> HttpResponse:
    """One attempt: its stages, and of the one that failed cause and fix."""
    attempts = LogonAttempt.objects.select_related("idp")
    attempt = get_object_or_404(attempts, trace_id=trace_id)
    cause, fix = cause_of(attempt)
    person = _person(attempt)
    private = private_fields(attempt.idp) if attempt.idp else ()
    veil = Veil(request.user, private)
    context = {
        "attempt": attempt,
        "steps": steps_of(attempt),
        "cause": cause,
        "fix": fix,
        "vendor": attempt.idp.connector_class.label if attempt.idp else "",
        "name": veil.text(attempt.name, person.mobile if person else ""),
        "userid": veil.text(attempt.userid, person.mobile if person else ""),
        "browser": agents.in_words(attempt.agent) if attempt.agent else "",
        "person": reverse("sync:employee", args=[person.pk]) if person else "",
    }
    return render(request, "console/logon.html", context)


def _found(
    idp: IdentityProvider | None, outcome: str, words: str
) -> QuerySet[LogonAttempt]:
    rows = LogonAttempt.objects.select_related("idp").order_by("-pk")
    if idp:
        rows = rows.filter(idp=idp)
    if outcome == "success":
        rows = rows.filter(outcome="success")
    elif outcome:
        rows = rows.exclude(outcome="success")
    if words:
        same = Q(trace_id=words.lower()) | Q(userid=words)
        rows = rows.filter(same | Q(name__contains=words))
    return rows


def _person(attempt: LogonAttempt) -> Employee | None:
    """Who it was, as far as the directory knows them now."""
    people = Employee.objects.filter(idp=attempt.idp_id).order_by("-pk")
    if attempt.account_id:
        return people.filter(account=attempt.account_id).first()
    if attempt.userid:
        return people.filter(userid=attempt.userid).first()
    return None
