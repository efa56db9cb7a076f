"""What an OpenID Connect application may learn of a person, and whether it may now."""

from typing import Any

from identity.models import Application, User
from identity.oidc.validator import SessionValidator
from sync.accounts import is_usable, may_log_on
from sync.models import Department, Employee

CLAIMS = {
    "profile": ("name", "updated_at"),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "org": (
        "departments",
        "department_ids",
        "title",
        "job_number",
        "manager",
        "attributes",
    ),
}


class DirectoryValidator(SessionValidator):
    """Knows accounts by the directory, read anew each time."""

    claims_told = tuple(claim for claims in CLAIMS.values() for claim in claims)

    def may_log_on(self, account: User, application: Application) -> bool:
        """Whether the account's person may log on to it now."""
        person = _person(account)
        return (
            person is not None
            and is_usable(account)
            and may_log_on(person, application)
        )

    def claims_of(self, account: User, scopes: list[str]) -> dict[str, Any]:
        """What these scopes tell of the account's person; what is not known is left
        out."""
        person = _person(account)
        if person is None:
            return {}
        told: dict[str, Any] = {}
        for scope, tell in TELLS.items():
            if scope in scopes:
                told.update(tell(person))
        return {
            name: value for name, value in told.items() if value not in ("", {}, [])
        }


def _person(account: User) -> Employee | None:
    """The account's person, with the IdP as it is now."""
    people = Employee.objects.select_related("idp")
    return people.filter(account_id=account.pk).first()


def _profile(person: Employee) -> dict[str, Any]:
    return {"name": person.name, "updated_at": int(person.changed_at.timestamp())}


def _email(person: Employee) -> dict[str, Any]:
    """Nobody has proven to us that it is theirs: an administrator may have typed it."""
    return {"email": person.email, "email_verified": False} if person.email else {}


def _phone(person: Employee) -> dict[str, Any]:
    if not person.mobile:
        return {}
    return {"phone_number": person.mobile, "phone_number_verified": False}


def _org(person: Employee) -> dict[str, Any]:
    return {
        **_departments(person),
        "title": person.title,
        "job_number": person.job_number,
        "manager": _manager(person),
        "attributes": person.attributes,
    }


def _departments(person: Employee) -> dict[str, list[str]]:
    """Where the person is: the names from the top ("/Acme/Sales"), and the ids.

    Two lists of plain texts, in one order: gateways compare a claim's texts with their
    rules, and Apache's mod_auth_openidc drops lists of objects.
    """
    own = list(Department.objects.filter(memberships__employee=person).order_by("path"))
    above = {source for each in own for source in each.path.strip("/").split("/")}
    rows = Department.objects.filter(idp_id=person.idp_id, source_id__in=above)
    names = dict(rows.values_list("source_id", "name"))
    return {
        "departments": [_path(each, names) for each in own],
        "department_ids": [each.source_id for each in own],
    }


def _path(department: Department, names: dict[str, str]) -> str:
    sources = department.path.strip("/").split("/")
    return "".join(f"/{names.get(source, source)}" for source in sources)


def _manager(person: Employee) -> str:
    """The manager's `sub`: what an application knows people by."""
    if not person.manager_userid:
        return ""
    rows = Employee.objects.filter(
        idp_id=person.idp_id,
        userid=person.manager_userid,
        status=Employee.Status.ACTIVE,
    )
    manager = rows.first()
    return manager.sub.hex if manager else ""


TELLS = {"profile": _profile, "email": _email, "phone": _phone, "org": _org}
