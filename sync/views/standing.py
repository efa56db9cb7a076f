"""Whether a person may log on now, why not, and when they last did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.logon import Outcome
from identity.models import LogonAttempt, LogonSession, User
from sync.accounts import Bar, bar_of
from sync.models import Employee

WORDS: Mapping[Bar, str | Promise] = {
    Bar.LEFT: _("This person left."),
    Bar.OUT_OF_SCOPE: _("This person is out of scope."),
    Bar.CUT: _("A leave event came, and a read has yet to confirm it."),
    Bar.CLOSED: _("The IdP is closed."),
}
SWITCHED_OFF = _("The account was switched off here, or has a role in the console.")


@dataclass(frozen=True, slots=True)
class Standing:
    """Why this person may not log on, "" if they may; their last logon and their open
    sessions."""

    why_not: str | Promise
    last: LogonAttempt | None
    sessions: int

    @property
    def last_at(self) -> datetime | None:
        """When they last logged on, as far as traces are kept."""
        return self.last.at if self.last else None


def standing_of(person: Employee) -> Standing:
    """As of now; `person` comes with its IdP and its account."""
    account = person.account
    bar = bar_of(person)
    if account is None:
        return Standing(WORDS[bar] if bar else "", None, 0)
    fits = account.is_active and account.role == User.Role.EMPLOYEE
    tries = LogonAttempt.objects.filter(account=account, test=False)
    return Standing(
        WORDS[bar] if bar else "" if fits else SWITCHED_OFF,
        tries.filter(outcome=Outcome.SUCCESS).order_by("-pk").first(),
        LogonSession.objects.filter(account=account, ended_at=None).count(),
    )
