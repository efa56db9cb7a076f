"""Employees' accounts, and the one question whether somebody may log on (design 2.10).

`may_log_on` is asked at a logon, at every request of a session (through
`DirectoryBackend.get_user`), at code exchange, refresh, introspection and userinfo.
"""

from enum import StrEnum

from django.http import HttpRequest

from identity.connectors.records import Identity
from identity.models import Application, IdentityProvider, User
from sync.models import AccessCut, Employee


class Bar(StrEnum):
    """Why somebody may not log on now."""

    LEFT = "left"
    OUT_OF_SCOPE = "out_of_scope"
    CUT = "cut"  # a notice says that they left; a read has yet to tell
    CLOSED = "closed"  # the IdP is closed, or only a draft
    APPLICATION = "application"  # it is disabled


def bar_of(person: Employee, application: Application | None = None) -> Bar | None:
    """What keeps this person from logging on (to this application); None if nothing.

    `person` comes from `people()`, so that its IdP and its cut are as of now.
    """
    if person.status == Employee.Status.LEFT:
        return Bar.LEFT
    if person.status != Employee.Status.ACTIVE:
        return Bar.OUT_OF_SCOPE
    if AccessCut.objects.filter(employee=person).exists():
        return Bar.CUT
    if person.idp.is_draft or person.idp.status != IdentityProvider.Status.ENABLED:
        return Bar.CLOSED
    if application is not None and not application.enabled:
        return Bar.APPLICATION
    return None


def may_log_on(person: Employee, application: Application | None = None) -> bool:
    """Whether this person is active, in scope and not cut, the IdP enabled, and the
    application allowed."""
    return bar_of(person, application) is None


def account_of(person: Employee) -> User:
    """The person's account, made at the first logon; in the caller's transaction.

    It has no password, and its name means nothing: who it is the directory says.
    """
    if person.account is None:
        account = User(username=f"employee-{person.sub.hex}", role=User.Role.EMPLOYEE)
        account.set_unusable_password()
        account.save()
        person.account = account
        person.save(update_fields=["account"])
    person.account.sub = person.sub.hex
    return person.account


class DirectoryBackend:
    """Knows accounts by the directory; one of the AUTHENTICATION_BACKENDS."""

    def authenticate(
        self,
        request: HttpRequest | None,
        *,
        idp: IdentityProvider,
        identity: Identity,
    ) -> User:
        """The account of the person whom a vendor vouches for."""
        raise NotImplementedError

    def get_user(self, user_id: int) -> User | None:
        """The account, if its person may be logged on now; asked at every request."""
        person = (
            Employee.objects.select_related("account", "idp")
            .filter(account_id=user_id)
            .first()
        )
        account = person.account if person else None
        if person is None or account is None or not account.is_active:
            return None
        if account.role != User.Role.EMPLOYEE or not may_log_on(person):
            return None
        account.sub = person.sub.hex
        return account
