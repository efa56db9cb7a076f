"""The questions of a logon about one person, in words, and where to put things right."""

from collections.abc import Mapping

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.logon import Outcome
from identity.logon.causes import words_of
from sync.accounts import Bar
from sync.explaining import Question
from sync.models import Employee

QUESTIONS: Mapping[Question, str | Promise] = {
    Question.ACTIVE: gettext_lazy("The person has not left"),
    Question.SCOPE: gettext_lazy("The person is in the scope of this IdP"),
    Question.CUT: gettext_lazy("No notice has cut their access"),
    Question.IDP: gettext_lazy("The IdP is enabled"),
    Question.MATCH: gettext_lazy("Exactly one active person has this identity"),
    Question.ACCOUNT: gettext_lazy("Their account may be used"),
}


def cause_of(bar: Bar, person: Employee) -> tuple[str, str]:
    """What is in the way, and what to do about it: as the trace of a logon says it."""
    vendor = person.idp.connector_class.label
    if bar is Bar.NOBODY:
        return (
            _("The directory holds no identity of this person to match a logon by."),
            _(
                "Synchronize. If it stays so, the application may not read it: run the "
                "connectivity test."
            ),
        )
    return words_of(Outcome(bar.value), vendor=vendor, scopes="–")


def place_of(bar: Bar, person: Employee, namesake: Employee | None) -> tuple[str, str]:
    """Where an administrator does that: a name and an address, blank if nowhere."""
    if bar is Bar.OUT_OF_SCOPE:
        address = reverse("identity:setup-sync", args=[person.idp_id])
        return _("Synchronization Settings"), address
    if bar is Bar.CLOSED:
        address = reverse("identity:edit", args=[person.idp_id])
        return _("Edit Identity Source"), address
    if bar is Bar.AMBIGUOUS and namesake:
        return _("The other person"), reverse("sync:employee", args=[namesake.pk])
    if bar is Bar.ACCOUNT:
        address = reverse("admin:identity_user_change", args=[person.account_id])
        return _("The account"), address
    return "", ""
