"""One person of DingTalk's JSON as records. Pure; nothing that came is trusted.

Sources: queries-the-complete-information-of-a-department-user (user/list),
query-user-details (user/get), queries-the-details-of-a-dedicated-account.
Missing, "" and null are alike: the key is not in `values`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from identity.connectors.dingtalk import fields, shapes
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.records import EmployeeRecord, MembershipRecord

MOST_CUSTOM_FIELDS = 100
LONGEST_CUSTOM_NAME = 50
LONGEST_UNIONID = 128


def listed(
    raw: object, department: str, read: int
) -> tuple[EmployeeRecord, tuple[MembershipRecord, ...]]:
    """A person of user/list and their memberships; raises Malformed.

    Order and leader belong to `department`, the one that was listed; of the other
    departments that the record names they are unknown.
    """
    person = _mapping(raw)
    named = shapes.department_ids(person.get("dept_id_list")) or (department,)
    record = _record(person, named, fields.LISTED, read)
    here = MembershipRecord(
        record.userid,
        department,
        shapes.integer(person.get("dept_order")),
        shapes.flag(person.get("leader")),
        read,
    )
    others = (
        MembershipRecord(record.userid, each, read=read)
        for each in named
        if each != department
    )
    return record, (here, *others)


def asked(
    raw: object, read: int
) -> tuple[EmployeeRecord, tuple[MembershipRecord, ...]]:
    """A person of user/get with the detail fields, and memberships; raises Malformed."""
    person = _mapping(raw)
    orders = dict(_by_department(person.get("dept_order_list"), "order"))
    leaders = dict(_by_department(person.get("leader_in_dept"), "leader"))
    named = shapes.department_ids(person.get("dept_id_list")) or tuple(orders)
    record = _record(person, named, fields.DETAILED, read)
    return record, tuple(
        MembershipRecord(
            record.userid,
            each,
            shapes.integer(orders.get(each)),
            shapes.flag(leaders.get(each)),
            read,
        )
        for each in named
    )


def label(raw: object) -> str:
    """A word for a person whose record could not be read, for a fault."""
    userid = raw.get("userid") if isinstance(raw, Mapping) else None
    return shapes.text(userid)[:64] or "?"


def _record(
    person: Mapping[str, Any], named: tuple[str, ...], known: frozenset[str], read: int
) -> EmployeeRecord:
    userid = shapes.userid(person.get("userid"))
    unionid = shapes.text(person.get("unionid"))
    if len(unionid) > LONGEST_UNIONID:
        raise Malformed("unionid is longer than 128 characters")
    pairs = _values(person)
    if fields.DETAIL in known:
        pairs |= _details(person)
    values = {key: value for key, value in pairs.items() if value}
    return EmployeeRecord(userid, unionid, values, named, known, read)


def _values(person: Mapping[str, Any]) -> dict[str, str]:
    values = {key: shapes.text(person.get(key)) for key in fields.PLAIN}
    values |= {key: shapes.text(person.get(key), lines=True) for key in fields.LONG}
    values["hired_date"] = shapes.china_date(person.get("hired_date"))
    return values | dict(_custom(person.get(fields.EXTENSION)))


def _details(person: Mapping[str, Any]) -> dict[str, str]:
    positions = _objects(person.get("dept_position_list"))
    main = (p.get("dept_id") for p in positions if shapes.flag(p.get("is_main")))
    number = shapes.integer(next(main, None))
    roles = (
        shapes.text(role.get("name")) for role in _objects(person.get("role_list"))
    )
    return {
        "manager_userid": shapes.text(person.get("manager_userid"))[:64],
        "main_department": str(number) if number and number > 0 else "",
        "roles": ", ".join(role for role in roles if role),
    }


def _custom(extension: object) -> Iterator[tuple[str, str]]:
    """The custom fields in `extension`, a text that holds JSON; bad JSON has none."""
    found = extension
    if isinstance(extension, str):
        try:
            found = json.loads(extension)
        except (ValueError, RecursionError):
            return
    if not isinstance(found, Mapping) or not found:
        return
    kept = list(found.items())[:MOST_CUSTOM_FIELDS]
    for key, value in kept:
        if name := shapes.text(key)[:LONGEST_CUSTOM_NAME]:
            yield f"{fields.EXTENSION}.{name}", _custom_text(value)
    yield fields.EXTENSION, _custom_text(dict(kept))


def _custom_text(value: object) -> str:
    """Text as it is; everything else as JSON."""
    if isinstance(value, bool | list | dict):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except RecursionError:
            return ""
    return shapes.text(value, lines=True)


def _by_department(value: object, key: str) -> Iterator[tuple[str, object]]:
    for each in _objects(value):
        if department := shapes.department_id(each.get("dept_id")):
            yield department, each.get(key)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in shapes.items(value) if isinstance(each, Mapping)]


def _mapping(raw: object) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise Malformed("a person is expected")
    return raw
