"""Whether somebody's logon would work now, and why not: answered check by check.

The checks are those of `accounts`, which logons and requests ask; here none is left out
because of another one, so that everything that is in the way is seen at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet

from identity.connectors.records import Identity
from identity.models import Application, LogonAttempt
from sync.accounts import AT_A_LOGON, Bar, bar_at
from sync.introducing import matches
from sync.models import Employee

ATTEMPTS = 10
"""Logons that are shown."""


class Question(StrEnum):
    """What a logon depends on, in the order in which people ask."""

    ACTIVE = "active"
    SCOPE = "scope"
    CUT = "cut"
    IDP = "idp"
    MATCH = "match"
    ACCOUNT = "account"


BARS: dict[Question, tuple[Bar, ...]] = {
    Question.ACTIVE: (Bar.LEFT,),
    Question.SCOPE: (Bar.OUT_OF_SCOPE,),
    Question.CUT: (Bar.CUT,),
    Question.IDP: (Bar.CLOSED,),
    Question.MATCH: (Bar.NOBODY, Bar.AMBIGUOUS),
    Question.ACCOUNT: (Bar.ACCOUNT,),
}
NEEDS_ACTIVE = (Question.SCOPE, Question.CUT, Question.MATCH)
"""Questions that do not arise with somebody who is not here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question stands: `bar` is what is in the way, None if nothing is;
    `open`: it does not arise, because of another one."""

    question: Question
    bar: Bar | None
    open: bool = False

    @property
    def state(self) -> str:
        """As a pill shows it."""
        return "skipped" if self.open else "fail" if self.bar else "pass"


@dataclass(frozen=True, slots=True)
class Admission:
    """An application, and what keeps the person from it; None if nothing does."""

    application: Application
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a logon would work now. `namesake` is somebody else who is active and has
    the same identity: of somebody who is not active, the row that a logon would find."""

    answers: tuple[Answer, ...]
    admissions: tuple[Admission, ...]
    namesake: Employee | None

    @property
    def bar(self) -> Bar | None:
        """The first thing in the way."""
        return first_bar(self.answers)


def answers_of(person: Employee) -> tuple[Answer, ...]:
    """Every question; two queries. `person` comes with its IdP and its account."""
    found = {bar for bar, holds in AT_A_LOGON.items() if holds(person)}
    here = found.isdisjoint((Bar.LEFT, Bar.OUT_OF_SCOPE))
    return tuple(
        _answer(question, found, arises=here or question not in NEEDS_ACTIVE)
        for question in Question
    )


def _answer(question: Question, found: set[Bar], *, arises: bool) -> Answer:
    bar = next((bar for bar in BARS[question] if bar in found), None)
    if arises or bar is Bar.OUT_OF_SCOPE:
        return Answer(question, bar)
    return Answer(question, None, open=True)


def first_bar(answers: Iterable[Answer]) -> Bar | None:
    """The first thing that is in the way of a logon."""
    return next((answer.bar for answer in answers if answer.bar), None)


def explain(person: Employee) -> Explanation:
    """All about somebody's logon, and what they could enter after it; four queries."""
    answers = answers_of(person)
    bar = first_bar(answers)
    applications = Application.objects.order_by("name", "pk")
    return Explanation(
        answers,
        tuple(Admission(each, bar or bar_at(each)) for each in applications),
        _namesake(person),
    )


def _namesake(person: Employee) -> Employee | None:
    found = matches(person.idp, Identity(person.userid, person.unionid))
    return next((row for row in found if row.pk != person.pk), None)


def attempts_of(person: Employee) -> QuerySet[LogonAttempt]:
    """Logons of this person, newest first, tests and those that did not work too.

    A userid may have been somebody else's before: what came as far as an account is told
    apart by that, the rest by the time.
    """
    mine = LogonAttempt.objects.filter(idp=person.idp_id, userid=person.userid)
    mine = mine.filter(Q(account=None) | Q(account=person.account_id))
    others = Employee.objects.filter(idp=person.idp_id, userid=person.userid)
    if others.exclude(pk=person.pk).exists():
        mine = mine.filter(at__gte=person.created_at)
        if person.left_at:
            mine = mine.filter(at__lte=person.left_at)
    return mine.order_by("-pk")
