"""What another choice of departments would take away, worked out from what is stored.

It counts as a run counts (`passage`): whoever is active and in none of the departments
of the new choice is asked for, and ends. The number of queries is constant.
"""

from collections.abc import Collection
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from identity.models import IdentityProvider, LogonSession
from identity.signals import Leaver, Loss, Met
from sync import guard, plan
from sync.coverage import limits_of
from sync.judging import present_of
from sync.models import Change, Department, Employee, Kept, Membership
from sync.org.departments import within
from sync.org.stored import topmost


def loss_of(
    idp: IdentityProvider,
    departments: Collection[str] | None,
    met: Met | None = None,
    most: int = 20,
) -> Loss:
    """Who would go out of scope, the first `most` of them by name; at most ten queries.

    `departments` None is the whole company: nobody goes. `met` is what a read has just
    met in chosen departments that are not stored.
    """
    found = met.userids if met else frozenset()
    active = Employee.objects.filter(idp=idp, status=Employee.Status.ACTIVE)
    joining = len(found) - active.filter(userid__in=found).count() if found else 0
    if departments is None:
        return Loss(joining=joining)
    places = _places(idp, departments, met)
    out = _leaving(idp, active, places).exclude(userid__in=found)
    opened = LogonSession.objects.filter(account=OuterRef("account"), ended_at=None)
    numbers = out.aggregate(
        people=Count("pk"), online=Count("pk", filter=Exists(opened))
    )
    held = _held(idp, numbers["people"], places)
    rows = out.order_by("name", "pk")[:most] if numbers["people"] else ()
    return Loss(
        numbers["people"], numbers["online"], tuple(map(_named, rows)), held, joining
    )


def _places(
    idp: IdentityProvider, departments: Collection[str], met: Met | None
) -> list[Q]:
    """What is stored of the chosen departments and of all below them, as conditions on
    a department; empty if nothing is."""
    ids = [one for one in departments if "\0" not in one]
    rows = Department.objects.filter(idp=idp, source_id__in=ids)
    found = [within(path) for path in topmost(rows.values_list("path", flat=True))]
    return [*found, Q(source_id__in=met.departments)] if met else found


def _leaving(
    idp: IdentityProvider, active: QuerySet[Employee], places: list[Q]
) -> QuerySet[Employee]:
    """Of these people those in none of these places, and not kept by hand.

    Person by person, through their few memberships: asked for by a list of departments
    SQLite would walk the list for each person.
    """
    kept = Kept.objects.filter(idp=idp, entity=Change.Entity.EMPLOYEE)
    active = active.filter(~Q(userid__in=kept.values("key")))
    if not places:
        return active
    of_theirs = reduce(or_, (_prefixed(place) for place in places))
    member = Membership.objects.filter(of_theirs, employee=OuterRef("pk"))
    return active.filter(~Exists(member))


def _prefixed(place: Q) -> Q:
    """A condition on a department as one on a membership."""
    pairs = (child for child in place.children if isinstance(child, tuple))
    return Q(*((f"department__{name}", value) for name, value in pairs))


def _held(idp: IdentityProvider, people: int, places: list[Q]) -> bool:
    """Whether the guard would hold a run that does this and nothing else."""
    present = present_of(idp)
    rows = Department.objects.filter(idp=idp)
    inside = rows.filter(reduce(or_, places)).count() if places else 0
    removed = present.departments - inside
    # How many is all that the guard asks of these lists.
    losses = plan.Plan(
        {}, "", absent=("",) * people, departments_removed=("",) * removed
    )
    return bool(guard.guard(losses, limits_of(idp), present))


def _named(person: Employee) -> Leaver:
    return Leaver(person.name, person.title, reverse("sync:employee", args=[person.pk]))
