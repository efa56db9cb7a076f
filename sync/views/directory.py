"""The org tree browser: tree left, people or sub-departments right, all by address."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from identity.access import console_users
from identity.models import IdentityProvider
from sync.models import Department, Employee
from sync.org.departments import (
    Branch,
    Lineage,
    Place,
    Trails,
    children,
    lineage,
    matching_departments,
    placed,
    trails,
    tree,
)
from sync.org.people import People, PeopleQuery, Person, count_gone, people
from sync.views import parameters
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

ANY = "any"
PEOPLE, DEPARTMENTS = "people", "departments"
PANE = "pane"
"""Id of the right side, which htmx replaces alone."""
SUB_DEPARTMENTS = 100


@dataclass(frozen=True, slots=True)
class Card:
    """A person in the list, as this reader may see them."""

    employee: Employee
    mobile: str
    email: str
    places: tuple[Place, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. `status` "any" is every status."""

    idp: IdentityProvider
    department: Department | None
    sub: bool
    tab: str
    status: str
    text: str

    def query(self, *, hidden: bool) -> PeopleQuery:
        """The people that are asked for."""
        status = "" if self.status == ANY else self.status
        return PeopleQuery(
            self.idp, self.department, self.sub, status, self.text, hidden=hidden
        )

    def address(self) -> QueryDict:
        """The address of this view, without its page and without what means nothing."""
        words = QueryDict(mutable=True)
        words["idp"] = str(self.idp.pk)
        if self.department:
            words["dept"] = str(self.department.pk)
            if self.sub:
                words["sub"] = "1"
        if self.tab != PEOPLE:
            words["tab"] = self.tab
        if self.status != Employee.Status.ACTIVE:
            words["status"] = self.status
        if self.text:
            words["q"] = self.text
        return words


@require_safe
@console_users
def directory(request: "ConsoleRequest") -> HttpResponse:
    """The browser; htmx gets the right side alone."""
    offered = parameters.idps()
    chosen = parameters.chosen_idp(request, offered)
    idp = chosen or next((i for i in offered if i.status == i.Status.ENABLED), None)
    idp = idp or next(iter(offered), None)
    if idp is None:
        return render(request, "sync/no_idp.html")
    asked = _asked(request, idp)
    fragment = _wants_pane(request)
    branch, lineage_of = (
        (None, lineage(idp, asked.department))
        if fragment
        else tree(idp, asked.department)
    )
    context = {
        "idps": offered,
        "idp": idp,
        "tree": branch,
        "keep": _kept(idp, sub=asked.sub),
        "here": asked.address(),
        **_pane(request, asked, lineage_of),
    }
    page = "sync/_pane.html" if fragment else "sync/directory.html"
    response = render(request, page, context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


@require_safe
@console_users
def branch(request: "ConsoleRequest") -> HttpResponse:
    """A branch of the tree that somebody opened, or its next 200; for htmx."""
    idp = parameters.chosen_idp(request, parameters.idps())
    if idp is None:
        raise Http404("no IdP named")
    parent, after = (_department(request, idp, name) for name in ("under", "after"))
    skip = parameters.place(request, "skip")
    found = children(idp, parent, after=after, skip=skip)
    return render(
        request,
        "sync/_branch.html",
        {
            "idp": idp,
            "branch": found,
            "keep": _kept(idp, sub=request.GET.get("sub") == "1"),
        },
    )


@require_safe
@console_users
def department(request: "ConsoleRequest", department_id: int) -> HttpResponse:
    """The short address of a department."""
    found = get_object_or_404(
        Department, pk=department_id, idp__confirmed_at__isnull=False
    )
    return redirect(f"{reverse('sync:directory')}?idp={found.idp_id}&dept={found.pk}")


def _kept(idp: IdentityProvider, *, sub: bool) -> str:
    """What every link of the tree carries on."""
    return urlencode({"idp": str(idp.pk)} | ({"sub": "1"} if sub else {}))


def _asked(request: HttpRequest, idp: IdentityProvider) -> Asked:
    found = _department(request, idp, "dept")
    return Asked(
        idp,
        found,
        sub=found is None or request.GET.get("sub") == "1",
        tab=parameters.choice(request, "tab", (PEOPLE, DEPARTMENTS), PEOPLE),
        status=parameters.choice(
            request, "status", (*Employee.Status.values, ANY), Employee.Status.ACTIVE
        ),
        text=parameters.text(request, "q"),
    )


def _department(
    request: HttpRequest, idp: IdentityProvider, name: str
) -> Department | None:
    """The department that a parameter names; 404 if this IdP has none of that key."""
    key = parameters.number(request, name)
    return None if key is None else get_object_or_404(Department, idp=idp, pk=key)


def _wants_pane(request: HttpRequest) -> bool:
    headers = request.headers
    restored = headers.get("HX-History-Restore-Request") == "true"
    return headers.get("HX-Target") == PANE and not restored


def _pane(
    request: "ConsoleRequest", asked: Asked, lineage_of: Lineage
) -> dict[str, object]:
    """What the right side shows."""
    shown: dict[str, object] = {
        "asked": asked,
        "department": asked.department,
        "trail": lineage_of.trail,
        "lineage": lineage_of,
        "statuses": [*Employee.Status.choices, (ANY, "")],
    }
    if asked.tab == DEPARTMENTS and not asked.text:
        return shown | {"branch": _sub_departments(request, asked)}
    veil = Veil(request.user)
    page = people(
        asked.query(hidden=veil.down), lineage_of, parameters.read_cursor(request)
    )
    hits = matching_departments(asked.idp, asked.text) if asked.text else []
    if not asked.text and asked.department is None:
        shown["gone"] = count_gone(asked.idp)
    named = [department for row in page.rows for department in row.departments]
    names = trails(asked.idp, (*named, *hits))
    return shown | {
        "cards": [_card(person, veil, names) for person in page.rows],
        "hits": [placed(department, names) for department in hits],
        "after": _after(page),
        "later": "after" in request.GET,
    }


def _sub_departments(request: HttpRequest, asked: Asked) -> Branch:
    after = _department(request, asked.idp, "after")
    return children(asked.idp, asked.department, after=after, size=SUB_DEPARTMENTS)


def _card(person: Person, veil: Veil, names: Trails) -> Card:
    employee = person.employee
    return Card(
        employee,
        veil.value("mobile", employee.mobile),
        veil.value("email", employee.email, employee.mobile),
        tuple(placed(department, names) for department in person.departments),
        person.others,
    )


def _after(page: People) -> str:
    return parameters.write_cursor(page.after) if page.after else ""
