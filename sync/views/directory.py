"""The org tree browser: tree left, people or sub-departments right, all by address."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
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
from sync.org.departments import (
    branches as branches_of,
)
from sync.org.history import last_run
from sync.org.people import People, Person, count_gone, people
from sync.org.person import private_fields
from sync.views import asked as asking
from sync.views import asof, parameters
from sync.views.asked import ANY, DEPARTMENTS, HISTORY, Asked
from sync.views.employee import person_shown
from sync.views.history import history_of
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PANE, DRAWER = "pane", "drawer"
"""Ids of what htmx replaces alone: the right side, and the person beside it."""
SUB_DEPARTMENTS = 100
AT_ONCE = 200
"""Branches that one request may ask for."""


@dataclass(frozen=True, slots=True)
class Card:
    """A person in the list, as this reader may see them."""

    employee: Employee
    name: str
    title: str
    mobile: str
    email: str
    places: tuple[Place, ...]
    others: int


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
    at = parameters.moment(request, "at")
    if parameters.wants(request, DRAWER):
        response = _drawer(request, idp)
    elif at is not None:
        response = asof.page(request, idp, offered, at)
    else:
        response = _page(request, asking.read(request, idp), offered)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


def _page(
    request: "ConsoleRequest", asked: Asked, offered: list[IdentityProvider]
) -> HttpResponse:
    """The browser, or its right side alone."""
    fragment = parameters.wants(request, PANE)
    branch, lineage_of = (
        (None, lineage(asked.idp, asked.department))
        if fragment
        else tree(asked.idp, asked.department)
    )
    context = {
        "idps": offered,
        "idp": asked.idp,
        "tree": branch,
        "keep": _kept(asked.idp, sub=asked.sub),
        "now": timezone.now(),
        "here": asked.address(),
        "user_shown": None if fragment else parameters.place(request, "user"),
        **_pane(request, asked, lineage_of),
    }
    page = "sync/_pane.html" if fragment else "sync/directory.html"
    return render(request, page, context)


def _drawer(request: "ConsoleRequest", idp: IdentityProvider) -> HttpResponse:
    """One person beside the list; nothing if the address names nobody."""
    key = parameters.number(request, "user")
    if key is None:
        return HttpResponse()
    people = Employee.objects.select_related("idp", "account")
    person = get_object_or_404(people, pk=key, idp=idp)
    context = {**person_shown(request, person), "close": _closed(request)}
    return render(request, "sync/_drawer.html", context)


def _closed(request: HttpRequest) -> str:
    """The address of this view without the person."""
    words = request.GET.copy()
    words.pop("user", None)
    return f"{request.path}?{words.urlencode()}"


@require_safe
@console_users
def branch(request: "ConsoleRequest") -> HttpResponse:
    """A branch of the tree that somebody opened, or its next 200; for htmx."""
    idp = parameters.chosen_idp(request, parameters.idps())
    if idp is None:
        raise Http404("no IdP named")
    if (at := parameters.moment(request, "at")) is not None:
        return asof.branch(request, idp, at)
    parent, after = (
        asking.department(request, idp, name) for name in ("under", "after")
    )
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
def branches(request: "ConsoleRequest") -> HttpResponse:
    """The branches of several departments, each for its own place; for htmx."""
    idp = parameters.chosen_idp(request, parameters.idps())
    if idp is None:
        raise Http404("no IdP named")
    if (at := parameters.moment(request, "at")) is not None:
        return asof.branches(request, idp, at)
    keys = parameters.numbers(request, "of", most=AT_ONCE)
    context = {
        "idp": idp,
        "branches": branches_of(idp, keys),
        "keep": _kept(idp, sub=request.GET.get("sub") == "1"),
    }
    return render(request, "sync/_branches.html", context)


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
    if asked.tab == HISTORY and not asked.text:
        return shown | history_of(request, asked)
    veil = Veil(request.user, private_fields(asked.idp))
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
        "last": None if page.rows or asked.text else last_run(asked.idp),
    }


def _sub_departments(request: HttpRequest, asked: Asked) -> Branch:
    after = asking.department(request, asked.idp, "after")
    return children(asked.idp, asked.department, after=after, size=SUB_DEPARTMENTS)


def _card(person: Person, veil: Veil, names: Trails) -> Card:
    employee = person.employee
    return Card(
        employee,
        veil.name(employee),
        veil.value("title", employee.title, employee.mobile),
        veil.value("mobile", employee.mobile),
        veil.value("email", employee.email, employee.mobile),
        tuple(placed(department, names) for department in person.departments),
        person.others,
    )


def _after(page: People) -> str:
    return parameters.write_cursor(page.after) if page.after else ""
