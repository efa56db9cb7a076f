"""Explain access: in or out of scope and why, and whether a logon would work now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from identity.access import console_users
from identity.logon.causes import cause_of as cause_of_attempt
from identity.models import IdentityProvider
from sync import cuts
from sync.explaining import ATTEMPTS, Answer, Explanation, attempts_of, explain
from sync.models import Employee
from sync.org.person import private_fields, seats_of
from sync.org.whereabouts import Notice, brought_in, ended, notice
from sync.views.access_words import QUESTIONS, cause_of, place_of
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@dataclass(frozen=True, slots=True)
class Line:
    """A question with its answer in words; `where` and `link` lead to the remedy."""

    question: str
    state: str
    cause: str = ""
    fix: str = ""
    where: str = ""
    link: str = ""


@require_safe
@console_users
def access(request: "ConsoleRequest", employee_id: int) -> HttpResponse:
    """The page; administrators and staff."""
    people = Employee.objects.select_related("idp", "account")
    person = get_object_or_404(people, pk=employee_id, idp__confirmed_at__isnull=False)
    veil = Veil(request.user, private_fields(person.idp))
    found = explain(person)
    context = {
        "employee": person,
        "idp": person.idp,
        "vendor": person.idp.connector_class.label,
        "name": veil.name(person),
        "lines": _lines(found, person),
        "why_not": cause_of(found.bar, person)[0] if found.bar else "",
        "admissions": found.admissions,
        "namesake": found.namesake,
        "namesake_name": _name(found.namesake, veil),
        **_whereabouts(person),
        **_logons(person, veil),
    }
    return render(request, "sync/access.html", context)


def _lines(found: Explanation, person: Employee) -> list[Line]:
    return [_line(answer, found.namesake, person) for answer in found.answers]


def _line(answer: Answer, namesake: Employee | None, person: Employee) -> Line:
    question = str(QUESTIONS[answer.question])
    if answer.bar is None:
        return Line(question, answer.state)
    cause, fix = cause_of(answer.bar, person)
    where, link = place_of(answer.bar, person, namesake)
    return Line(question, answer.state, cause, fix, where, link)


def _name(person: Employee | None, veil: Veil) -> str:
    return veil.name(person) if person else ""


def _whereabouts(person: Employee) -> dict[str, object]:
    """Why they are in, or what took them out."""
    seats = seats_of(person)
    cut = notice(person)
    everything = person.idp.scope == IdentityProvider.ScopeChoice.ALL
    return {
        "seats": seats,
        "everything": everything,
        "brought": brought_in(person.idp, seats),
        "ended": ended(person),
        "notice": cut,
        "next_look": _next_look(cut, person),
        "apart": cuts.APART.seconds,
    }


def _next_look(cut: Notice | None, person: Employee) -> object:
    """From when on a read could give access back."""
    if cut is None:
        return None
    return cuts.next_looks(person.idp, [person.userid]).get(person.userid)


def _logons(person: Employee, veil: Veil) -> dict[str, object]:
    """What was tried last, each with why it did not work; and where the others are."""
    tries = attempts_of(person).select_related("idp")[:ATTEMPTS]
    userid = veil.text(person.userid, person.mobile)
    return {
        "attempts": [(one, cause_of_attempt(one)[0]) for one in tries],
        "userid": userid,
        "searchable": userid == person.userid,
    }
