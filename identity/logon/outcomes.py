"""How a logon ends, in a word that trails keep."""

from dataclasses import dataclass
from enum import StrEnum

from identity.connectors.records import LogonStage
from identity.models import LogonAttempt, User


class Outcome(StrEnum):
    """How an attempt ended. Words for people stand in `views/logon_words.py`."""

    SUCCESS = "success"
    # the state
    NO_STATE = "no_state"
    UNKNOWN_STATE = "unknown_state"
    EXPIRED = "expired"
    USED = "used"
    OTHER_BROWSER = "other_browser"
    OTHER_IDP = "other_idp"
    # the code, and what the vendor says of it
    DECLINED = "declined"  # the vendor's page came back with an error
    NO_CODE = "no_code"
    CODE = "code"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    CREDENTIALS = "credentials"
    ADDRESS = "address"
    PERMISSION = "permission"
    UNEXPECTED = "unexpected"
    # the company
    COMPANY = "company"
    STRANGER = "stranger"
    EXTERNAL = "external"
    # the person, and whether they may
    NOBODY = "nobody"  # not in the directory, and a read did not bring them
    READING = "reading"  # they are being read at this moment
    AMBIGUOUS = "ambiguous"
    LEFT = "left"
    OUT_OF_SCOPE = "out_of_scope"
    CUT = "cut"
    CLOSED = "closed"
    ACCOUNT = "account"  # it was switched off here, or may not enter this way
    APPLICATION = "application"


class Refused(Exception):
    """This attempt ends here. `facts` are for the administrator and hold no secret."""

    def __init__(self, stage: LogonStage, outcome: Outcome, **facts: str) -> None:
        super().__init__(outcome)
        self.stage = stage
        self.outcome = outcome
        self.facts = facts


class TooMany(Exception):
    """This address has brought so many answers in this minute that no more is judged,
    and nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended. `account` is logged on, unless it is None; `onward` is the
    path to go on to; `tester` tried it out, and nobody was logged on."""

    attempt: LogonAttempt
    account: User | None = None
    onward: str = ""
    tester: User | None = None
