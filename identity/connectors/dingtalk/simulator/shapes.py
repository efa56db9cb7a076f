"""A person as DingTalk shows them: in lists, in full, and to themselves.

Blank optional keys are left out, and so are those whose permission is missing.
"""

import json
from typing import Any

from identity.connectors.dingtalk.simulator.departments import distorted
from identity.connectors.dingtalk.simulator.records import Person
from identity.connectors.dingtalk.simulator.state import (
    CONTACT_MOBILE,
    FIELD_EMAIL,
    FIELD_MOBILE,
    Platform,
)


def listed(app: Platform, person: Person, department: int) -> dict[str, Any]:
    """As in the list of a department."""
    answer = _common(app, person) | {
        "dept_order": person.departments.get(department, 0),
        "leader": department in person.leads,
    }
    return distorted(answer, person.distorted)


def detailed(app: Platform, person: Person) -> dict[str, Any]:
    """As when exactly this person was asked for."""
    answer = _common(app, person) | {
        "dept_order_list": [
            {"dept_id": number, "order": order}
            for number, order in person.departments.items()
        ],
        "leader_in_dept": [
            {"dept_id": number, "leader": number in person.leads}
            for number in person.departments
        ],
        "dept_position_list": [
            {"dept_id": number, "is_main": number == person.main_department}
            for number in person.departments
        ],
        "senior": person.senior,
        "real_authed": person.active,
        "role_list": _roles(app, person),
        "union_emp_ext": {},
    }
    answer |= _set({"manager_userid": person.manager_userid})
    return distorted(answer, person.distorted)


def myself(app: Platform, person: Person) -> dict[str, Any]:
    """As `/v1.0/contact/users/me` answers the owner of a user token."""
    answer: dict[str, Any] = {
        "nick": person.nickname or person.name,
        "unionId": person.unionid,
        "openId": f"op{person.unionid[:12]}",
        "visitor": False,
    }
    if CONTACT_MOBILE in app.permissions and person.mobile:
        answer |= {"mobile": person.mobile, "stateCode": person.state_code}
    return answer | _set({"avatarUrl": person.avatar, "email": person.email})


def _common(app: Platform, person: Person) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "userid": person.userid,
        "unionid": person.unionid,
        "name": person.name,
        "avatar": person.avatar,
        "hide_mobile": person.hide_mobile,
        "dept_id_list": list(person.departments),
        "active": person.active,
        "admin": person.admin,
        "boss": person.boss,
        "exclusive_account": person.exclusive,
    }
    if FIELD_MOBILE in app.permissions and person.mobile:
        answer |= {"mobile": person.mobile, "state_code": person.state_code}
    if FIELD_EMAIL in app.permissions:
        answer |= _personal(person)
    answer |= _set(
        {
            "telephone": person.telephone,
            "job_number": person.job_number,
            "title": person.title,
            "hired_date": person.hired_at,
        }
    )
    return answer | (_account(app, person) if person.exclusive else {})


def _personal(person: Person) -> dict[str, Any]:
    custom = (
        json.dumps(person.extension, ensure_ascii=False) if person.extension else ""
    )
    return _set(
        {
            "email": person.email,
            "org_email": person.org_email,
            "org_email_type": "base" if person.org_email and person.exclusive else "",
            "work_place": person.work_place,
            "remark": person.remark,
            "extension": custom,
        }
    )


def _account(app: Platform, person: Person) -> dict[str, Any]:
    return {
        "exclusive_account_type": "dingtalk",
        "login_id": person.login_id,
        "nickname": person.nickname,
        "exclusive_account_corp_id": app.corp_id,
        "exclusive_account_corp_name": app.company.name,
        "disable_status": False,
    }


def _roles(app: Platform, person: Person) -> list[dict[str, Any]]:
    known = [app.company.roles[n] for n in person.roles if n in app.company.roles]
    return [{"id": r.id, "name": r.name, "group_name": r.group_name} for r in known]


def _set(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", None)}
