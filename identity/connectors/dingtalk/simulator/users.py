"""Answers about people on the legacy host."""

from collections.abc import Callable
from typing import Any

from identity.connectors.dingtalk.simulator.records import Person
from identity.connectors.dingtalk.simulator.routes import (
    Route,
    existing_department,
    existing_person,
    readable_department,
    readable_person,
    text,
    whole_number,
    yes,
)
from identity.connectors.dingtalk.simulator.shapes import detailed, listed
from identity.connectors.dingtalk.simulator.state import (
    BASE,
    BY_MOBILE,
    DEPARTMENT_MEMBER,
    MEMBER,
    Platform,
    take,
)
from identity.connectors.dingtalk.simulator.wire import (
    Call,
    Refused,
    Reply,
    fine,
    plain_error,
)

LARGEST_PAGE = 100


def list_members(app: Platform, call: Call) -> Reply:
    """A page of the direct members with their data."""
    department = whole_number(call, "dept_id")
    return _page(app, call, lambda person: listed(app, person, department))


def list_names(app: Platform, call: Call) -> Reply:
    """A page of the direct members by userid and name."""
    return _page(app, call, lambda p: {"userid": p.userid, "name": p.name})


def list_ids(app: Platform, call: Call) -> Reply:
    """The userids of the direct members, whatever the range."""
    found = existing_department(app.company, whole_number(call, "dept_id"))
    ids = [person.userid for person in app.company.members(found.id)]
    return fine({"userid_list": ids})


def get(app: Platform, call: Call) -> Reply:
    """One person with the details that lists leave out."""
    if not call.values.get("userid") and call.values.get("login_id"):
        person = _by_login_id(app, text(call, "login_id"))
    else:
        person = existing_person(app.company, text(call, "userid"))
    return fine(detailed(app, readable_person(app, person)))


def get_by_mobile(app: Platform, call: Call) -> Reply:
    """Who has this mobile number; enterprise accounts come apart, and if asked for."""
    mobile = text(call, "mobile")
    found = [p for p in app.company.people.values() if mobile in (p.mobile, _full(p))]
    ordinary = [p.userid for p in found if not p.exclusive and app.covers_person(p)]
    special = [p.userid for p in found if p.exclusive and app.covers_person(p)]
    if not yes(call, "support_exclusive_account_search"):
        special = []
    if not ordinary and not special:
        raise Refused(plain_error(40104, "不合法的手机号，或该手机号不在企业内"))
    result: dict[str, Any] = {"userid": ordinary[0]} if ordinary else {}
    if special:
        result["exclusive_account_userid_list"] = special
    return fine(result)


def get_by_unionid(app: Platform, call: Call) -> Reply:
    """Who has this unionid: an employee (0) or an external contact (1)."""
    unionid = text(call, "unionid")
    outsider = app.company.outsiders.get(unionid)
    if outsider and outsider.userid:
        return fine({"contact_type": 1, "userid": outsider.userid})
    person = readable_person(app, _by_unionid(app, unionid))
    return fine({"contact_type": 0, "userid": person.userid})


def count(app: Platform, call: Call) -> Reply:
    """How many people the company has, whatever the range."""
    only_active = yes(call, "only_active")
    people = app.company.people.values()
    return fine({"count": sum(1 for p in people if p.active or not only_active)})


def get_user_info(app: Platform, call: Call) -> Reply:
    """Whose in-app code this is. A code of the browser's logon is not one."""
    found = take(app.in_app_codes, text(call, "code"))
    if found is None:
        raise Refused(plain_error(40078, "不存在的临时授权码"))
    person = _by_unionid(app, found.unionid)
    result = {
        "userid": person.userid,
        "unionid": person.unionid,
        "associated_unionid": f"as{person.unionid}",
        "name": person.name,
        "device_id": "simulated",
        "sys": person.admin,
        "sys_level": 100 if person.boss else 1 if person.admin else 0,
    }
    return fine(result)


def _page(app: Platform, call: Call, shape: Callable[[Person], Any]) -> Reply:
    department = readable_department(app, whole_number(call, "dept_id"))
    cursor, size = whole_number(call, "cursor"), whole_number(call, "size")
    if not 0 < size <= LARGEST_PAGE:
        raise Refused(plain_error(40069, "size参数不合法"))
    if cursor < 0:
        raise Refused(plain_error(40068, "cursor参数不合法"))
    members = app.company.members(department.id)
    if not yes(call, "contain_access_limit"):
        members = [person for person in members if not person.restricted]
    end = cursor + size
    result: dict[str, Any] = {"has_more": end < len(members)}
    if result["has_more"]:
        result["next_cursor"] = end
    return fine(result | {"list": [shape(person) for person in members[cursor:end]]})


def _by_unionid(app: Platform, unionid: str) -> Person:
    if person := app.company.with_unionid(unionid):
        return person
    raise Refused(plain_error(60121, "找不到该用户"))


def _by_login_id(app: Platform, login_id: str) -> Person:
    for person in app.company.people.values():
        if person.login_id == login_id:
            return person
    raise Refused(plain_error(60121, "找不到该用户"))


def _full(person: Person) -> str:
    return f"+{person.state_code}-{person.mobile}"


ROUTES = {
    "/topapi/v2/user/list": Route(list_members, permission=DEPARTMENT_MEMBER),
    "/topapi/user/listsimple": Route(list_names, permission=DEPARTMENT_MEMBER),
    "/topapi/user/listid": Route(list_ids, permission=MEMBER),
    "/topapi/v2/user/get": Route(get, permission=MEMBER),
    "/topapi/v2/user/getbymobile": Route(get_by_mobile, permission=BY_MOBILE),
    "/topapi/user/getbyunionid": Route(get_by_unionid, permission=MEMBER),
    "/topapi/user/count": Route(count, permission=MEMBER),
    "/topapi/v2/user/getuserinfo": Route(get_user_info, permission=BASE),
}
