"""The page of one person: what is known, where it comes from, what happened."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from identity.access import console_users
from sync.models import AccessCut, Employee
from sync.org.person import MANAGER, Profile, Value, private_fields, profile
from sync.views import parameters
from sync.views.changes import Cast, told
from sync.views.standing import standing_of
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as this reader may see it."""

    value: Value
    text: str
    hidden: bool


@require_safe
@console_users
def employee(request: "ConsoleRequest", employee_id: int) -> HttpResponse:
    """One person; nothing here can be changed, because it comes from the IdP."""
    person = get_object_or_404(
        Employee.objects.select_related("idp", "account"),
        pk=employee_id,
        idp__confirmed_at__isnull=False,
    )
    return render(request, "sync/employee.html", person_shown(request, person))


def person_shown(request: "ConsoleRequest", person: Employee) -> dict[str, object]:
    """What `sync/_person.html` and `_record.html` show, on a page and in the drawer."""
    veil = Veil(request.user, private_fields(person.idp))
    known = profile(person, parameters.place(request, "before"))
    cast = Cast({person.userid: person}, known.names)
    userid = veil.text(person.userid, person.mobile)
    return {
        "employee": person,
        "name": veil.name(person),
        "title": veil.value("title", person.title, person.mobile),
        "cut": AccessCut.objects.filter(employee=person).first(),
        "idp": person.idp,
        "vendor": person.idp.connector_class.label,
        "userid": userid,
        "searchable": userid == person.userid,
        "standing": standing_of(person),
        "seats": known.seats,
        "manager": known.manager,
        "manager_name": _manager_name(known, veil),
        "values": [_shown(value, known, veil) for value in known.values],
        "moments": told(known.moments, cast, veil),
        "older": known.older,
        "later": "before" in request.GET,
    }


def _manager_name(known: Profile, veil: Veil) -> str:
    who = known.manager
    return veil.name(who) if who else ""


def _shown(value: Value, known: Profile, veil: Veil) -> Shown:
    """A manager is shown by name, for a user id may be a mobile."""
    if value.key == MANAGER and known.manager:
        return Shown(value, _manager_name(known, veil), hidden=False)
    text = veil.value(value.key, value.text, known.employee.mobile)
    return Shown(value, text, hidden=text != value.text)
