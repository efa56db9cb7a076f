"""Frozen values that connectors return and the planner compares: plain Python.

Ids are text everywhere, because vendors' ids pass 2**53 and some are words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ROOT = "1"
"""The id under which a company's root department is kept."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a read covers: the whole company, some departments, or some objects.

    `departments` None means the whole company. Otherwise these departments with all
    their sub-departments, or, if `deep` is False, these departments alone.
    `employees` are asked for one by one in addition.
    Absence means something only inside the scope.
    """

    departments: frozenset[str] | None = None
    employees: frozenset[str] = frozenset()
    deep: bool = True
    people: bool = True
    """False: no department's members are listed (spec A6, and what events ask for)."""
    lists: frozenset[str] = frozenset()
    """Departments whose direct children are listed, and nothing else of them: a
    department's place is known to the list of the one above it."""

    @property
    def whole(self) -> bool:
        """Whether the company as a whole is covered."""
        return self.departments is None


WHOLE = Scope()


@dataclass(frozen=True, slots=True)
class DepartmentRecord:
    """One department as read. `order` is its place among its siblings, from 0."""

    id: str
    name: str
    parent_id: str | None
    order: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class MembershipRecord:
    """One employee in one department; order and leader are None when unknown."""

    userid: str
    department_id: str
    order: int | None = None
    leader: bool | None = None
    read: int = 0


@dataclass(frozen=True, slots=True)
class EmployeeRecord:
    """One employee as read.

    `values` holds the vendor's source keys when a connector returns it and the
    directory's field names after the mapping (`identity.mapping`). A key that is not
    there is *blank* if its gate is in `known`, else *unknown*; gates are names of
    `SourceField.gate`, and "" (no gate) is always known.
    `department_ids` are the departments the record itself names.
    """

    userid: str
    unionid: str
    values: Mapping[str, str]
    department_ids: tuple[str, ...] = ()
    known: frozenset[str] = frozenset({""})
    read: int = 0


class FaultKind(StrEnum):
    """Why a part of a read is missing; or, in NOTES, what else is worth a word."""

    PERMISSION = "permission"
    OUT_OF_SCOPE = "out_of_scope"
    CHANGED = "changed"  # vanished while it was read
    CYCLE = "cycle"
    ORPHAN = "orphan"
    MALFORMED = "malformed"
    CLEANED = "cleaned"  # came, but not every character of it could be kept
    REPEATED = "repeated"  # came more than once
    KEPT = "kept"  # an administrator wants it left as it is
    EMPTY_RANGE = "empty_range"  # the vendor lets the app read nobody
    NOT_UNDONE = "not_undone"  # cannot be taken back, or need not be


NOTES = frozenset(
    {
        FaultKind.CLEANED,
        FaultKind.REPEATED,
        FaultKind.EMPTY_RANGE,
        FaultKind.KEPT,
        FaultKind.NOT_UNDONE,
    }
)
"""Kinds that leave a read complete: nothing is missing because of them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One part that could not be read, or a note: what, why, what to do about it."""

    kind: FaultKind
    where: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class DepartmentRead:
    """How far one department was read.

    `first` is the number of the first request that could have shown its members.
    `complete` is proven: paging ended and no fault was met.
    """

    department_id: str
    first: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What one answer of the vendor brought; a snapshot arrives as a stream of these."""

    departments: tuple[DepartmentRecord, ...] = ()
    employees: tuple[EmployeeRecord, ...] = ()
    memberships: tuple[MembershipRecord, ...] = ()
    reads: tuple[DepartmentRead, ...] = ()
    faults: tuple[Fault, ...] = ()
    gone: tuple[tuple[str, int], ...] = ()
    """userids of the scope's `employees` that the vendor says do not exist, each with
    the number of the read that said so."""
    repeated: int = 0
    """People whom a department's pages had named before."""
    calls: int = 0
    """Requests sent since the previous batch."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One side of a comparison: everything inside `scope`, ordered by key.

    `employees` and `memberships` may be one-pass streams, so that a company of any
    size is compared in flat memory; tests use tuples.
    """

    scope: Scope = WHOLE
    departments: tuple[DepartmentRecord, ...] = ()
    employees: Iterable[EmployeeRecord] = ()
    memberships: Iterable[MembershipRecord] = ()


class Standing(StrEnum):
    """What asking for exactly one person says about them."""

    FOUND = "found"
    GONE = "gone"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer about one person: where they stand, and the record if found."""

    standing: Standing
    read: int
    employee: EmployeeRecord | None = None
    memberships: tuple[MembershipRecord, ...] = ()
    fault: Fault | None = None


class FieldType(StrEnum):
    """What kind of value a vendor's field holds, as its console calls it."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    LIST = "list"
    PHONE = "phone"
    EMAIL = "email"
    PERSON = "person"
    DEPARTMENT = "department"
    GROUP = "group"  # several fields at once


@dataclass(frozen=True, slots=True)
class SourceField:
    """A vendor's field that can be mapped.

    `gate` is the permission without which the vendor leaves it out silently, "" for
    none. `detail` fields cost one call per person. `default_target` is the directory
    field that it feeds unless the administrator says otherwise; two fields with the
    same target are tried in order.
    """

    key: str
    label: str
    label_zh: str
    gate: str = ""
    detail: bool = False
    default_target: str | None = None
    type: FieldType = FieldType.TEXT


@dataclass(frozen=True, slots=True)
class CopyValue:
    """An address to paste into the vendor's console."""

    key: str
    label: str
    value: str
    used_in: str


class CheckStatus(StrEnum):
    """How a connectivity check ended."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the connectivity test.

    `key` is stable for scripts; `group` and `title` are for people; `asked` and
    `proves` say what was done; `cause`, `fix` and `link` are there unless it passed;
    `paste` is a value to copy for the fix; `ms` is the time it took.
    """

    key: str
    group: str
    title: str
    status: CheckStatus
    proves: str = ""
    asked: str = ""
    cause: str = ""
    fix: str = ""
    link: str = ""
    paste: str = ""
    ms: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)


class Company(StrEnum):
    """Whose company the credentials open, in the vendor's own words (T-47)."""

    UNASKED = ""
    SAME = "same"  # that of the settings
    OTHER = "other"
    UNSURE = "unsure"  # it did not say


class EventKind(StrEnum):
    """What a notice is about, whatever the vendor calls it."""

    JOINED = "joined"
    CHANGED = "changed"
    LEFT = "left"
    DEPARTMENT_CREATED = "department_created"
    DEPARTMENT_CHANGED = "department_changed"
    DEPARTMENT_REMOVED = "department_removed"
    VERIFY = "verify"  # the vendor only asks whether somebody listens
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Event:
    """A notice: a hint what to read again, never a value to be stored.

    `key` is the same for every copy of it, `name` the vendor's word for its kind.
    Times are in milliseconds since 1970, None if the vendor does not say: when it
    happened, and when this copy of the notice was made.
    """

    key: str
    kind: EventKind
    name: str
    userids: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    born_at: int | None = None
    sent_at: int | None = None
    body: str = field(default="", repr=False)
    """What came, as text."""


class LogonWay(StrEnum):
    """How a person proves to the vendor who they are."""

    PAGE = "page"  # on the vendor's own page
    QR = "qr"  # on the vendor's page inside of ours, with the phone
    SILENT = "silent"  # inside the vendor's client, without being asked


class LogonStage(StrEnum):
    """The stages of a logon, in order; one that fails ends it."""

    STATE = "state"  # the answer belongs to what this browser began
    EXCHANGE = "exchange"  # the vendor takes its code
    IDENTITY = "identity"  # and says whose it was
    COMPANY = "company"  # it is the IdP's company, and one of its people
    PERSON = "person"  # exactly one such person is in the directory
    STATUS = "status"  # who may log on now
    SESSION = "session"  # a session was opened


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a vendor vouches for: a person of the IdP's own company.

    `unionid` is what they are matched by, never a mobile or an e-mail (T-11).
    """

    userid: str
    unionid: str
    name: str = ""
