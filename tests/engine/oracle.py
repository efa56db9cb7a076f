"""What the directory must be, worked out from the simulated company alone."""

from typing import Any

from identity.connectors.dingtalk.simulator.company import Company
from identity.models import IdentityProvider
from sync.models import Department, Employee

Tree = dict[str, tuple[str, str]]
People = dict[str, dict[str, Any]]

SAME = ("unionid", "name", "mobile", "title", "job_number", "telephone", "work_place")


def expected_departments(company: Company) -> Tree:
    """id -> (name, parent id), the root with an empty parent."""
    return {
        str(id): (d.name, "" if d.parent_id is None else str(d.parent_id))
        for id, d in company.departments.items()
        if d.real
    }


def expected_people(company: Company) -> People:
    """userid -> what an employee's row must hold."""
    return {
        person.userid: {
            **{name: getattr(person, name) for name in SAME},
            "email": person.email or person.org_email,
            "remark": person.remark,
            "departments": {
                (str(id), person.departments[id], id in person.leads)
                for id in person.department_ids
            },
        }
        for person in company.people.values()
    }


def actual_departments(idp: IdentityProvider) -> Tree:
    return {
        row.source_id: (row.name, row.parent_source_id)
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
