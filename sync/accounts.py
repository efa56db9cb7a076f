"""Employees' accounts, and the one question whether somebody may log on (design 2.10).

`may_log_on` is asked at a logon, at every request of a session (through
`DirectoryBackend.get_user`), at code exchange, refresh, introspection and userinfo.
"""

from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest

from identity.connectors.records import Identity, LogonStage
from identity.logon import Outcome, Refused
from identity.models import Application, IdentityProvider, User
from sync.introducing import matches
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


def _only(idp: IdentityProvider, identity: Identity) -> Employee:
    """The one active person with this unionid, locked; raises Refused (T-11, T-12)."""
    found = matches(idp, identity)
    if not found:
        raise _absent(idp, identity)
    if len(found) > 1:
        raise Refused(LogonStage.PERSON, Outcome.AMBIGUOUS)
    people = Employee.objects.filter(pk=found[0].pk)
    list(people.select_for_update().values_list("pk"))
    # As they are now that nobody changes them.
    person = people.select_related("idp", "account").get()
    if (person.userid, person.unionid) != (identity.userid, identity.unionid):
        raise Refused(LogonStage.PERSON, Outcome.AMBIGUOUS, userid=person.userid)
    return person


def _absent(idp: IdentityProvider, identity: Identity) -> Refused:
    """Why there is nobody: they were here once, or never."""
    rows = Employee.objects.filter(idp=idp, unionid=identity.unionid).order_by("-pk")
    person = rows.first() if identity.unionid else None
    bar = bar_of(person) if person else None
    if bar:
        return Refused(LogonStage.STATUS, Outcome(bar.value))
    return Refused(LogonStage.PERSON, Outcome.NOBODY)


class DirectoryBackend:
    """Knows accounts by the directory; one of the AUTHENTICATION_BACKENDS."""

    def authenticate(
        self,
        request: HttpRequest | None,
        *,
        idp: IdentityProvider,
        identity: Identity,
    ) -> User:
        """The account of the person whom a vendor vouches for; raises Refused.

        The person stays locked until the caller's transaction ends: a notice that they
        left waits, and then ends what was opened in it (T-15).
        """
        with transaction.atomic():
            person = _only(idp, identity)
            if bar := bar_of(person):
                raise Refused(LogonStage.STATUS, Outcome(bar.value))
            account = account_of(person)
            if account.role != User.Role.EMPLOYEE or not account.is_active:
                raise Refused(LogonStage.STATUS, Outcome.ACCOUNT)
            return account

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
