"""The shape of DingTalk's answers, checked at the border: JSON in, values out. Pure.

An answer of another shape is `Unexpected` and never an empty list (F-39).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from identity.connectors.dingtalk import shapes
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.errors import Unexpected
from identity.connectors.records import ROOT

LONGEST_NAME = 200
LONGEST_UNIONID = 128
SHAPE = "shape"
"""The code of the error that an answer of another shape is."""


@dataclass(frozen=True, slots=True)
class Range:
    """What the app may read: whole departments with all below, and single people."""

    departments: tuple[str, ...]
    users: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether the permission scope is All Employees."""
        return ROOT in self.departments

    @property
    def empty(self) -> bool:
        """Whether nobody at all may be read."""
        return not (self.departments or self.users)


@dataclass(frozen=True, slots=True)
class DepartmentItem:
    """A department as an answer names it; no parent for the root."""

    id: str
    name: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The direct children of a department, and what among them could not be read."""

    departments: tuple[DepartmentItem, ...]
    malformed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of members, as they came; no cursor on the last one."""

    items: tuple[object, ...]
    next_cursor: int | None


@dataclass(frozen=True, slots=True)
class FailedPushes:
    """A portion of the list of failed pushes, as it came; `more` wait behind it."""

    items: tuple[object, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a push connection may be opened, and the ticket that lets one in."""

    endpoint: str
    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserToken:
    """A person's own token, and the company that they chose at the logon, "" if none
    is named."""

    value: str = field(repr=False)
    corp_id: str


@dataclass(frozen=True, slots=True)
class Myself:
    """Whose token it is; `mobile` says whether their number came with it."""

    unionid: str
    name: str
    mobile: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the company knows by a unionid: one of its own, or an outside contact."""

    userid: str
    own: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened our page inside DingTalk."""

    userid: str
    unionid: str
    name: str


def scopes(body: Mapping[str, Any]) -> Range:
    """The answer of /auth/scopes."""
    inner = _member(body, "auth_org_scopes", dict)
    departments, users = inner.get("authed_dept"), inner.get("authed_user")
    if not isinstance(departments, list) or not isinstance(users, list):
        raise _shape("auth_org_scopes")
    try:
        return Range(
            shapes.department_ids(departments),
            tuple(dict.fromkeys(shapes.userid(each) for each in users)),
        )
    except Malformed as error:
        raise _shape(str(error)) from None


def department(body: Mapping[str, Any]) -> DepartmentItem:
    """The answer of department/get."""
    try:
        item = _department(_member(body, "result", dict))
    except Malformed as error:
        raise _shape(str(error)) from None
    if item is None:
        raise _shape("dept_id")
    return item


def listing(body: Mapping[str, Any]) -> Listing:
    """The answer of department/listsub; ids at or below 0 are left out."""
    found: list[DepartmentItem] = []
    malformed: list[str] = []
    for raw in _member(body, "result", list):
        try:
            item = _department(raw)
        except Malformed as error:
            malformed.append(str(error))
        else:
            found += [item] if item else []
    return Listing(tuple(found), tuple(malformed))


def page(body: Mapping[str, Any]) -> Page:
    """The answer of user/list. `has_more` must be there: it proves the end."""
    result = _member(body, "result", dict)
    more = shapes.flag(result.get("has_more"))
    if more is None:
        raise _shape("has_more")
    members = result.get("list")
    if not isinstance(members, list):
        raise _shape("list")
    cursor = shapes.integer(result.get("next_cursor"))
    if more and cursor is None:
        raise _shape("next_cursor")
    return Page(tuple(members), cursor if more else None)


def user(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer of user/get, as it came."""
    found: Mapping[str, Any] = _member(body, "result", dict)
    return found


def count(body: Mapping[str, Any]) -> int:
    """The answer of user/count."""
    number = shapes.integer(_member(body, "result", dict).get("count"))
    if number is None:
        raise _shape("count")
    return number


def failed_pushes(body: Mapping[str, Any]) -> FailedPushes:
    """The answer of get_call_back_failed_result; an empty portion ends the list."""
    found: list[object] = _member(body, "failed_list", list)
    more = bool(found) and shapes.flag(body.get("has_more")) is True
    return FailedPushes(tuple(found), more)


def token(body: Mapping[str, Any]) -> tuple[str, int]:
    """The answer of oauth2/accessToken: the token and the seconds it lives."""
    value = body.get("accessToken")
    seconds = shapes.integer(body.get("expireIn"))
    if not isinstance(value, str) or not value or seconds is None or seconds <= 0:
        raise _shape("accessToken")
    return value, seconds


def user_token(body: Mapping[str, Any]) -> UserToken:
    """The answer of oauth2/userAccessToken. `corpId` comes only with its scope."""
    value: str = _member(body, "accessToken", str)
    # It goes into a header, where DingTalk's own are plain letters and digits.
    if not (value and value.isascii() and value.isprintable()):
        raise _shape("accessToken")
    corp_id = body.get("corpId")
    return UserToken(value, corp_id if isinstance(corp_id, str) else "")


def myself(body: Mapping[str, Any]) -> Myself:
    """The answer of contact/users/me."""
    return Myself(_unionid(body, "unionId"), _name(body, "nick"), "mobile" in body)


def contact(body: Mapping[str, Any]) -> Contact:
    """The answer of user/getbyunionid; `contact_type` must be there: 0 is an employee."""
    result = _member(body, "result", dict)
    kind = shapes.integer(result.get("contact_type"))
    if kind not in (0, 1):
        raise _shape("contact_type")
    return Contact(_userid(result), kind == 0)


def visitor(body: Mapping[str, Any]) -> Visitor:
    """The answer of user/getuserinfo."""
    result = _member(body, "result", dict)
    return Visitor(_userid(result), _unionid(result, "unionid"), _name(result, "name"))


def gateway(body: Mapping[str, Any]) -> Gateway:
    """The answer of gateway/connections/open."""
    endpoint: str = _member(body, "endpoint", str)
    ticket: str = _member(body, "ticket", str)
    if not (endpoint and ticket):
        raise _shape("ticket")
    return Gateway(endpoint, ticket)


def _department(raw: object) -> DepartmentItem | None:
    if not isinstance(raw, Mapping):
        raise Malformed("a department is expected")
    key = shapes.department_id(raw.get("dept_id"))
    if key is None:
        return None
    parent = raw.get("parent_id")
    return DepartmentItem(
        key,
        shapes.text(raw.get("name"))[:LONGEST_NAME],
        None if parent in (None, "") else shapes.department_id(parent),
    )


def _userid(body: Mapping[str, Any]) -> str:
    try:
        return shapes.userid(body.get("userid"))
    except Malformed:
        raise _shape("userid") from None


def _unionid(body: Mapping[str, Any], key: str) -> str:
    """Exactly as it came: people are matched by it."""
    value: str = _member(body, key, str)
    if not 0 < len(value) <= LONGEST_UNIONID or shapes.text(value) != value:
        raise _shape(key)
    return value


def _name(body: Mapping[str, Any], key: str) -> str:
    return shapes.text(body.get(key))[:LONGEST_NAME]


def _member(body: Mapping[str, Any], key: str, kind: type) -> Any:
    value = body.get(key)
    if not isinstance(value, kind):
        raise _shape(key)
    return value


def _shape(where: str) -> Unexpected:
    return Unexpected(
        _("DingTalk's answer has not the documented shape (%(where)s).")
        % {"where": where},
        code=SHAPE,
        remedy=_("Nothing was changed. If it stays so, DingTalk's interface changed."),
    )
