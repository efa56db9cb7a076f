"""Employees' accounts, and the one question whether somebody may log on (design 2.10).

`may_log_on` is asked at a logon, at every request of a session (through
`DirectoryBackend.get_user`), at code exchange, refresh, introspection and userinfo.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest

from identity.connectors.records import Identity, LogonStage
from identity.logon import Outcome, Refused
from identity.models import Application, IdentityProvider, User
from sync.introducing import matches
from sync.models import AccessCut, Employee


class Bar(StrEnum):
    """Why somebody may not log on now, in the words of `Outcome`."""

    LEFT = "left"
    OUT_OF_SCOPE = "out_of_scope"
    CUT = "cut"  # a notice says that they left; a read has yet to tell
    CLOSED = "closed"  # the IdP is closed, or only a draft
    NOBODY = "nobody"  # the directory lacks what a logon finds them by
    AMBIGUOUS = "ambiguous"  # somebody else who is active has the same identity
    ACCOUNT = "account"  # it was switched off here, or has a role in the console
    APPLICATION = "application"  # it is disabled


def _lacks_identity(person: Employee) -> bool:
    return not person.unionid


def _has_twin(person: Employee) -> bool:
    return len(matches(person.idp, Identity(person.userid, person.unionid))) > 1


def _is_closed(person: Employee) -> bool:
    enabled = person.idp.status == IdentityProvider.Status.ENABLED
    return person.idp.is_draft or not enabled


def is_usable(account: User) -> bool:
    """Whether an employee may come in by this account."""
    return account.is_active and account.role == User.Role.EMPLOYEE


KNOWN = (Employee.Status.ACTIVE, Employee.Status.LEFT)
STANDING: Mapping[Bar, Callable[[Employee], bool]] = {
    Bar.LEFT: lambda person: person.status == Employee.Status.LEFT,
    Bar.OUT_OF_SCOPE: lambda person: person.status not in KNOWN,
    Bar.CUT: lambda person: AccessCut.objects.filter(employee=person).exists(),
    Bar.CLOSED: _is_closed,
}
"""What keeps somebody out at every request, in the order in which it is asked."""
AT_A_LOGON: Mapping[Bar, Callable[[Employee], bool]] = {
    **STANDING,
    Bar.NOBODY: _lacks_identity,
    Bar.AMBIGUOUS: _has_twin,
    Bar.ACCOUNT: lambda person: bool(person.account and not is_usable(person.account)),
}
"""What a logon needs in addition; `explaining` asks all of it, one by one."""


def bar_of(person: Employee, application: Application | None = None) -> Bar | None:
    """What keeps this person from going on (with this application); None if nothing.

    `person` and its IdP have just been read.
    """
    found = (bar for bar, holds in STANDING.items() if holds(person))
    return next(found, None) or (bar_at(application) if application else None)


def bar_at(application: Application) -> Bar | None:
    """What an application itself has against everybody."""
    return None if application.enabled else Bar.APPLICATION


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
            if not is_usable(account):
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
        if person is None or account is None or not is_usable(account):
            return None
        if not may_log_on(person):
            return None
        account.sub = person.sub.hex
        return account
