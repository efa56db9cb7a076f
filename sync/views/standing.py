"""Whether a person may log on now, why not, and when they last did."""

from dataclasses import dataclass
from datetime import datetime

from identity.logon import Outcome
from identity.models import LogonAttempt, LogonSession
from sync.explaining import answers_of, first_bar
from sync.models import Employee
from sync.views.access_words import cause_of


@dataclass(frozen=True, slots=True)
class Standing:
    """Why this person may not log on, "" if they may; their last logon and their open
    sessions."""

    why_not: str
    last: LogonAttempt | None
    sessions: int

    @property
    def last_at(self) -> datetime | None:
        """When they last logged on, as far as traces are kept."""
        return self.last.at if self.last else None


def standing_of(person: Employee) -> Standing:
    """As of now; `person` comes with its IdP and its account."""
    account = person.account
    bar = first_bar(answers_of(person))
    why_not = cause_of(bar, person)[0] if bar else ""
    if account is None:
        return Standing(why_not, None, 0)
    tries = LogonAttempt.objects.filter(account=account, test=False)
    return Standing(
        why_not,
        tries.filter(outcome=Outcome.SUCCESS).order_by("-pk").first(),
        LogonSession.objects.filter(account=account, ended_at=None).count(),
    )
