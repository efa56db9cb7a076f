"""What a simulated company consists of: plain mutable values, JSON in and out."""

from dataclasses import asdict, dataclass, field
from typing import Any

ROOT = 1
"""DingTalk's id of every company's root department."""
ABSENT = "\x00absent"
"""As a distorted value: the key is left out of the answer."""


@dataclass
class Department:
    """One department. `distorted` keys replace those of an answer, right or wrong."""

    id: int
    name: str
    parent_id: int | None
    order: int = 0
    hidden: bool = False
    outer: bool = False
    code: str = ""
    managers: list[str] = field(default_factory=list)
    distorted: dict[str, Any] = field(default_factory=dict)

    @property
    def real(self) -> bool:
        """Whether it is a department of the address book (home-school ids are not)."""
        return self.id > 0


@dataclass
class Person:
    """One person. `departments` maps each department's id to the order in it."""

    userid: str
    unionid: str
    name: str
    departments: dict[int, int] = field(default_factory=dict)
    leads: list[int] = field(default_factory=list)
    main_department: int | None = None
    mobile: str = ""
    state_code: str = "86"
    email: str = ""
    org_email: str = ""
    telephone: str = ""
    job_number: str = ""
    title: str = ""
    work_place: str = ""
    remark: str = ""
    hired_at: int | None = None
    """Milliseconds since 1970."""
    avatar: str = ""
    manager_userid: str = ""
    roles: list[int] = field(default_factory=list)
    extension: dict[str, str] = field(default_factory=dict)
    active: bool = True
    admin: bool = False
    boss: bool = False
    senior: bool = False
    hide_mobile: bool = False
    restricted: bool = False
    """Access-restricted: listed only with contain_access_limit."""
    login_id: str = ""
    """Set for enterprise accounts."""
    nickname: str = ""
    distorted: dict[str, Any] = field(default_factory=dict)

    @property
    def exclusive(self) -> bool:
        """Whether this is an enterprise account."""
        return bool(self.login_id)

    @property
    def department_ids(self) -> list[int]:
        """The departments of the address book that the person is a direct member of."""
        return [number for number in self.departments if number > 0]


@dataclass
class Outsider:
    """Someone who can log on to DingTalk but is not an employee of this company."""

    unionid: str
    name: str
    userid: str = ""
    """Set for external contacts of the company."""
    mobile: str = ""
    corp_id: str = ""
    """The company that they log on in."""


@dataclass
class Role:
    """A role and the group it is shown in."""

    id: int
    name: str
    group_id: int
    group_name: str


@dataclass(frozen=True)
class Event:
    """What DingTalk would push after a change. `diff` is of one person's values."""

    kind: str
    userids: tuple[str, ...] = ()
    department_ids: tuple[int, ...] = ()
    diff: dict[str, Any] | None = None


def person_from(stored: dict[str, Any]) -> Person:
    """A person out of JSON, where keys of mappings are text."""
    places = {int(number): order for number, order in stored["departments"].items()}
    return Person(**(stored | {"departments": places}))


def plain(value: Department | Person | Outsider | Role) -> dict[str, Any]:
    """As JSON can hold it."""
    return asdict(value)
