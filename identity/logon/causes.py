"""Why a logon did not work, and what an administrator does about it: words by outcome.

What the person reads is shorter and helps no attacker (`identity.views.logon_words`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.connectors.records import LogonStage
from identity.logon.outcomes import Outcome
from identity.models import LogonAttempt

STAGES: Mapping[LogonStage, str | Promise] = {
    LogonStage.STATE: _("The answer belongs to this logon"),
    LogonStage.EXCHANGE: _("The code was taken"),
    LogonStage.IDENTITY: _("The person was named"),
    LogonStage.COMPANY: _("It is this company"),
    LogonStage.PERSON: _("The person was found"),
    LogonStage.STATUS: _("The person may log on"),
    LogonStage.SESSION: _("The session was opened"),
}

CAUSES: Mapping[Outcome, tuple[str | Promise, str | Promise]] = {
    Outcome.NO_STATE: (
        _("The address was opened without what a logon brings back."),
        _("Begin the logon again in the client. Nothing has to be changed here."),
    ),
    Outcome.UNKNOWN_STATE: (
        _("No logon with this state has begun here, or it is long over."),
        _("Begin the logon again in the client. Nothing has to be changed here."),
    ),
    Outcome.EXPIRED: (
        _("More than ten minutes passed between the beginning and the answer."),
        _("Begin the logon again in the client."),
    ),
    Outcome.USED: (
        _("This answer had been used already: the page was loaded again, or copied."),
        _("Begin the logon again in the client."),
    ),
    Outcome.OTHER_BROWSER: (
        _("The answer came from another browser than the one in which it began."),
        _(
            "Log on in one and the same browser, with cookies allowed. If the person "
            "did not begin it, somebody sent them a link: tell your security team."
        ),
    ),
    Outcome.OTHER_IDP: (
        _("The answer came for another IdP than the one with which it began."),
        _("Begin the logon again. If it stays, compare the callback address."),
    ),
    Outcome.DECLINED: (
        _("%(vendor)s sent the person back without a code: they cancelled, or it refused them."),
        _(
            "Let the person try again. If %(vendor)s shows an error of its own, compare "
            "the Callback Domain Name there with the one of this IdP."
        ),
    ),
    Outcome.NO_CODE: (
        _("%(vendor)s's answer holds no code."),
        _("Let the person try again."),
    ),
    Outcome.CODE: (
        _("%(vendor)s does not take the code: it was used, is too old, or is of another application."),
        _(
            "Let the person try again. If it stays, compare AppKey and AppSecret with "
            "the application in %(vendor)s, and its Server Egress IP."
        ),
    ),
    Outcome.UNREACHABLE: (
        _("%(vendor)s could not be reached."),
        _("Run the connectivity test of this IdP: it says what is in the way."),
    ),
    Outcome.THROTTLED: (
        _("%(vendor)s asked for a pause: this application calls too often."),
        _("Wait a minute and let the person try again."),
    ),
    Outcome.CREDENTIALS: (
        _("%(vendor)s does not accept AppKey and AppSecret."),
        _("Enter them again in Edit Identity Source, and run the connectivity test."),
    ),
    Outcome.ADDRESS: (
        _("%(vendor)s does not take calls from this server's address."),
        _("Add it to Server Egress IP in %(vendor)s; the connectivity test shows it."),
    ),
    Outcome.PERMISSION: (
        _("A permission of the application is missing: %(scopes)s."),
        _("Grant it in %(vendor)s; the connectivity test has the link."),
    ),
    Outcome.UNEXPECTED: (
        _("%(vendor)s's answer was not one that this version knows."),
        _("Run the connectivity test. If it passes, tell those who care for sasebridge."),
    ),
    Outcome.COMPANY: (
        _("The person logged on to another company of %(vendor)s than the one of this IdP."),
        _(
            "The person chooses this company on %(vendor)s's page. If everybody sees "
            "this, compare the CorpId of this IdP."
        ),
    ),
    Outcome.STRANGER: (
        _("The person is not, or no longer, in this company's %(vendor)s."),
        _("If they should be, add them there; they can log on a moment later."),
    ),
    Outcome.EXTERNAL: (
        _("The company knows the person only as an outside contact."),
        _("Outside contacts cannot log on. Add the person as an employee in %(vendor)s."),
    ),
    Outcome.NOBODY: (
        _("%(vendor)s knows the person, and the directory here does not, even after reading them."),
        _(
            "Look at the permission scope of the application and at the chosen "
            "departments of this IdP, then synchronize."
        ),
    ),
    Outcome.READING: (
        _("The person was not here yet, and reading them took longer than a logon waits."),
        _("Let the person try again in a minute."),
    ),
    Outcome.AMBIGUOUS: (
        _("More than one active person of the directory has this identity."),
        _("Start a full synchronization; it tells them apart, or says why it cannot."),
    ),
    Outcome.LEFT: (
        _("The person has left the company."),
        _("If they are back, %(vendor)s says so by an event; or synchronize now."),
    ),
    Outcome.OUT_OF_SCOPE: (
        _("The person is outside of what is synchronized."),
        _(
            "Add their department to the scope of this IdP, or to the permission scope "
            "of the application in %(vendor)s, and synchronize."
        ),
    ),
    Outcome.CUT: (
        _("%(vendor)s has just said that the person left; a read has yet to confirm it."),
        _("Wait a minute: if they are still there, access comes back by itself."),
    ),
    Outcome.CLOSED: (
        _("This IdP is closed."),
        _("Set IdP Status to Enabled in Edit Identity Source."),
    ),
    Outcome.ACCOUNT: (
        _("The person's account was switched off here, or has a role in the console."),
        _("Look at the account under Settings > Accounts: an employee's is active and has no other role."),
    ),
    Outcome.APPLICATION: (
        _("The application that asked is disabled."),
        _("Enable it under Settings > Applications."),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as the page of an attempt shows it; `state` is a pill's."""

    stage: LogonStage
    words: str
    state: str


def steps_of(attempt: LogonAttempt) -> list[Step]:
    """The seven stages: passed, failed, or not reached."""
    passed = {one["stage"] for one in attempt.stages}
    return [
        Step(stage, str(words), _state(attempt, stage, passed))
        for stage, words in STAGES.items()
    ]


def cause_of(attempt: LogonAttempt) -> tuple[str, str]:
    """Why it did not work, and what to do; blank for one that did."""
    known = [outcome.value for outcome in CAUSES]
    if attempt.outcome not in known:
        return "", ""
    about = {
        "vendor": attempt.idp.connector_class.label if attempt.idp else "IdP",
        "scopes": attempt.facts.get("scopes", "–"),
    }
    return words_of(Outcome(attempt.outcome), **about)


def words_of(outcome: Outcome, **about: object) -> tuple[str, str]:
    """Cause and remedy of an outcome; `about` are the vendor, and missing scopes."""
    cause, fix = CAUSES[outcome]
    return str(cause) % about, str(fix) % about


def _state(attempt: LogonAttempt, stage: LogonStage, passed: set[str]) -> str:
    if stage == attempt.stage:
        return "fail"
    return "pass" if stage in passed else "skipped"
