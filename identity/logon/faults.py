"""What a connector raises, as the outcome of a logon."""

from identity.connectors.errors import (
    AddressRejected,
    ConnectorError,
    CredentialsRejected,
    Gone,
    LogonFault,
    LogonRefused,
    OutOfScope,
    PermissionMissing,
    Throttled,
    Unreachable,
)
from identity.connectors.records import LogonStage
from identity.fields import CannotOpen
from identity.logon.outcomes import Outcome, Refused

REFUSALS = {
    LogonFault.CODE: Outcome.CODE,
    LogonFault.COMPANY: Outcome.COMPANY,
    LogonFault.STRANGER: Outcome.STRANGER,
    LogonFault.EXTERNAL: Outcome.EXTERNAL,
}
ERRORS: tuple[tuple[type[Exception], Outcome], ...] = (
    (Unreachable, Outcome.UNREACHABLE),
    (Throttled, Outcome.THROTTLED),
    (CredentialsRejected, Outcome.CREDENTIALS),
    (CannotOpen, Outcome.CREDENTIALS),
    (AddressRejected, Outcome.ADDRESS),
    (PermissionMissing, Outcome.PERMISSION),
    (OutOfScope, Outcome.OUT_OF_SCOPE),
    (Gone, Outcome.STRANGER),
)
PASSING = (Outcome.UNREACHABLE, Outcome.THROTTLED)


def refused(stage: LogonStage, refusal: LogonRefused) -> Refused:
    """Somebody whom the vendor does not vouch for."""
    facts = {"code": refusal.code} if refusal.code else {}
    return Refused(stage, REFUSALS[refusal.fault], **facts)


def failed(stage: LogonStage, error: ConnectorError | CannotOpen) -> Refused:
    """The vendor could not be asked, or did not answer."""
    outcomes = (found for kind, found in ERRORS if isinstance(error, kind))
    return Refused(stage, next(outcomes, Outcome.UNEXPECTED), **_facts(error))


def may_be_tried_again(refused: Refused) -> bool:
    """Whether the vendor may never have seen the code (F-80)."""
    return refused.stage is LogonStage.EXCHANGE and refused.outcome in PASSING


def _facts(error: ConnectorError | CannotOpen) -> dict[str, str]:
    if isinstance(error, CannotOpen):
        return {"code": "secret"}
    facts = {"code": error.code, "cause": error.message, "remedy": error.remedy}
    if isinstance(error, Unreachable):
        facts["reason"] = error.reason
    if isinstance(error, AddressRejected):
        facts["address"] = error.address
    if isinstance(error, PermissionMissing):
        facts |= {"scopes": ", ".join(error.scopes), "link": error.link}
    return {name: value for name, value in facts.items() if value}
