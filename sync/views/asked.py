"""What an address of the directory asks for, and addresses that ask for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from identity.models import IdentityProvider
from sync.models import Department, Employee
from sync.org.people import PeopleQuery
from sync.views import parameters

ANY = "any"
PEOPLE, DEPARTMENTS, HISTORY = "people", "departments", "history"


class Chip(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. `status` "any" is every status, `title` "" any."""

    idp: IdentityProvider
    department: Department | None
    sub: bool
    tab: str
    status: str
    text: str
    title: str = ""
    no_email: bool = False
    no_mobile: bool = False

    def query(self, *, hidden: bool) -> PeopleQuery:
        """The people that are asked for."""
        return PeopleQuery(
            self.idp,
            self.department,
            self.sub,
            status="" if self.status == ANY else self.status,
            text=self.text,
            title=self.title,
            no_email=self.no_email,
            no_mobile=self.no_mobile,
            hidden=hidden,
        )

    @property
    def narrowed(self) -> bool:
        """Whether a filter may be why nobody is shown."""
        return bool(self.title or self.no_email or self.no_mobile)

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
        for name, value in self._own().items():
            words[name] = value
        return words

    def _own(self) -> dict[str, str]:
        """What is asked of a person's own values, by parameter."""
        values = {
            "q": self.text,
            "title": self.title,
            "no_email": "1" if self.no_email else "",
            "no_mobile": "1" if self.no_mobile else "",
        }
        return {name: value for name, value in values.items() if value}

    def kept(self) -> dict[str, str]:
        """The filters that stay on when somebody searches for something else."""
        here = self.address()
        names = ("status", "title", "no_email", "no_mobile")
        return {name: str(here[name]) for name in names if name in here}

    def filters(self) -> dict[str, str]:
        """The filters that are on, by parameter, for the audit trail."""
        here = self.address()
        return {name: str(here[name]) for name in here if name not in ("idp", "tab")}

    def chips(self) -> list[Chip]:
        """The filters that are on, each with the way to be rid of it.

        Sub-departments and status are none: their switches always say what is chosen.
        """
        here = self.address()
        return [
            Chip(label, _without(here, name))
            for name, label in self._labels()
            if name in here
        ]

    def _labels(self) -> Iterator[tuple[str, str]]:
        yield "q", f"“{self.text}”"
        yield "title", _("Title: %(title)s") % {"title": self.title}
        yield "no_email", _("No e-mail")
        yield "no_mobile", _("No mobile")


def read(request: HttpRequest, idp: IdentityProvider) -> Asked:
    """What a request asks for; 404 if it names a department that is not there."""
    found = department(request, idp, "dept")
    return Asked(
        idp,
        found,
        sub=found is None or request.GET.get("sub") == "1",
        tab=parameters.choice(request, "tab", _tabs(found), PEOPLE),
        status=parameters.choice(
            request, "status", (*Employee.Status.values, ANY), Employee.Status.ACTIVE
        ),
        text=parameters.text(request, "q"),
        title=parameters.text(request, "title"),
        no_email=request.GET.get("no_email") == "1",
        no_mobile=request.GET.get("no_mobile") == "1",
    )


def _tabs(chosen: Department | None) -> tuple[str, ...]:
    """The company has no history of its own: that is the list of changes."""
    return (PEOPLE, DEPARTMENTS, HISTORY) if chosen else (PEOPLE, DEPARTMENTS)


def department(
    request: HttpRequest, idp: IdentityProvider, name: str
) -> Department | None:
    """The department that a parameter names; 404 if this IdP has none of that key."""
    key = parameters.number(request, name)
    return None if key is None else get_object_or_404(Department, idp=idp, pk=key)


def _without(here: QueryDict, name: str) -> str:
    rest = here.copy()
    del rest[name]
    return f"?{rest.urlencode()}"
