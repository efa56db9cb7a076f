"""JSON of DingTalk as values: tolerant in type, strict in shape, trusting nothing."""

import json
from typing import Any

import pytest

from identity import mapping
from identity.connectors.dingtalk import answers, fields, people, shapes
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.errors import Unexpected
from identity.connectors.records import EmployeeRecord, MembershipRecord

pytestmark = pytest.mark.alone

BASIC = {"userid": "u1", "unionid": "x1", "name": "Li Lei", "dept_id_list": [5]}


def listed(**keys: Any) -> EmployeeRecord:
    return people.listed(BASIC | keys, "5", 7)[0]


def memberships(**keys: Any) -> tuple[MembershipRecord, ...]:
    return people.listed(BASIC | keys, "5", 7)[1]


# --- people ---


def test_a_person_comes_with_all_that_user_list_carries() -> None:
    record = listed(
        mobile="13900001111",
        state_code="86",
        email="li.lei@example.test",
        org_email="ll@corp.test",
        title="Engineer",
        job_number="E-17",
        telephone="1234",
        work_place="Hangzhou",
        remark="new",
        hired_date=1597573616828,
        login_id="lilei",
        nickname="Lei",
        extension='{"CostCentre":"C9"}',
    )
    assert record.userid == "u1"
    assert record.unionid == "x1"
    assert record.read == 7
    assert record.values == {
        "name": "Li Lei",
        "mobile": "13900001111",
        "state_code": "86",
        "email": "li.lei@example.test",
        "org_email": "ll@corp.test",
        "title": "Engineer",
        "job_number": "E-17",
        "telephone": "1234",
        "work_place": "Hangzhou",
        "remark": "new",
        "hired_date": "2020-08-16",
        "login_id": "lilei",
        "nickname": "Lei",
        "extension.CostCentre": "C9",
        "extension": '{"CostCentre": "C9"}',
    }


@pytest.mark.parametrize("blank", [None, "", "  ", "\t\n"])
def test_missing_blank_and_null_are_alike(blank: str | None) -> None:
    assert listed(mobile=blank, email=blank, hired_date=blank).values == {
        "name": "Li Lei"
    }


def test_a_list_record_knows_all_gates_but_the_detail() -> None:
    """The engine decides by the whole read whether a gated field is unknown."""
    assert listed().known == {"", "fieldMobile", "fieldEmail"}
    assert people.asked(BASIC, 1)[0].known == listed().known | {mapping.DETAIL}
    assert fields.DETAIL == mapping.DETAIL


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("a\x07\x9fb", "a\ufffd\ufffdb"),
        ("a\nb", "a\ufffdb"),
        ("  Li  ", "Li"),
        ("😀", "😀"),
        ("مرحبا", "مرحبا"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("x" * 65536, "x" * shapes.LONGEST_TEXT),
    ],
)
def test_a_name_is_cleaned_and_its_owner_still_comes(name: str, kept: str) -> None:
    """I-30: what a database cannot take becomes U+FFFD."""
    assert listed(name=name).values["name"] == kept


def test_line_breaks_are_usual_in_remarks_and_become_spaces() -> None:
    assert listed(remark="a\r\nb\tc\x00").values["remark"] == "a b c\ufffd"


@pytest.mark.parametrize(
    "mobile", ["+86-138 0013 8000", "13800138000", "0", "1" * 40, "abc"]
)
def test_a_mobile_is_text_and_stays_as_it_is(mobile: str) -> None:
    """I-31."""
    assert listed(mobile=mobile).values["mobile"] == mobile


def test_a_mobile_as_a_number_becomes_text() -> None:
    assert listed(mobile=13800138000).values["mobile"] == "13800138000"


def test_an_email_with_a_line_break_cannot_become_a_header() -> None:
    """I-32."""
    value = listed(email="a@b.test\r\nBcc: c@d.test").values["email"]
    assert "\n" not in value
    assert "\r" not in value


@pytest.mark.parametrize(
    "email", ["LI.LEI@EXAMPLE.TEST", "李@例子.测试", "no-at", "a" * 309 + "@corp.test"]
)
def test_an_email_is_an_attribute_and_stays_as_it_is(email: str) -> None:
    """I-32."""
    assert listed(email=email).values["email"] == email


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, ()),
        ([], ()),
        ([5, 5, 6], ("5", "6")),
        (["5", "6"], ("5", "6")),
        ("[5,6]", ("5", "6")),
        ([5, -7, 0], ("5",)),
        ([-7], ()),
        (list(range(5, 505)), tuple(map(str, range(5, 505)))),
    ],
)
def test_departments_of_a_record_come_once_as_text_and_above_zero(
    given: Any, kept: tuple[str, ...]
) -> None:
    """I-33; somebody without any counts as member of the department listed."""
    assert listed(dept_id_list=given).department_ids == (kept or ("5",))
    assert {m.department_id for m in memberships(dept_id_list=given)} == {*kept, "5"}


def test_a_record_without_departments_belongs_to_the_one_that_was_listed() -> None:
    """I-33."""
    person = {key: value for key, value in BASIC.items() if key != "dept_id_list"}
    record, places = people.listed(person, "5", 7)
    assert record.department_ids == ("5",)
    assert places == (MembershipRecord("u1", "5", read=7),)


@pytest.mark.parametrize("bad", [["x"], [1.5], [2**63], [True], [[1]], 7, "x", ["1e3"]])
def test_a_record_with_departments_that_are_none_is_refused(bad: Any) -> None:
    """F-55: bad types reject that object."""
    with pytest.raises(Malformed):
        listed(dept_id_list=bad)


def test_order_and_leader_belong_to_the_listed_department_alone() -> None:
    order = 176320000000000512
    assert memberships(dept_id_list=[5, 6], dept_order=order, leader=True) == (
        MembershipRecord("u1", "5", order, True, 7),
        MembershipRecord("u1", "6", None, None, 7),
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        ("12", 12),
        (1.5, None),
        (10**30, None),
        (True, None),
        (None, None),
        ("x", None),
        ("１２", None),
    ],
)
def test_an_order_is_a_signed_64_bit_number_or_unknown(
    given: Any, kept: int | None
) -> None:
    """I-35."""
    assert memberships(dept_order=given)[0].order == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        (1, True),
        ("1", True),
        (False, False),
        ("false", False),
        (0, False),
        (None, None),
        ("perhaps", None),
        (2, None),
    ],
)
def test_a_flag_is_read_in_each_spelling(given: Any, kept: bool | None) -> None:
    """I-35."""
    assert memberships(leader=given)[0].leader is kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (1597573616828, "2020-08-16"),
        ("1597573616828", "2020-08-16"),
        (1597593600000, "2020-08-17"),  # midnight in China
        (0, None),
        (-1, None),
        (1_514_764_800_000_000, None),  # the year 49970
        (1.5e12, None),
        ("yesterday", None),
        (True, None),
        (10**30, None),
    ],
)
def test_a_hiring_date_is_a_day_in_china_or_nothing(
    given: Any, kept: str | None
) -> None:
    """I-35."""
    assert listed(hired_date=given).values.get("hired_date") == kept


@pytest.mark.parametrize(
    "bad", ["no json", "[1]", '"text"', "{", "", None, 7, "null", "[" * 100_000]
)
@pytest.mark.usefixtures("room_below")
def test_custom_fields_that_are_no_json_object_are_left_out(bad: Any) -> None:
    """I-36: nothing else of the person is lost."""
    assert listed(extension=bad).values == {"name": "Li Lei"}


def test_custom_fields_of_every_kind_become_text() -> None:
    """I-36: nested ones as JSON, and no name is special."""
    given = {
        "__proto__": "p",
        "n": 7,
        "yes": True,
        "none": None,
        "deep": {"a": [1, "中"]},
        "a\x00b": "x\x00y",
        "": "nameless",
    }
    values = listed(extension=json.dumps(given)).values
    custom = {k: v for k, v in values.items() if k.startswith("extension.")}
    assert custom == {
        "extension.__proto__": "p",
        "extension.n": "7",
        "extension.yes": "true",
        "extension.deep": '{"a": [1, "中"]}',
        "extension.a\ufffdb": "x\ufffdy",
    }


def test_of_a_thousand_custom_fields_a_hundred_are_kept() -> None:
    """I-36."""
    values = listed(extension=json.dumps({f"k{n}": "v" for n in range(1000)})).values
    assert sum(key.startswith("extension.") for key in values) == 100


def test_fields_that_nobody_knows_are_ignored_and_avatars_are_not_kept() -> None:
    """I-37, I-38: an address of theirs is never stored and never fetched."""
    values = listed(avatar="file:///etc/passwd", surprise={"a": 1}, Name="x").values
    assert values == {"name": "Li Lei"}


@pytest.mark.parametrize(
    "userid", ["a/b", "a?b", "a%b", "a b", "A", "a", "李", "u" * 64, 12345]
)
def test_a_userid_is_text_exactly_as_it_came(userid: Any) -> None:
    """F-55, I-34: also if two differ only in case."""
    assert listed(userid=userid).userid == str(userid)


@pytest.mark.parametrize(
    "userid", [None, "", "  ", "u" * 65, "a\x00b", "a\ud800", True, 1.5, [], {}]
)
def test_what_can_be_no_userid_refuses_that_person(userid: Any) -> None:
    """F-55."""
    with pytest.raises(Malformed):
        listed(userid=userid)


@pytest.mark.parametrize("raw", [None, "u1", 7, [], ["u1"]])
def test_what_is_no_person_is_refused(raw: Any) -> None:
    with pytest.raises(Malformed):
        people.listed(raw, "5", 1)


@pytest.mark.parametrize("unionid", [None, "", " "])
def test_a_person_without_a_unionid_still_comes(unionid: str | None) -> None:
    """I-34: it is needed for the logon only."""
    assert listed(unionid=unionid).unionid == ""


def test_details_come_with_user_get() -> None:
    record, places = people.asked(
        BASIC
        | {
            "dept_id_list": [5, 6],
            "dept_order_list": [{"dept_id": 5, "order": 9}, {"dept_id": 6, "order": 8}],
            "leader_in_dept": [{"dept_id": 6, "leader": True}],
            "manager_userid": "boss",
            "role_list": [{"id": 1, "name": "HR"}, {"id": 2, "name": "Finance"}],
            "dept_position_list": [
                {"dept_id": 5, "is_main": False},
                {"dept_id": 6, "is_main": True},
            ],
        },
        3,
    )
    assert record.values["manager_userid"] == "boss"
    assert record.values["roles"] == "HR, Finance"
    assert record.values["main_department"] == "6"
    assert places == (
        MembershipRecord("u1", "5", 9, None, 3),
        MembershipRecord("u1", "6", 8, True, 3),
    )


def test_the_documentations_own_spelling_is_read_too() -> None:
    """Numbers and booleans as text, lists as one object or as text."""
    record, places = people.asked(
        BASIC
        | {
            "dept_id_list": "[2,3]",
            "dept_order_list": {"dept_id": "2", "order": "1"},
            "leader_in_dept": {"dept_id": "2", "leader": "true"},
            "role_list": {"id": "100", "name": "总监", "group_name": "职务"},
        },
        1,
    )
    assert record.department_ids == ("2", "3")
    assert record.values["roles"] == "总监"
    assert places[0] == MembershipRecord("u1", "2", 1, True, 1)


# --- answers ---

PAGE = {"has_more": False, "list": []}


def test_a_page_ends_when_there_is_no_more() -> None:
    assert answers.page({"result": PAGE}) == answers.Page((), None)
    more = {"has_more": "true", "next_cursor": "100", "list": [{}]}
    assert answers.page({"result": more}) == answers.Page(({},), 100)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"result": None},
        {"result": []},
        {"result": "x"},
        {"result": {"has_more": False}},
        {"result": {"has_more": False, "list": None}},
        {"result": {"has_more": False, "list": {}}},
        {"result": {"list": []}},
        {"result": {"has_more": "perhaps", "list": []}},
        {"result": {"has_more": True, "list": []}},
        {"result": {"has_more": True, "list": [], "next_cursor": "x"}},
    ],
)
def test_a_page_of_another_shape_is_never_an_empty_page(body: dict[str, Any]) -> None:
    """F-39."""
    with pytest.raises(Unexpected) as caught:
        answers.page(body)
    assert caught.value.code == "shape"


@pytest.mark.parametrize("result", [None, {}, "x", 7])
def test_a_listing_of_another_shape_is_never_an_empty_list(result: Any) -> None:
    """F-39."""
    with pytest.raises(Unexpected):
        answers.listing({"result": result})
    with pytest.raises(Unexpected):
        answers.listing({})


def test_a_listing_leaves_out_ids_that_are_not_the_companys() -> None:
    """F-55: home-school contacts have ids below 0."""
    raw = [
        {"dept_id": 7, "name": "A", "parent_id": 1},
        {"dept_id": "8", "name": "B\x00", "parent_id": "1"},
        {"dept_id": -7, "name": "C", "parent_id": 1},
        {"dept_id": 0, "name": "D", "parent_id": 1},
    ]
    found = answers.listing({"result": raw})
    assert found.departments == (
        answers.DepartmentItem("7", "A", "1"),
        answers.DepartmentItem("8", "B\ufffd", "1"),
    )
    assert found.malformed == ()


@pytest.mark.parametrize("bad", [2**63, 10**30, "x", None, 1.5, True, [], "1.0"])
def test_a_department_with_an_impossible_id_is_told_and_the_rest_goes_on(
    bad: Any,
) -> None:
    """F-55."""
    raw = [{"dept_id": bad, "name": "A"}, {"dept_id": 7, "name": "B", "parent_id": 1}]
    found = answers.listing({"result": raw})
    assert [item.id for item in found.departments] == ["7"]
    assert len(found.malformed) == 1


def test_an_id_above_2_to_the_53_keeps_every_digit() -> None:
    raw = [{"dept_id": 2**63 - 1, "name": "A", "parent_id": 1}]
    assert answers.listing({"result": raw}).departments[0].id == "9223372036854775807"


def test_the_root_has_no_parent() -> None:
    found = answers.department({"result": {"dept_id": 1, "name": "Company"}})
    assert found == answers.DepartmentItem("1", "Company", None)


@pytest.mark.parametrize("result", [None, [], {}, {"dept_id": -1}, {"dept_id": "x"}])
def test_a_department_of_another_shape_is_unexpected(result: Any) -> None:
    with pytest.raises(Unexpected):
        answers.department({"result": result})


def test_the_range_is_read() -> None:
    body = {"auth_org_scopes": {"authed_user": ["u1"], "authed_dept": [501, -7]}}
    found = answers.scopes(body)
    assert found == answers.Range(("501",), ("u1",))
    assert not found.whole
    assert answers.Range(("1",), ()).whole
    assert answers.Range((), ()).empty


@pytest.mark.parametrize(
    "inner",
    [None, [], {}, {"authed_dept": [1]}, {"authed_dept": None, "authed_user": []}],
)
def test_a_range_of_another_shape_is_never_an_empty_range(inner: Any) -> None:
    """F-39, F-47."""
    with pytest.raises(Unexpected):
        answers.scopes({"auth_org_scopes": inner})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"accessToken": ""},
        {"accessToken": 7, "expireIn": 7200},
        {"accessToken": "t"},
        {"accessToken": "t", "expireIn": 0},
        {"accessToken": "t", "expireIn": "soon"},
    ],
)
def test_a_token_answer_of_another_shape_is_unexpected(body: dict[str, Any]) -> None:
    with pytest.raises(Unexpected):
        answers.token(body)


def test_a_count_and_a_user_need_their_result() -> None:
    assert answers.count({"result": {"count": "42"}}) == 42
    for reader in (answers.count, answers.user):
        with pytest.raises(Unexpected):
            reader({"result": None})
