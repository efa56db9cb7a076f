"""The company itself: generated, changed, saved."""

from pathlib import Path

import pytest

from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.records import ROOT, Event, Person
from identity.connectors.dingtalk.simulator.register import Impossible
from identity.connectors.dingtalk.simulator.storage import dump

pytestmark = pytest.mark.alone


@pytest.fixture
def company() -> Company:
    return Company.generate(60, 12, seed=3)


@pytest.fixture
def told(company: Company) -> list[Event]:
    """What the company tells its listeners."""
    events: list[Event] = []
    company.listeners.append(events.append)
    return events


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


@pytest.mark.parametrize(
    ("employees", "departments"), [(0, 0), (1, 0), (3, 1), (40, 8), (2000, 200)]
)
def test_a_company_has_exactly_the_asked_size(employees: int, departments: int) -> None:
    company = Company.generate(employees, departments)
    assert len(company.people) == employees
    assert len(company.real_departments()) == departments + 1


def test_equal_seeds_give_equal_companies_and_others_do_not() -> None:
    one, same = Company.generate(50, 9, seed=4), Company.generate(50, 9, seed=4)
    other = Company.generate(50, 9, seed=5)
    assert dump(one) == dump(same)
    assert set(one.people).isdisjoint(other.people)


def test_the_demo_company_is_deep_and_mixed() -> None:
    company = Company.generate(2000, 200)
    depths = [len(company.path(item.id)) - 1 for item in company.real_departments()]
    assert max(depths) == 6
    people = company.people.values()
    assert sum(1 for p in people if len(p.department_ids) > 1) > 50
    assert sum(1 for p in people if p.leads) > 100
    assert {"CostCentre", "工位"} == {key for p in people for key in p.extension}


def test_every_odd_kind_of_person_exists(company: Company) -> None:
    """Checklist 6 of dingtalk.md section 13."""
    people = list(company.people.values())
    assert company.members(ROOT)
    assert [p for p in people if not p.active]
    assert [p for p in people if p.exclusive and not p.mobile]
    assert [p for p in people if p.restricted]
    assert [p for p in people if not p.mobile]
    assert [p for p in people if not p.email]
    assert len({p.name for p in people}) < len(people)
    assert [item for item in company.departments.values() if item.id < 0]
    assert [item for item in company.departments.values() if item.hidden]


def test_orders_do_not_fit_a_float(company: Company) -> None:
    orders = [n for p in company.people.values() for n in p.departments.values()]
    assert all(order > 2**57 for order in orders)
    assert len(set(orders)) == len(orders)


def test_hiring_puts_a_person_in_front_and_tells_of_it(
    company: Company, told: list[Event]
) -> None:
    person = company.hire("New", 501001, mobile="13700000000")
    assert company.members(501001)[0] is person
    assert kinds(told) == ["user_add_org", "user_modify_org"]
    assert told[0].userids == (person.userid,)


def test_ids_of_leavers_are_not_used_again_unless_asked(company: Company) -> None:
    left = company.let_go(next(iter(company.people)))
    fresh = [company.hire(f"New {number}") for number in range(20)]
    assert left.userid not in {p.userid for p in fresh}
    back = company.hire("Back", userid=left.userid, unionid=left.unionid)
    assert (back.userid, back.unionid) == (left.userid, left.unionid)
    with pytest.raises(Impossible):
        company.hire("Twice", userid=left.userid)


def test_a_leaver_is_found_nowhere(company: Company, told: list[Event]) -> None:
    person = company.hire("Short", 501001, 501002)
    company.let_go(person.userid)
    assert person not in company.members(501001) + company.members(501002)
    assert company.with_unionid(person.unionid) is None
    assert kinds(told)[-1] == "user_leave_org"


def test_moving_keeps_the_order_and_lead_of_departments_that_stay(
    company: Company, told: list[Event]
) -> None:
    person = company.hire("Mover", 501001, 501002)
    company.lead(person.userid, 501001)
    company.lead(person.userid, 501002)
    before = dict(person.departments)
    company.move(person.userid, 501002, 501003)
    assert list(person.departments) == [501002, 501003]
    assert person.departments[501002] == before[501002]
    assert person.leads == [501002]
    assert person.main_department == 501002
    assert person not in company.members(501001)
    assert person in company.members(501003)
    assert kinds(told)[-1] == "user_modify_org"


def test_an_update_tells_what_changed(company: Company, told: list[Event]) -> None:
    person = company.hire("Old", title="A")
    company.update(person.userid, title="B", email="b@example.test")
    assert told[-1].diff == {
        "prev": {"title": "A", "email": ""},
        "curr": {"title": "B", "email": "b@example.test"},
    }


@pytest.mark.parametrize("field", ["departments", "shoe_size"])
def test_an_update_of_something_else_is_refused_whole(
    company: Company, field: str
) -> None:
    person = company.hire("Same")
    with pytest.raises(Impossible):
        company.update(person.userid, name="Other", **{field: "x"})
    assert person.name == "Same"


def test_a_person_is_found_by_a_changed_unionid(company: Company) -> None:
    person = company.hire("Migrated")
    old = person.unionid
    company.update(person.userid, unionid="NewUnionId")
    assert company.with_unionid("NewUnionId") is person
    assert company.with_unionid(old) is None


def test_moving_a_department_tells_of_it_alone(
    company: Company, told: list[Event]
) -> None:
    parent = company.add_department("Parent")
    child = company.add_department("Child", parent.id)
    told.clear()
    company.move_department(parent.id, 501001)
    assert company.path(child.id) == [child.id, parent.id, 501001, ROOT]
    assert told == [Event("org_dept_modify", department_ids=(parent.id,))]


def test_a_department_cannot_move_below_itself(company: Company) -> None:
    parent = company.add_department("Parent")
    child = company.add_department("Child", parent.id)
    with pytest.raises(Impossible):
        company.move_department(parent.id, child.id)
    with pytest.raises(Impossible):
        company.move_department(ROOT, child.id)


def test_removing_a_department_takes_those_below_along_in_one_event(
    company: Company, told: list[Event]
) -> None:
    parent = company.add_department("Parent")
    child = company.add_department("Child", parent.id)
    told.clear()
    company.remove_department(parent.id)
    assert told == [Event("org_dept_remove", department_ids=(parent.id, child.id))]
    assert parent.id not in company.departments
    assert parent not in company.children(ROOT)


def test_a_department_with_members_below_it_stays(company: Company) -> None:
    parent = company.add_department("Parent")
    child = company.add_department("Child", parent.id)
    company.hire("Member", child.id)
    with pytest.raises(Impossible):
        company.remove_department(parent.id)
    assert child.id in company.departments


@pytest.mark.parametrize("name", ["", "x" * 65, "a-b", "a,b", "a，b", "研发中心"])
def test_names_that_dingtalk_refuses_are_refused(company: Company, name: str) -> None:
    """60021 and the length rule; 研发中心 exists below the root already."""
    with pytest.raises(Impossible):
        company.add_department(name)


def test_renaming_the_company_tells_of_the_root(
    company: Company, told: list[Event]
) -> None:
    company.rename_department(ROOT, "New name")
    assert company.name == "New name"
    assert told == [
        Event("org_change"),
        Event("org_dept_modify", department_ids=(ROOT,)),
    ]


def test_a_saved_company_goes_on_where_it_ended(
    company: Company, tmp_path: Path
) -> None:
    leaver = company.let_go(next(iter(company.people)))
    company.add_department("Added")
    company.distort(next(iter(company.people)), mobile=None)
    company.show_under(501001, 501002)
    file = tmp_path / "deep" / "company.json"
    company.save(file)
    loaded = Company.load(file)
    assert dump(loaded) == dump(company)
    assert [p.userid for p in loaded.members(501001)] == [
        p.userid for p in company.members(501001)
    ]
    new: Person = loaded.hire("Later")
    assert new.userid not in {leaver.userid, *company.people}
    assert loaded.add_department("Later").id not in company.departments


def test_search_looks_at_name_id_mobile_and_mail(company: Company) -> None:
    person = company.hire("Zebedee", mobile="13712340000", email="zeb@example.test")
    for text in ("zebe", person.userid[3:], "71234", "ZEB@"):
        assert person in company.search(text, 100)
    assert len(company.search("", 5)) == 5
