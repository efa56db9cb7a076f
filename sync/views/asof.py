"""The org tree as it was at a moment: the same page, its departments by the vendor's id."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from identity.models import IdentityProvider
from sync.models import Department
from sync.org.asof import Moment, began, moment
from sync.org.past import Person
from sync.org.pastree import PastTree, people_at, tree_at
from sync.org.person import private_fields
from sync.views import parameters
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PANE = "pane"
SUB_DEPARTMENTS = 100
OPENED = 200
"""Branches that one request may ask for."""
LONGEST_KEY = 64
PRECISE = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True, slots=True)
class PastCard:
    """A person in the list as they were, as this reader may see them."""

    row: int
    name: str
    title: str
    mobile: str
    email: str
    places: tuple[str, ...]


def page(
    request: "ConsoleRequest",
    idp: IdentityProvider,
    offered: list[IdentityProvider],
    at: datetime,
) -> HttpResponse:
    """The browser as of a moment, or its right side alone; in words where there is
    nothing to be shown."""
    since = began(idp)
    fragment = parameters.wants(request, PANE)
    shown: dict[str, object] = {"idp": idp, "idps": offered, "at": at, "since": since}
    shown |= {"field": timezone.localtime(at), "back": _now(idp, "")}
    if at > timezone.now() or since is None or at < since:
        shown["ahead"] = at > timezone.now()
        return render(request, "sync/asof_none.html", shown)
    past = moment(idp, at)
    tree = tree_at(idp, past)
    asked = _key(request, "dept")
    department = asked if asked in tree.departments else ""
    sub = request.GET.get("sub") == "1" or not department
    here = _here(idp, at, department, sub=sub)
    since_then = {"idp": str(idp.pk), "from": written(at)}
    shown |= {
        "tree": None if fragment else tree.opened(department),
        "keep": _kept(idp, at, sub=sub),
        "here": here,
        "back": _now(idp, department),
        "compare": f"{reverse('sync:compare')}?{urlencode(since_then)}",
        "department": tree.departments.get(department),
        "missing": asked if asked and not department else "",
        "trail": tree.trail(department),
        "everybody": len(tree.everybody),
        "sub": sub,
        "tab": parameters.choice(request, "tab", ("people", "departments"), "people"),
    }
    if shown["tab"] == "departments":
        here["tab"] = "departments"
        after = _key(request, "after")
        shown["branch"] = tree.branch(department, after, SUB_DEPARTMENTS)
    else:
        shown |= _people(request, idp, past, tree, department)
    name = "sync/_asof_pane.html" if fragment else "sync/asof.html"
    return render(request, name, shown)


def branch(
    request: "ConsoleRequest", idp: IdentityProvider, at: datetime
) -> HttpResponse:
    """A branch of the tree as it was; for htmx."""
    tree = tree_at(idp, moment(idp, at))
    found = tree.branch(_key(request, "under"), _key(request, "after"))
    keep = _kept(idp, at, sub=request.GET.get("sub") == "1")
    context = {"idp": idp, "branch": found, "keep": keep}
    return render(request, "sync/_branch.html", context)


def branches(
    request: "ConsoleRequest", idp: IdentityProvider, at: datetime
) -> HttpResponse:
    """The branches of several departments as they were; for htmx."""
    tree = tree_at(idp, moment(idp, at))
    asked = request.GET.get("of", "")[: OPENED * LONGEST_KEY].split(",")[:OPENED]
    found = [tree.branch(key) for key in asked if key in tree.departments]
    keep = _kept(idp, at, sub=request.GET.get("sub") == "1")
    context = {"idp": idp, "branches": found, "keep": keep}
    return render(request, "sync/_branches.html", context)


def _people(
    request: "ConsoleRequest",
    idp: IdentityProvider,
    past: Moment,
    tree: PastTree,
    department: str,
) -> dict[str, object]:
    """A page of the people who were there."""
    sub = request.GET.get("sub") == "1"
    userids = tree.inside(department, sub=sub)
    found = people_at(idp, past, userids, _key(request, "after"))
    places = tree.places([userid for userid, _one in found.rows])
    veil = Veil(request.user, private_fields(idp))
    return {
        "cards": [_card(one, places[userid], veil) for userid, one in found.rows],
        "after": found.after,
        "later": "after" in request.GET,
        "count": len(userids),
    }


def _card(one: Person, places: list[str], veil: Veil) -> PastCard:
    mobile = one.values.get("mobile", "")
    name, title, email = (
        veil.value(field, one.values.get(field, ""), mobile)
        for field in ("name", "title", "email")
    )
    return PastCard(
        one.row,
        name or _("Erased person"),
        title,
        veil.value("mobile", mobile),
        email,
        tuple(places),
    )


def _here(
    idp: IdentityProvider, at: datetime, department: str, *, sub: bool
) -> QueryDict:
    """The address of this view, without its page."""
    words = QueryDict(mutable=True)
    words["idp"], words["at"] = str(idp.pk), written(at)
    if department:
        words["dept"] = department
        if sub:
            words["sub"] = "1"
    return words


def _kept(idp: IdentityProvider, at: datetime, *, sub: bool) -> str:
    """What every link of the tree carries on."""
    words = {"idp": str(idp.pk), "at": written(at)}
    return urlencode(words | ({"sub": "1"} if sub else {}))


def _now(idp: IdentityProvider, department: str) -> str:
    """The address of the present directory, at the same department if it is there."""
    words = {"idp": str(idp.pk)}
    rows = Department.objects.filter(idp=idp, source_id=department)
    if department and (key := rows.values_list("pk", flat=True).first()):
        words["dept"] = str(key)
    return f"{reverse('sync:directory')}?{urlencode(words)}"


def written(at: datetime) -> str:
    """A moment as addresses and fields write it: in the zone of the reader."""
    return timezone.localtime(at).strftime(PRECISE)


def _key(request: HttpRequest, name: str) -> str:
    """The vendor's id in a parameter; anything odd names nothing."""
    raw = request.GET.get(name, "")[:LONGEST_KEY]
    return raw if raw.isprintable() else ""
