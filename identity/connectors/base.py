"""The contract: what a connector answers, whatever the vendor.

Built from a mapping of credentials, never from a model row; gives back frozen records.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

from identity.connectors.errors import ConnectorError
from identity.connectors.records import (
    Batch,
    Check,
    CheckStatus,
    Company,
    CopyValue,
    DepartmentRecord,
    Event,
    Identity,
    LogonStage,
    LogonWay,
    Lookup,
    Scope,
    SourceField,
)

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from identity.connectors.alerting import AlertChannel
    from identity.inputs import CredentialsForm


class Gate(Protocol):
    """Where every request to a vendor passes: it waits for its turn, and is numbered.

    One gate serves all processes, so that the vendor's limit holds for all together.
    """

    def enter(self, app: str, path: str, rate: float) -> int:
        """Wait until this app may call this path again; return the read's number.

        `rate` is in calls a second, 0 for no pacing. Numbers grow over all readers;
        the number is taken after the wait, just before the request is sent.
        """

    def release(self) -> None:
        """Give back what this thread holds; called when a reading thread ends."""


PUSH_METHOD = "push_method"
"""The plain setting by which an IdP says how notices come, where it has the choice."""


class PushMethod(StrEnum):
    """The values of that setting."""

    HTTP = "http"  # the vendor calls our Request URL
    STREAM = "stream"  # over a connection that we hold


class CrawlStopped(Exception):
    """The caller asked a running read to stop (cancel, shutdown, lost lease)."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Our own public addresses for one IdP, to paste in the vendor's console."""

    request_url: str
    homepage: str
    callback: str


@dataclass(frozen=True, slots=True)
class Push:
    """A notice as it came over HTTP: one value of each query parameter, and the body."""

    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside a push; `owner` is the app or company that it was made for."""

    event: Event
    owner: str


class LogonWatch(Protocol):
    """Who follows a logon: hears which stages it passed and what it proved."""

    def passed(self, stage: LogonStage) -> None:
        """EXCHANGE, IDENTITY or COMPANY is behind it."""

    def verdict(self, check: Check) -> None:
        """A row of the connectivity test that only a logon can fill, by its key."""


class Connector(ABC):
    """One vendor's app, as the core sees it."""

    kind: ClassVar[str]
    label: ClassVar["str | Promise"]
    """The vendor's name in the reader's language, e.g. "DingTalk"."""
    streams: ClassVar[bool] = False
    """Whether notices may also come by `stream`. An IdP chooses it by PUSH_METHOD, and
    then needs none of `push_settings`."""
    tested_settings: ClassVar[tuple[str, ...]]
    """Names of settings and secrets that a connectivity test vouches for."""
    plain_settings: ClassVar[tuple[str, ...]]
    """Names kept as plain settings of the IdP."""
    setting_defaults: ClassVar[Mapping[str, str]] = {}
    """What plain settings mean that were never set: an IdP may be older than they."""
    secret_settings: ClassVar[tuple[str, ...]]
    """Names kept encrypted."""
    push_settings: ClassVar[tuple[str, ...]] = ()
    """Those of the secrets that pushes are opened with."""
    event_labels: ClassVar["Mapping[str, str | Promise]"] = {}
    """The events to subscribe to: the vendor's word and its console's name for it."""
    push_names: ClassVar["Mapping[str, str | Promise]"] = {}
    """What the vendor's console calls each of them, and our Request Address ("address").
    """
    homepage_name: ClassVar[str] = ""
    """The last part of the address that the vendor's client opens for a silent logon."""
    in_app: ClassVar[str] = ""
    """Template of the scripts by which that page asks the vendor's client for a code."""
    guide: ClassVar[str]
    """Template of the vendor's part of the guide, shown beside the wizard's fields."""
    event_guide: ClassVar[str] = ""
    """Template of what to do there for events, shown beside the step Events."""

    def __init__(
        self,
        credentials: Mapping[str, str],
        gate: Gate,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        """`stop` is asked while a call waits for whatever, from any thread; once it says
        True the call ends with CrawlStopped."""
        self.credentials = credentials
        self.gate = gate
        self.stop = stop

    @classmethod
    @abstractmethod
    def credentials_form(cls) -> "type[CredentialsForm]":
        """The form class of the vendor's own fields (names = setting names)."""

    @classmethod
    @abstractmethod
    def copy_values(cls, addresses: Addresses) -> tuple[CopyValue, ...]:
        """The values to paste in the vendor's console."""

    @classmethod
    @abstractmethod
    def source_fields(cls) -> tuple[SourceField, ...]:
        """Fields offered for mapping, standard ones first."""

    @classmethod
    @abstractmethod
    def rate(cls) -> float:
        """Calls a second that the vendor allows towards one of its APIs; 0: no limit."""

    @abstractmethod
    def checks(self) -> Iterator[Check]:
        """Run the connectivity test; yields each check as it ends, in display order.

        Raises nothing: a failure is a row. Asks for a token afresh. Ends in 60 s.
        """

    def recalled(self, check: Check, status: CheckStatus) -> Check:
        """A row of `checks` with what an earlier logon found out; `check` itself where
        no logon can. Never a failure: a test vouches for what it asks by itself."""
        return check

    @abstractmethod
    def departments(self, parent_id: str | None) -> tuple[DepartmentRecord, ...]:
        """The direct children of a department, live; None gives the tops we may read.

        Raises `ConnectorError`.
        """

    @abstractmethod
    def department(self, department_id: str) -> DepartmentRecord:
        """Ask for exactly one department.

        Raises `Gone`, `OutOfScope` or another `ConnectorError`; an id that the vendor
        could never have given out is `Gone`.
        """

    @abstractmethod
    def snapshot(
        self,
        scope: Scope,
        *,
        details: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Batch]:
        """Read a scope as a stream of batches, in any order.

        `details` asks for the fields that cost a call per person. `stop` is asked
        between requests; True ends the read with `CrawlStopped`.
        Parts that could not be read come as faults and incomplete reads. Raises
        `ConnectorError` where nothing further can be read.
        """

    @abstractmethod
    def lookup(self, userid: str) -> Lookup:
        """Ask for exactly one person.

        Raises `Unreachable`, `Throttled`, `CredentialsRejected` or `AddressRejected`;
        a missing permission or scope, or an answer about this person that is not a
        documented one, is `Standing.UNREADABLE`.
        """

    @abstractmethod
    def sample(self, size: int = 100) -> tuple[Batch, ...]:
        """A few people, live, for the mapping page. Raises `ConnectorError`."""

    @abstractmethod
    def headcount(self) -> int:
        """How many people the company has, whatever the app may read: one call.

        Raises `ConnectorError`.
        """

    def whose_company(self) -> Company:
        """Ask whether the credentials open the company of the settings: at most one
        call. Only a clear no is `OTHER`; a vendor that cannot say it is `UNASKED`."""
        return Company.UNASKED

    @classmethod
    def alert_channel(cls) -> "type[AlertChannel] | None":
        """How alerts reach people in the vendor's chat; None if they cannot."""
        return None

    @classmethod
    @abstractmethod
    def keys_of_nobody(cls) -> Mapping[str, str]:
        """Values of `push_settings` that work and that no vendor has: drawn at random."""

    @abstractmethod
    def open(self, push: Push) -> Opened:
        """Check and decrypt a push; no request is sent. Raises `PushRefused`."""

    @abstractmethod
    def acknowledge(self, owner: str) -> str:
        """The answer's body (JSON) that makes the vendor count a push as delivered."""

    @abstractmethod
    def failed_events(self) -> Iterator[tuple[Event, ...]]:
        """Pushes that the vendor could not deliver, in the portions that it gives.

        Keep a portion before asking for the next one: that makes the vendor forget it.
        Raises `ConnectorError`.
        """

    @classmethod
    @abstractmethod
    def logon_origin(cls) -> str:
        """Scheme and host of the vendor's logon page: what a page of ours may frame."""

    @abstractmethod
    def company(self) -> str:
        """The vendor's public id of the IdP's company, which its client also knows."""

    @abstractmethod
    def logon_url(self, way: LogonWay, *, callback: str, state: str) -> str:
        """Where a browser goes (PAGE), or what our page frames (QR), to log on.

        It comes back to `callback` with a code and the same `state`. No request is
        sent. There is none for SILENT.
        """

    @abstractmethod
    def code_of(self, answer: Mapping[str, str]) -> str:
        """The code in what came back to the callback, one value of each parameter; ""
        if there is none, as after a refusal."""

    @abstractmethod
    def identify(self, code: str, way: LogonWay, watch: LogonWatch) -> Identity:
        """Ask who is behind a code, and whether they are of this company.

        Codes of the vendor's page and of its client are two kinds, and none is taken
        for the other. A person is waiting: ends within 10 s. Raises `LogonRefused`
        or `ConnectorError`; the stage that failed is the first one that `watch` has
        not heard of.
        """

    def stream(
        self,
        deliver: Callable[[Event], None],
        stop: Callable[[], bool],
        report: Callable[[ConnectorError | None], None],
    ) -> None:
        """Hold the push connection, and open it again whenever it is lost, until `stop`
        says True; only where `streams`.

        `deliver` returns once the notice is kept: only then does the vendor hear that
        it was taken. Where it raises, the vendor is asked to send it again. `report`
        is told None when a connection stands, and each time that there is none why.
        Both are called in this thread. Raises no ConnectorError, and returns within
        about a second of `stop`, or once an attempt to connect has ended.
        """
        raise NotImplementedError(f"{self.kind} has no stream mode")
