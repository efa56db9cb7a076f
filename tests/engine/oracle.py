"""What the directory must be, worked out from the simulated company alone."""

from datetime import datetime, timedelta
from typing import Any

from identity.connectors.dingtalk.simulator.company import Company
from identity.models import IdentityProvider
from sync.models import Department, Employee
from sync.sound import spell

Tree = dict[str, tuple[str, str, int]]
People = dict[str, dict[str, Any]]

SAME = ("unionid", "name", "mobile", "title", "job_number", "telephone", "work_place")


def expected_departments(company: Company) -> Tree:
    """id -> (name, parent id, place among its siblings); the root has no parent."""
    tree: Tree = {"1": (company.name, "", 0)}
    for id, department in company.departments.items():
        below = [child for child in company.children(id) if child.real]
        if department.real:
            for place, child in enumerate(below):
                tree[str(child.id)] = (child.name, str(id), place)
    return tree


def day_of(milliseconds: int | None) -> str:
    """The day in China."""
    if milliseconds is None:
        return ""
    return (datetime(1970, 1, 1, 8) + timedelta(milliseconds=milliseconds)).strftime(
        "%Y-%m-%d"
    )


def expected_people(company: Company) -> People:
    """userid -> what an employee's row must hold."""
    return {
        person.userid: {
            **{name: getattr(person, name) for name in SAME},
            "email": person.email or person.org_email,
            "remark": person.remark,
            "hired_date": day_of(person.hired_at),
            "departments": {
                (str(id), person.departments[id], id in person.leads)
                for id in person.department_ids
            },
        }
        for person in company.people.values()
    }


def actual_departments(idp: IdentityProvider) -> Tree:
    return {
        row.source_id: (row.name, row.parent_source_id, row.order)
        for row in Department.objects.filter(idp=idp)
    }


def actual_people(idp: IdentityProvider, status: str = "active") -> People:
    rows = Employee.objects.filter(idp=idp, status=status).prefetch_related(
        "memberships__department"
    )
    return {
        row.userid: {
            **{name: getattr(row, name) for name in SAME},
            "email": row.email,
            "remark": row.remark,
            "hired_date": row.hired_date,
            "departments": {
                (one.department.source_id, one.order, one.leader)
                for one in row.memberships.all()
            },
        }
        for row in rows
    }


def assert_equal(idp: IdentityProvider, company: Company) -> None:
    """The directory is the company, exactly: tree, people, places, counts."""
    assert actual_departments(idp) == expected_departments(company)
    people = expected_people(company)
    assert actual_people(idp) == people
    inside: dict[str, set[str]] = {id: set() for id in expected_departments(company)}
    direct: dict[str, set[str]] = {id: set() for id in inside}
    for userid, person in people.items():
        for id, _, _ in person["departments"]:
            direct[id].add(userid)
            for above in company.path(int(id)):
                inside[str(above)].add(userid)
    for row in Department.objects.filter(idp=idp):
        assert row.total == len(inside[row.source_id]), row.name
        assert row.direct == len(direct[row.source_id]), row.name
        below = [d for d in company.children(int(row.source_id)) if d.real]
        assert row.children == len(below), row.name
        way = "/".join(str(id) for id in reversed(company.path(int(row.source_id))))
        assert row.path == f"/{way}/", row.name
        assert row.sound == spell(row.name, person=False), row.name
    for employee in Employee.objects.filter(idp=idp):
        assert employee.sound == spell(employee.name), employee.name
