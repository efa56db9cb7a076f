"""Answers about departments and roles."""

from typing import Any

from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.records import ABSENT, ROOT, Department
from identity.connectors.dingtalk.simulator.routes import (
    Route,
    existing_department,
    existing_person,
    readable_department,
    text,
    whole_number,
)
from identity.connectors.dingtalk.simulator.state import DEPARTMENT_LIST, Platform
from identity.connectors.dingtalk.simulator.wire import (
    Call,
    Refused,
    Reply,
    fine,
    plain_error,
)

LARGEST_ROLE_PAGE = 200


def listsub(app: Platform, call: Call) -> Reply:
    """The direct sub-departments."""
    parent = readable_department(app, whole_number(call, "dept_id", ROOT))
    shown = [_brief(item) for item in app.company.children(parent.id)]
    for number in app.company.shown_under.get(parent.id, []):
        shown.append(_brief(app.company.department(number)) | {"parent_id": parent.id})
    return fine(shown)


def listsubid(app: Platform, call: Call) -> Reply:
    """The ids of the direct sub-departments, whatever the range."""
    parent = existing_department(app.company, whole_number(call, "dept_id", ROOT))
    ids = [item.id for item in app.company.children(parent.id)]
    return fine({"dept_id_list": ids})


def get(app: Platform, call: Call) -> Reply:
    """One department with its details."""
    found = readable_department(app, whole_number(call, "dept_id"))
    return fine(_full(app.company, found))


def listparentbydept(app: Platform, call: Call) -> Reply:
    """The way up from a department, whatever the range."""
    found = existing_department(app.company, whole_number(call, "dept_id"))
    return fine({"parent_id_list": app.company.path(found.id)})


def listparentbyuser(app: Platform, call: Call) -> Reply:
    """The ways up from each department of a person, whatever the range."""
    person = existing_person(app.company, text(call, "userid"))
    ways = [
        {"parent_dept_id_list": app.company.path(number)}
        for number in person.department_ids
    ]
    return fine({"parent_list": ways})


def roles(app: Platform, call: Call) -> Reply:
    """The roles by group. This answer alone is spelled in camelCase."""
    size, offset = whole_number(call, "size", 20), whole_number(call, "offset", 0)
    if not 0 < size <= LARGEST_ROLE_PAGE:
        raise Refused(plain_error(40069, "size参数不合法"))
    groups: dict[int, dict[str, Any]] = {}
    ordered = list(app.company.roles.values())
    for role in ordered[offset : offset + size]:
        group = groups.setdefault(
            role.group_id,
            {"groupId": role.group_id, "name": role.group_name, "roles": []},
        )
        group["roles"].append({"id": role.id, "name": role.name})
    more = offset + size < len(ordered)
    return fine({"hasMore": more, "list": list(groups.values())})


def distorted(answer: dict[str, Any], keys: dict[str, Any]) -> dict[str, Any]:
    """An answer with the keys that a test wants wrong."""
    merged = answer | keys
    return {key: value for key, value in merged.items() if value != ABSENT}


def _brief(department: Department) -> dict[str, Any]:
    answer = {
        "dept_id": department.id,
        "name": department.name,
        "parent_id": department.parent_id,
        "create_dept_group": True,
        "auto_add_user": False,
    }
    return distorted(answer, department.distorted)


def _full(company: Company, department: Department) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "dept_id": department.id,
        "name": department.name,
        "order": department.order,
        "create_dept_group": True,
        "auto_add_user": False,
        "auto_approve_apply": False,
        "group_contain_sub_dept": False,
        "hide_dept": department.hidden,
        "outer_dept": department.outer,
        "dept_manager_userid_list": department.managers,
        "from_union_org": False,
        "dept_permits": [],
        "user_permits": [],
        "outer_permit_depts": [],
        "outer_permit_users": [],
        "member_count": len(
            {
                p.userid
                for n in company.subtree([department.id])
                for p in company.members(n)
            }
        ),
    }
    if department.parent_id is not None:
        answer["parent_id"] = department.parent_id
    if department.code:
        answer["code"] = department.code
    return distorted(answer, department.distorted)


ROUTES = {
    "/topapi/v2/department/listsub": Route(listsub, permission=DEPARTMENT_LIST),
    "/topapi/v2/department/listsubid": Route(listsubid, permission=DEPARTMENT_LIST),
    "/topapi/v2/department/get": Route(get, permission=DEPARTMENT_LIST),
    "/topapi/v2/department/listparentbydept": Route(
        listparentbydept, permission=DEPARTMENT_LIST
    ),
    "/topapi/v2/department/listparentbyuser": Route(
        listparentbyuser, permission=DEPARTMENT_LIST
    ),
    "/topapi/role/list": Route(roles, permission=DEPARTMENT_LIST),
}
