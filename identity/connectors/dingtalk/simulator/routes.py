"""How handlers say which path they answer, and read what they were asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.records import Department, Person
from identity.connectors.dingtalk.simulator.state import Platform
from identity.connectors.dingtalk.simulator.wire import (
    Call,
    Refused,
    Reply,
    plain_error,
)

Handler = Callable[[Platform, Call], Reply]


@dataclass(frozen=True)
class Route:
    """One API: who answers, with which verb, and what it takes to be let in."""

    answer: Handler
    method: str = "POST"
    permission: str = ""
    app_token: bool = True
    """Whether it wants the app token; a user's token is the handler's business."""
    any_address: bool = False
    """Whether the allow-list does not apply: the token calls."""


def whole_number(call: Call, name: str, default: int | None = None) -> int:
    """A number of the body, also when it came as text; 40035 or 400002 otherwise."""
    value: Any = call.values.get(name, default)
    if value is None:
        raise Refused(plain_error(40035, f"缺少参数 {name}"))
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refused(plain_error(400002, f"无效的参数 {name}")) from None


def text(call: Call, name: str) -> str:
    """A text of the body; 40035 without it."""
    value = call.values.get(name)
    if value is None or value == "":
        raise Refused(plain_error(40035, f"缺少参数 {name}"))
    return str(value)


def yes(call: Call, name: str) -> bool:
    """A switch of the body, False unless it is there."""
    return str(call.values.get(name, "")).lower() in {"true", "1"}


def existing_department(company: Company, number: int) -> Department:
    """The department, or 60003; home-school ids answer so too."""
    found = company.departments.get(number)
    if found is None or not found.real:
        raise Refused(plain_error(60003, "部门不存在"))
    return found


def readable_department(app: Platform, number: int) -> Department:
    """The department if it lies in the range, else 50004."""
    found = existing_department(app.company, number)
    if not app.covers_department(number):
        raise Refused(plain_error(50004, "请求的部门id不在授权范围内"))
    return found


def existing_person(company: Company, userid: str) -> Person:
    """The person, or 60121."""
    found = company.people.get(userid)
    if found is None:
        raise Refused(plain_error(60121, "找不到该用户"))
    return found


def readable_person(app: Platform, person: Person) -> Person:
    """The person if they lie in the range, else 50002."""
    if not app.covers_person(person):
        raise Refused(plain_error(50002, "请求的员工userid不在授权范围内"))
    return person
