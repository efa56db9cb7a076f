"""An employee's logon: it begins with a state, and ends with what the vendor sends back.

Every attempt is kept with the stages it passed (`LogonAttempt`). Whom the vendor vouches
for is handed to Django's `authenticate`; a backend that knows the directory answers with
the account, or raises `Refused`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.http import HttpRequest, HttpResponse

from identity.connectors.records import LogonStage
from identity.models import IdentityProvider, LogonAttempt, User


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
    APPLICATION = "application"


class Refused(Exception):
    """This attempt ends here. `facts` are for the administrator and hold no secret."""

    def __init__(self, stage: LogonStage, outcome: Outcome, **facts: str) -> None:
        super().__init__(outcome)
        self.stage = stage
        self.outcome = outcome
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Begun:
    """A logon that may be finished in one of two ways: by the vendor's full page, or by
    the vendor's page in a frame of ours. Both carry the same state."""

    page: str
    frame: str


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended. `account` is logged on, unless it is None; `onward` is the
    path to go on to; `tester` tried it out, and nobody was logged on."""

    attempt: LogonAttempt
    account: User | None = None
    onward: str = ""
    tester: User | None = None


def begin(
    request: HttpRequest,
    idp: IdentityProvider,
    *,
    onward: str = "",
    tester: User | None = None,
) -> Begun:
    """Keep a state of 256 bits for this browser, this IdP and this way onward (T-18).

    The response must go through `remember_browser`. `onward` is one that `onwards`
    allowed.
    """
    raise NotImplementedError


def remember_browser(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Give the browser the cookie that states are bound to, unless it has one."""
    raise NotImplementedError


def onwards(path: str) -> str:
    """A path of our own that a logon may lead to, "" for anything else (T-22, I-81)."""
    raise NotImplementedError


def finish(request: HttpRequest, kind: str, answer: Mapping[str, Any]) -> Result:
    """Judge what came back to the callback, and log its person on, in a transaction."""
    raise NotImplementedError


def finish_silently(
    request: HttpRequest, idp: IdentityProvider, code: str, onward: str = ""
) -> Result:
    """Likewise for a code that the vendor's client gave to our page (T-27)."""
    raise NotImplementedError
