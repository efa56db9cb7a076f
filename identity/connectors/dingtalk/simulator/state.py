"""What DingTalk knows about one app: permissions, range, allow-list, tokens, codes."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.credentials import Credentials
from identity.connectors.dingtalk.simulator.failed import FailedPushes
from identity.connectors.dingtalk.simulator.records import ROOT, Person
from identity.connectors.dingtalk.simulator.robot import Robot

FIELD_MOBILE, FIELD_EMAIL = "fieldMobile", "fieldEmail"
DEPARTMENT_LIST = "qyapi_get_department_list"
MEMBER = "qyapi_get_member"
DEPARTMENT_MEMBER = "qyapi_get_department_member"
BY_MOBILE = "qyapi_get_member_by_mobile"
BASE, OPEN_BASE = "qyapi_base", "open_app_api_base"
CONTACT_READ, CONTACT_MOBILE = "Contact.User.Read", "Contact.User.mobile"

SEVEN = {
    CONTACT_MOBILE: "Personal Mobile Number Information",
    CONTACT_READ: "Read Permission For Personal Information In The Address Book",
    FIELD_MOBILE: "Enterprise Employee Mobile Number Information",
    FIELD_EMAIL: "Email And Other Personal Information",
    DEPARTMENT_LIST: "Read Permission For Department Information In The Address Book",
    MEMBER: "Read Permission For Member Information",
    DEPARTMENT_MEMBER: "Read Permission For Department Members In The Address Book",
}
"""The permissions that an administrator grants, by scope code."""
GRANTED_BY_DEFAULT = frozenset({BASE, OPEN_BASE})
CODE_LIFETIME = 300.0


@dataclass
class Pass:
    """A token or a code: whose it is, and until when it is good."""

    value: str
    expires_at: float
    unionid: str = ""
    scope: str = ""
    corp_id: str = ""
    """The company that was chosen at the logon."""

    @property
    def good(self) -> bool:
        """Whether it has not expired."""
        return time.time() < self.expires_at


@dataclass
class Platform:
    """The switches are plain attributes; set them at any time."""

    company: Company
    corp_id: str = Credentials.of_seed(1).corp_id
    app_key: str = Credentials.of_seed(1).app_key
    app_secret: str = field(default=Credentials.of_seed(1).app_secret, repr=False)
    permissions: set[str] = field(default_factory=lambda: {*SEVEN, *GRANTED_BY_DEFAULT})
    allowed_addresses: set[str] | None = None
    """None: no allow-list."""
    authed_departments: set[int] = field(default_factory=lambda: {ROOT})
    authed_users: set[str] = field(default_factory=set)
    stopped: bool = False
    """The app was stopped in the console: 50003."""
    token_lifetime: float = 7200.0
    organisation_code: str = "EXAMPLE1"
    redirect_uris: set[str] | None = None
    """Registered addresses of the logon; None: any."""
    app_token: Pass | None = None
    user_tokens: dict[str, Pass] = field(default_factory=dict)
    refresh_tokens: dict[str, Pass] = field(default_factory=dict)
    browser_codes: dict[str, Pass] = field(default_factory=dict)
    in_app_codes: dict[str, Pass] = field(default_factory=dict)
    failed: FailedPushes = field(init=False)
    robot: Robot = field(init=False)
    """A robot of a group of this company."""

    def __post_init__(self) -> None:
        """What depends on the names."""
        self.failed = FailedPushes(self.corp_id)
        self.robot = Robot.of_app(self.app_key)

    @property
    def credentials(self) -> Credentials:
        """The three names of the app."""
        return Credentials(self.corp_id, self.app_key, self.app_secret)

    # --- tokens ---

    def issue_app_token(self) -> Pass:
        """The present token with its life made longer, or a new one."""
        if self.app_token is None or not self.app_token.good:
            self.app_token = Pass(secrets.token_hex(16), 0.0)
        self.app_token.expires_at = time.time() + self.token_lifetime
        return self.app_token

    def revoke_tokens(self) -> None:
        """End the app token at once; the next use answers 40014."""
        self.app_token = None

    def accepts(self, token: str) -> bool:
        """Whether this is the app token, still good."""
        return (
            self.app_token is not None
            and self.app_token.good
            and (self.app_token.value == token)
        )

    # --- logon codes ---

    def browser_code(
        self, unionid: str, scope: str = "openid corpid", corp_id: str = ""
    ) -> str:
        """A code as the logon page hands it out: one use, five minutes.

        `corp_id` is the company that the person chose; an employee chooses ours, an
        outsider their own.
        """
        outsider = self.company.outsiders.get(unionid)
        chosen = corp_id or (outsider.corp_id if outsider else self.corp_id)
        return _issue(self.browser_codes, Pass("", 0.0, unionid, scope, chosen))

    def in_app_code(self, userid: str) -> str:
        """A code as `dd.requestAuthCode` hands it out."""
        person = self.company.person(userid)
        return _issue(self.in_app_codes, Pass("", 0.0, person.unionid))

    # --- the range ---

    @property
    def covers_all(self) -> bool:
        """Whether the range is All Employees."""
        return ROOT in self.authed_departments

    def covers_department(self, number: int) -> bool:
        """Whether a department lies inside the range."""
        if self.covers_all:
            return True
        return not self.authed_departments.isdisjoint(self.company.path(number))

    def covers_person(self, person: Person) -> bool:
        """Whether a person lies inside the range."""
        return (
            self.covers_all
            or person.userid in self.authed_users
            or any(self.covers_department(n) for n in person.departments if n > 0)
        )

    def narrow(self, departments: Iterable[int], users: Iterable[str] = ()) -> None:
        """Set the range to these departments and people; {1} is All Employees."""
        self.authed_departments, self.authed_users = set(departments), set(users)


def take(codes: dict[str, Pass], value: str) -> Pass | None:
    """Use a code up; None if it is unknown, used or old."""
    found = codes.pop(value, None)
    return found if found and found.good else None


def _issue(codes: dict[str, Pass], fresh: Pass) -> str:
    fresh.value = secrets.token_hex(16)
    fresh.expires_at = time.time() + CODE_LIFETIME
    codes[fresh.value] = fresh
    return fresh.value
