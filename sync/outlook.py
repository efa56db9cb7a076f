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
    inside = _inside(idp, departments, met)
    out = _leaving(idp, active, inside).exclude(userid__in=found)
    opened = LogonSession.objects.filter(account=OuterRef("account"), ended_at=None)
    numbers = out.aggregate(
        people=Count("pk"), online=Count("pk", filter=Exists(opened))
    )
    held = _held(idp, numbers["people"], inside)
    rows = out.order_by("name", "pk")[:most] if numbers["people"] else ()
    return Loss(
        numbers["people"], numbers["online"], tuple(map(_named, rows)), held, joining
    )


def _inside(
    idp: IdentityProvider, departments: Collection[str], met: Met | None
) -> QuerySet[Department]:
    """What is stored of the chosen departments and of all below them."""
    rows = Department.objects.filter(idp=idp)
    ids = [one for one in departments if "\0" not in one]
    paths = rows.filter(source_id__in=ids).values_list("path", flat=True)
    ranges = [within(path) for path in paths]
    if met:
        ranges.append(Q(source_id__in=met.departments))
    return rows.filter(reduce(or_, ranges)) if ranges else rows.none()


def _leaving(
    idp: IdentityProvider, active: QuerySet[Employee], inside: QuerySet[Department]
) -> QuerySet[Employee]:
    """Of these people those in none of these departments, and not kept by hand."""
    member = Membership.objects.filter(
        employee=OuterRef("pk"), department__in=inside.values("pk")
    )
    kept = Kept.objects.filter(idp=idp, entity=Change.Entity.EMPLOYEE)
    return active.filter(~Exists(member), ~Q(userid__in=kept.values("key")))


def _held(idp: IdentityProvider, people: int, inside: QuerySet[Department]) -> bool:
    """Whether the guard would hold a run that does this and nothing else."""
    present = present_of(idp)
    removed = present.departments - inside.count()
    # How many is all that the guard asks of these lists.
    losses = plan.Plan(
        {}, "", absent=("",) * people, departments_removed=("",) * removed
    )
    return bool(guard.guard(losses, limits_of(idp), present))


def _named(person: Employee) -> Leaver:
    return Leaver(person.name, person.title, reverse("sync:employee", args=[person.pk]))
