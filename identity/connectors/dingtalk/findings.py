"""What the answers to the connectivity test's questions mean, for people. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.utils.translation import gettext as _

from identity.connectors.dingtalk import errcodes, fields
from identity.connectors.dingtalk.answers import Range
from identity.connectors.dingtalk.permissions import Permission
from identity.connectors.errors import (
    AddressRejected,
    ConnectorError,
    CredentialsRejected,
    Gone,
    OutOfScope,
    PermissionMissing,
    Unexpected,
)
from identity.connectors.records import CheckStatus

CLOCK_TOLERANCE = 60.0
_ABOUT_CORP = re.compile(r"client|corp", re.IGNORECASE)
_OTHER_CORP = re.compile(r"unauthorized\.client|corp", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """How a check ended; cause, fix and where to go unless it passed."""

    status: CheckStatus = CheckStatus.PASS
    cause: str = ""
    fix: str = ""
    link: str = ""
    paste: str = ""
    ms: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)


def skipped(cause: str) -> Finding:
    """A check that was not run."""
    return Finding(CheckStatus.SKIPPED, cause)


def at_logon(
    permission: Permission, app_key: str, status: CheckStatus = CheckStatus.SKIPPED
) -> Finding:
    """A permission that acts on a person's own token, as a logon found it; SKIPPED if
    there was none yet. A warning means that its field did not come."""
    if status is CheckStatus.PASS:
        return Finding()
    cause = {
        CheckStatus.SKIPPED: _("checked at first logon"),
        CheckStatus.WARN: _(
            "Probably missing: the last one who logged on has no mobile number here."
        ),
        CheckStatus.FAIL: _("Not granted at the last logon. %(lost)s")
        % {"lost": permission.lost},
    }
    fix = _("Make sure that it is granted in DingTalk under Permission Management.")
    if status is CheckStatus.FAIL:
        fix = _("Grant it in DingTalk under Permission Management, then log on again.")
    link = errcodes.apply_link(app_key, permission.scope)
    return Finding(status, cause[status], fix, link)


def refused(error: ConnectorError) -> Finding:
    """A check whose question was refused or not answered."""
    link, paste = "", ""
    if isinstance(error, PermissionMissing):
        link = error.link
    elif isinstance(error, AddressRejected):
        link, paste = errcodes.CONSOLE, error.address
    elif isinstance(error, CredentialsRejected):
        link = errcodes.CONSOLE
    fix = error.remedy or _("Run the test again; if it stays so, tell DingTalk.")
    facts = {"code": error.code}
    return Finding(CheckStatus.FAIL, error.message, fix, link, paste, facts=facts)


def unreachable(error: ConnectorError, host: str) -> Finding:
    """A host that does not answer."""
    cause = f"{host}: {error.message}"
    fix = _("Verify that the server address and server port are correct.")
    return Finding(CheckStatus.FAIL, cause, fix, facts={"code": error.code})


def clock(date: str, now: datetime) -> Finding:
    """A host that answers; its clock tells whether ours is right."""
    try:
        theirs = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return Finding()
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    seconds = (now - theirs).total_seconds()
    facts = {"clock_difference_seconds": f"{seconds:.0f}"}
    if abs(seconds) <= CLOCK_TOLERANCE:
        return Finding(facts=facts)
    cause = _("This server's clock differs from DingTalk's by %(seconds)d seconds.")
    return Finding(
        CheckStatus.WARN,
        cause % {"seconds": round(seconds)},
        _("Set this server's clock, best by NTP."),
        facts=facts,
    )


def denies_corp(error: ConnectorError) -> bool:
    """Whether an answer says clearly that the app does not live in the company; a wrong
    secret ("invalid.client") is no such answer."""
    return _clear(error) and bool(_OTHER_CORP.search(error.code))


def _clear(error: ConnectorError) -> bool:
    return isinstance(error, CredentialsRejected | Unexpected)


def corp(error: ConnectorError | None) -> Finding:
    """Whether the app lives in the company; only a clear no is a failure."""
    if error is None:
        return Finding()
    if _clear(error) and _ABOUT_CORP.search(error.code):
        return Finding(
            CheckStatus.FAIL,
            _("This CorpId is not the company of the app (%(code)s).")
            % {"code": error.code},
            _("Copy CorpId again from the home page of the DingTalk Open Platform."),
            errcodes.CONSOLE,
            facts={"code": error.code},
        )
    return Finding(
        CheckStatus.WARN,
        _("CorpId could not be verified. %(why)s") % {"why": error.message},
        _("Compare CorpId with the home page of the DingTalk Open Platform."),
        errcodes.CONSOLE,
        facts={"code": error.code},
    )


def call_permission(
    permission: Permission, error: ConnectorError | None, app_key: str
) -> Finding:
    """A permission that DingTalk would refuse the call without.

    An object outside of the range was refused for its place, not for the permission.
    """
    if error is None or isinstance(error, OutOfScope | Gone):
        return Finding()
    found = refused(error)
    if not isinstance(error, PermissionMissing):
        return found
    return Finding(
        CheckStatus.FAIL,
        f"{error.message} {permission.lost}",
        found.fix,
        error.link if error.scopes else errcodes.apply_link(app_key, permission.scope),
        facts={"code": error.code, "reported": ", ".join(error.scopes)},
    )


def mobile_permission(people: Sequence[Mapping[str, Any]]) -> Finding:
    """Whether mobile numbers come, from a sample; missing ones are only unlikely."""
    if _any_key(people, fields.MOBILE_KEYS):
        return Finding(facts=_size(people))
    if not people:
        return _cannot_tell(_("nobody was seen"), people)
    if all(person.get("exclusive_account") in (True, "true") for person in people):
        return _cannot_tell(_("only enterprise accounts were seen"), people)
    return Finding(
        CheckStatus.WARN,
        _("Probably missing: of %(n)d people, none has a mobile number.")
        % {"n": len(people)},
        _("Grant it in DingTalk under Permission Management."),
        errcodes.CONSOLE,
        facts=_size(people),
    )


def personal_permission(people: Sequence[Mapping[str, Any]]) -> Finding:
    """Whether e-mail and the like come, from a sample; all of them may be blank."""
    if _any_key(people, fields.PERSONAL_KEYS):
        return Finding(facts=_size(people))
    if not people:
        return _cannot_tell(_("nobody was seen"), people)
    why = _("of %(n)d people, none has an e-mail, office location or remark")
    return _cannot_tell(why % {"n": len(people)}, people)


def narrow_range(given: Range, names: Sequence[str]) -> Finding:
    """A permission scope that is not All Employees."""
    facts = {
        "departments": ", ".join(given.departments[:50]),
        "people": ", ".join(given.users[:50]),
    }
    fix = _("Set the permission scope to All Employees under Permission Management.")
    if given.empty:
        cause = _("The permission scope is empty: nobody can be read.")
        return Finding(CheckStatus.FAIL, cause, fix, errcodes.CONSOLE, facts=facts)
    more = "…" if len(given.departments) > len(names) else ""
    cause = _(
        "The permission scope is not All Employees but %(departments)d departments"
        " (%(names)s) and %(people)d single people."
    ) % {
        "departments": len(given.departments),
        "names": ", ".join(names) + more or "-",
        "people": len(given.users),
    }
    return Finding(CheckStatus.WARN, cause, fix, errcodes.CONSOLE, facts=facts)


def _cannot_tell(why: str, people: Sequence[Mapping[str, Any]]) -> Finding:
    return Finding(
        CheckStatus.WARN,
        _("Cannot tell: %(why)s.") % {"why": why},
        _("Look in DingTalk under Permission Management whether it is granted."),
        errcodes.CONSOLE,
        facts=_size(people),
    )


def _any_key(people: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> bool:
    return any(key in person for person in people for key in keys)


def _size(people: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {"sample": str(len(people))}
