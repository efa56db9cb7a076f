"""What the address book answers (checklist 6)."""

import json

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import ABSENT, Person
from tests.simulator.conftest import Caller

pytestmark = pytest.mark.alone

LIST = "/topapi/v2/user/list"
GET = "/topapi/v2/user/get"


def test_a_walk_finds_exactly_the_companys_tree(
    simulator: Simulator, caller: Caller
) -> None:
    tree = {
        item.id: item.parent_id
        for item in simulator.company.departments.values()
        if item.parent_id is not None
    }
    assert caller.tree() == tree


def test_pages_and_tree_give_everybody_with_all_their_departments(
    simulator: Simulator, caller: Caller
) -> None:
    people = simulator.company.people
    found: dict[str, set[int]] = {}
    for number in [1, *(n for n in caller.tree() if n > 0)]:
        for item in caller.members(number, size=3):
            found.setdefault(item["userid"], set()).add(number)
    assert found == {userid: {*p.department_ids} for userid, p in people.items()}


def test_the_last_page_has_no_next_cursor(simulator: Simulator, caller: Caller) -> None:
    company = simulator.company
    department = company.add_department("Big")
    for number in range(5):
        company.hire(f"P{number}", department.id)
    page = caller.result(LIST, dept_id=department.id, cursor=0, size=3)
    assert (page["has_more"], page["next_cursor"], len(page["list"])) == (True, 3, 3)
    page = caller.result(LIST, dept_id=department.id, cursor=3, size=3)
    assert page["has_more"] is False
    assert "next_cursor" not in page
    assert len(page["list"]) == 2


def test_a_page_that_is_just_full_is_the_last(
    simulator: Simulator, caller: Caller
) -> None:
    department = simulator.company.add_department("Full")
    for number in range(3):
        simulator.company.hire(f"P{number}", department.id)
    page = caller.result(LIST, dept_id=department.id, cursor=0, size=3)
    assert page["has_more"] is False


def test_a_listed_person_has_real_json_types(caller: Caller, anyone: Person) -> None:
    (item,) = [x for x in caller.members(501001) if x["userid"] == anyone.userid]
    assert item == {
        "userid": anyone.userid,
        "unionid": anyone.unionid,
        "name": "韩梅梅",
        "avatar": "",
        "hide_mobile": False,
        "mobile": "13711112222",
        "state_code": "86",
        "email": "mei@example.test",
        "org_email": "mei@mail.example.test",
        "telephone": "0571-1",
        "job_number": "E-17",
        "title": "Engineer",
        "work_place": "Hangzhou",
        "remark": "new",
        "hired_date": 1_597_573_616_828,
        "extension": json.dumps({"CostCentre": "C9"}),
        "dept_id_list": [501001, 501002],
        "dept_order": anyone.departments[501001],
        "leader": False,
        "active": True,
        "admin": False,
        "boss": False,
        "exclusive_account": False,
    }


def test_the_leader_flag_is_of_the_queried_department(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    simulator.company.lead(anyone.userid, 501002)
    for department, leads in ((501001, False), (501002, True)):
        (item,) = [
            x for x in caller.members(department) if x["userid"] == anyone.userid
        ]
        assert item["leader"] is leads


def test_blank_optional_keys_are_left_out(simulator: Simulator, caller: Caller) -> None:
    person = simulator.company.hire("Bare")
    item = caller.result(GET, userid=person.userid)
    blank = {
        "mobile", "state_code", "email", "org_email", "telephone", "job_number",
        "title", "work_place", "remark", "hired_date", "extension", "manager_userid",
        "login_id",
    }  # fmt: skip
    assert blank.isdisjoint(item)
    assert item["avatar"] == ""


def test_asking_for_one_person_tells_more_than_the_list(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    role = next(iter(simulator.company.roles.values()))
    simulator.company.update(
        anyone.userid, manager_userid="boss1", roles=[role.id], main_department=501002
    )
    item = caller.result(GET, userid=anyone.userid)
    assert item["manager_userid"] == "boss1"
    assert item["role_list"] == [
        {"id": role.id, "name": role.name, "group_name": role.group_name}
    ]
    assert item["dept_position_list"] == [
        {"dept_id": 501001, "is_main": False},
        {"dept_id": 501002, "is_main": True},
    ]
    assert item["leader_in_dept"][0] == {"dept_id": 501001, "leader": False}
    assert item["dept_order_list"][0]["order"] == anyone.departments[501001]
    assert "dept_order" not in item
    assert "leader" not in item


def test_an_enterprise_account_says_so_and_may_lack_a_mobile(
    simulator: Simulator, caller: Caller
) -> None:
    person = next(p for p in simulator.company.people.values() if p.exclusive)
    item = caller.result(GET, userid=person.userid)
    assert item["exclusive_account"] is True
    assert item["login_id"] == person.login_id
    assert item["exclusive_account_corp_id"] == simulator.corp_id
    assert "mobile" not in item
    assert caller.result(GET, login_id=person.login_id)["userid"] == person.userid


def test_restricted_people_are_listed_only_when_asked_for(
    simulator: Simulator, caller: Caller
) -> None:
    person = next(p for p in simulator.company.people.values() if p.restricted)
    department = person.department_ids[0]
    without = caller.result(LIST, dept_id=department, cursor=0, size=100)["list"]
    assert person.userid not in {x["userid"] for x in without}
    assert person.userid in {x["userid"] for x in caller.members(department)}


def test_home_school_departments_are_listed_but_cannot_be_read(caller: Caller) -> None:
    listed = caller.result("/topapi/v2/department/listsub", dept_id=1)
    (odd,) = [item["dept_id"] for item in listed if item["dept_id"] < 0]
    for path in ("/topapi/v2/department/listsub", "/topapi/v2/department/get"):
        assert caller.post(path, dept_id=odd)["errcode"] == 60003
    assert caller.post(LIST, dept_id=odd, cursor=0, size=10)["errcode"] == 60003


def test_a_department_alone_tells_its_details(
    simulator: Simulator, caller: Caller
) -> None:
    found = simulator.company.departments[501001]
    item = caller.result("/topapi/v2/department/get", dept_id=501001)
    assert item["name"] == found.name
    assert item["parent_id"] == 1
    assert item["order"] == 0
    assert item["dept_manager_userid_list"] == found.managers
    root = caller.result("/topapi/v2/department/get", dept_id=1)
    assert "parent_id" not in root
    assert root["member_count"] == 40


def test_ways_up_begin_with_the_department_itself(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    path = simulator.company.path(501005)
    assert len(path) > 2
    up = caller.result("/topapi/v2/department/listparentbydept", dept_id=501005)
    assert up == {"parent_id_list": path}
    of_user = caller.result(
        "/topapi/v2/department/listparentbyuser", userid=anyone.userid
    )
    assert of_user == {
        "parent_list": [
            {"parent_dept_id_list": [501001, 1]},
            {"parent_dept_id_list": [501002, 1]},
        ]
    }


def test_ids_names_and_counts_have_calls_of_their_own(
    simulator: Simulator, caller: Caller
) -> None:
    company = simulator.company
    ids = caller.result("/topapi/v2/department/listsubid", dept_id=1)
    assert ids["dept_id_list"] == [item.id for item in company.children(1)]
    members = [p.userid for p in company.members(501001)]
    listed = caller.result("/topapi/user/listid", dept_id=501001)
    assert listed == {"userid_list": members}
    names = caller.result(
        "/topapi/user/listsimple",
        dept_id=501001,
        cursor=0,
        size=1,
        contain_access_limit=True,
    )
    assert set(names["list"][0]) == {"userid", "name"}
    assert caller.result("/topapi/user/count", only_active=False) == {"count": 40}
    assert caller.result("/topapi/user/count", only_active=True) == {"count": 39}


def test_people_are_found_by_mobile_and_unionid(
    simulator: Simulator, caller: Caller, anyone: Person
) -> None:
    simulator.permissions.add("qyapi_get_member_by_mobile")
    by_mobile = "/topapi/v2/user/getbymobile"
    assert caller.result(by_mobile, mobile="13711112222") == {"userid": anyone.userid}
    assert caller.post(by_mobile, mobile="1")["errcode"] == 40104
    by_unionid = "/topapi/user/getbyunionid"
    found = caller.result(by_unionid, unionid=anyone.unionid)
    assert found == {"contact_type": 0, "userid": anyone.userid}
    stranger, contact = simulator.company.outsiders.values()
    assert caller.post(by_unionid, unionid=stranger.unionid)["errcode"] == 60121
    assert caller.result(by_unionid, unionid=contact.unionid)["contact_type"] == 1


def test_enterprise_accounts_are_found_by_mobile_only_when_asked_for(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.permissions.add("qyapi_get_member_by_mobile")
    person = simulator.company.hire("E", login_id="e@x", mobile="13799990000")
    path = "/topapi/v2/user/getbymobile"
    assert caller.post(path, mobile="13799990000")["errcode"] == 40104
    found = caller.result(
        path, mobile="13799990000", support_exclusive_account_search=True
    )
    assert found == {"exclusive_account_userid_list": [person.userid]}


def test_roles_come_by_group_in_camel_case(
    simulator: Simulator, caller: Caller
) -> None:
    answer = caller.result("/topapi/role/list", size=200, offset=0)
    assert answer["hasMore"] is False
    names = [role["name"] for group in answer["list"] for role in group["roles"]]
    assert names == [role.name for role in simulator.company.roles.values()]
    first = caller.result("/topapi/role/list", size=2, offset=0)
    assert first["hasMore"] is True
    assert set(first["list"][0]) == {"groupId", "name", "roles"}
    assert caller.post("/topapi/role/list", size=201)["errcode"] == 40069


@pytest.mark.parametrize("value", [None, "", 5, {"x": 1}])
def test_answers_can_be_distorted_key_by_key(
    simulator: Simulator, caller: Caller, anyone: Person, value: object
) -> None:
    """I-30 to I-37 need values that no company could hold."""
    simulator.company.distort(anyone.userid, mobile=value, unionid=ABSENT)
    simulator.company.distort_department(501001, parent_id=999)
    item = caller.result(GET, userid=anyone.userid)
    assert item["mobile"] == value
    assert "unionid" not in item
    assert (
        caller.result("/topapi/v2/department/get", dept_id=501001)["parent_id"] == 999
    )
    simulator.company.distort(anyone.userid)
    assert caller.result(GET, userid=anyone.userid)["mobile"] == "13711112222"


def test_a_department_can_be_shown_in_a_cycle(
    simulator: Simulator, caller: Caller
) -> None:
    """F-44: listed below its own child."""
    child = simulator.company.children(501001)[0].id
    simulator.company.show_under(501001, child)
    listed = caller.result("/topapi/v2/department/listsub", dept_id=child)
    assert (501001, child) in [(item["dept_id"], item["parent_id"]) for item in listed]
