"""Answers that are well formed and cannot be true: paging, trees, ids, moving targets.

One test a row of reliability.md c.2.
"""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.effects import Call, Effect, Reply
from identity.connectors.dingtalk.simulator.records import Department as Place
from sync.models import Department, Membership, SyncRun
from tests.engine.conftest import (
    DEPARTMENT,
    GET,
    LIST,
    LISTSUB,
    Trial,
    active,
    departments,
)
from tests.engine.oracle import assert_equal

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)

Answer = Callable[[], Reply]
DETAILED = [
    {"target": "name", "sources": ["name"]},
    {"target": "manager_userid", "sources": ["manager_userid"]},
]


def crowd(trial: Trial, size: int) -> int:
    """A new department with so many people."""
    place = trial.company.add_department(f"Crowd of {size}")
    for number in range(size):
        trial.company.hire(f"人{number}", place.id)
    return place.id


# --- pages ---


def test_people_who_come_twice_are_one_and_are_counted(trial: Trial) -> None:
    """F-41: in a page, in two pages, and in many departments."""
    company = trial.company
    place = crowd(trial, 130)
    many = company.hire("Everywhere", *(d.id for d in company.real_departments()))
    first: list[Any] = []

    def overlapping(content: dict[str, Any]) -> None:
        people = content["result"]["list"]
        if not first:
            first.extend(people[-10:])
        else:
            people[:0] = first  # somebody was hired above: the pages shifted

    trial.simulator.faults.add(
        effects.altered(overlapping), LIST, body={"dept_id": place}
    )
    run = trial.sync()
    assert run.state == State.SUCCESS
    assert [note["kind"] for note in run.notes] == ["repeated"]
    assert run.notes[0]["message"].startswith("10 people")
    assert_equal(trial.idp, company)
    seats = Membership.objects.filter(employee__userid=many.userid)
    assert seats.count() == len(company.real_departments())
    trial.simulator.faults.clear()
    trial.simulator.faults.add("twice", LIST)
    run = trial.sync()
    assert (run.state, any(run.counts.values())) == (State.SUCCESS, False)
    assert run.employees_read == len(company.people)
    assert run.notes
    assert trial.heals().notes == []


def going_round(pages: int) -> Effect:
    """After the last page come the first ones again, at cursors that go on and on."""

    def effect(call: Call, answer: Answer) -> Reply:
        cursor = int(call.values["cursor"])
        asked = call.body
        turned = str(cursor % (pages * 100)).encode()
        call.body = asked.replace(
            f'"cursor": {cursor}'.encode(), b'"cursor": ' + turned
        )
        reply = answer()
        reply.content["result"] |= {"has_more": True, "next_cursor": cursor + 100}
        return reply

    return effect


@pytest.mark.parametrize(
    ("fault", "size", "honest"),
    [
        (effects.stuck_cursor(), 3, 1),
        (effects.stuck_cursor(), 230, 1),
        (effects.cursor_back(), 230, 1),
        (effects.endless(), 3, 1),
        (effects.endless(), 230, 3),
        (going_round(3), 230, 3),
    ],
    ids=["stuck", "stuck-large", "back", "endless", "endless-large", "round"],
)
def test_pages_without_an_end_fail_the_run(
    trial: Trial, fault: Effect, size: int, honest: int
) -> None:
    """F-42: at most two calls more after the first page that repeats."""
    place = crowd(trial, size)
    rule = trial.simulator.faults.add(fault, LIST, body={"dept_id": place})
    run = trial.fails()
    assert run.error_code == "cursor"
    assert rule.seen <= honest + 2
    trial.heals()


def test_attributes_are_no_keys(trial: Trial) -> None:
    """F-43: two people with the same mobile, e-mail, name and job number are two."""
    same = {"mobile": "13900000001", "email": "a@example.test", "job_number": "7"}
    twins = {trial.company.hire("Twin", **same).userid for _ in range(2)}
    run = trial.sync()
    assert (run.state, run.notes) == (State.SUCCESS, [])
    assert twins <= active()
    trial.heals()


# --- the tree ---


def chain(trial: Trial, *names: str) -> list[Place]:
    """Departments each below the one before, with somebody in each; synchronized."""
    places: list[Place] = []
    for name in names:
        above = places[-1].id if places else 1
        places.append(trial.company.add_department(name, above))
        trial.company.hire(f"In {name}", places[-1].id)
    return places


def begun_with(trial: Trial, *names: str) -> list[Place]:
    """A chain that the directory knows already, and a trial that begins anew."""
    places = chain(trial, *names)
    assert trial.sync().state == State.SUCCESS
    trial.begin()
    return places


def named(run: SyncRun) -> set[tuple[str, str]]:
    return {(fault["kind"], fault["where"]) for fault in run.missing}


def test_departments_in_a_circle_are_named(trial: Trial) -> None:
    """F-44: A above B above A; a department that is its own parent; two roots."""
    upper, lower = begun_with(trial, "Upper", "Lower")
    trial.company.show_under(upper.id, lower.id)
    run = trial.meets()
    assert (run.state, named(run)) == (State.PARTIAL, {("cycle", str(upper.id))})
    assert "stands above itself" in run.missing[0]["message"]
    assert "Move it" in run.missing[0]["remedy"]
    trial.company.shown_under.clear()

    trial.company.distort_department(lower.id, parent_id=lower.id)
    run = trial.meets()
    assert (run.state, named(run)) == (State.PARTIAL, {("cycle", str(lower.id))})
    trial.company.distort_department(lower.id)

    # A circle that hangs on nothing: no list shows it, but it is there.
    trial.company.below[1].remove(upper.id)
    trial.company.distort_department(upper.id, parent_id=lower.id)
    run = trial.sync()  # the people were all read, so the leaver may go
    assert run.state == State.PARTIAL
    assert named(run) == {("changed", str(upper.id)), ("changed", str(lower.id))}
    assert active() == trial.people - {trial.leaver} | {trial.newcomer}
    assert departments() == trial.tree
    trial.company.distort_department(upper.id)

    trial.company.below[1].append(upper.id)

    trial.begin()
    trial.company.below[1].remove(upper.id)
    upper.parent_id = None  # a second root, which only people's records name
    someone = trial.company.hire("Both", 1, upper.id)
    run = trial.meets()
    assert (run.state, named(run)) == (State.PARTIAL, {("orphan", str(upper.id))})
    assert someone.userid in active()
    upper.parent_id = 1
    trial.company.below[1].append(upper.id)
    trial.heals()


def test_a_department_without_a_parent_is_asked_for_once_and_kept(trial: Trial) -> None:
    """F-45: it stands beside the root, and the run names it."""
    (lost,) = begun_with(trial, "Lost")
    trial.company.distort_department(lost.id, parent_id=999_999)
    run = trial.meets()
    assert (run.state, named(run)) == (State.PARTIAL, {("orphan", str(lost.id))})
    assert "hangs on no known department" in run.missing[0]["message"]
    assert trial.simulator.calls[DEPARTMENT] == 2  # the root's name, and this one
    row = Department.objects.get(source_id=str(lost.id))
    assert (row.path, row.depth, row.direct) == (f"/{lost.id}/", 0, 1)
    trial.company.distort_department(lost.id)
    trial.heals()


def test_depth_and_width_meet_no_limit(trial: Trial) -> None:
    """F-46: 200 levels, 300 children, 1,500 people in one department.

    The benchmark has 50,000 people; here is every place that grows with the numbers.
    """
    company = trial.company
    above = 1
    for level in range(200):
        above = company.add_department(f"Level {level}", above).id
    company.hire("At the bottom", above)
    wide = company.add_department("Wide").id
    for number in range(300):
        company.place(Place(700_000_000 + number, f"Child {number}", wide, number))
    place = crowd(trial, 1500)
    trial.idp.guard_departments_percent = 100
    trial.idp.save()
    run = trial.sync()
    assert run.state == State.SUCCESS, run.error_cause
    assert Department.objects.get(source_id=str(above)).depth == 200
    assert Department.objects.get(source_id=str(wide)).children == 300
    assert Department.objects.get(source_id=str(place)).direct == 1500
    assert_equal(trial.idp, company)
    assert not any(trial.sync().counts.values())


# --- a company that changes while it is read ---


def once(act: Callable[[], object]) -> Callable[[], object]:
    left = [act]
    return lambda: left.pop()() if left else None


def test_somebody_who_vanishes_before_the_details_is_asked_for_again(
    trial: Trial,
) -> None:
    """F-53: twice; the run is not complete, and the next one settles it."""
    trial.idp.mapping = DETAILED
    trial.idp.save()
    assert trial.sync().state == State.SUCCESS
    trial.begin()
    gone = next(userid for userid in sorted(trial.people) if userid != trial.leaver)
    rule = trial.simulator.faults.add(
        effects.error("60121"), GET, body={"userid": gone}
    )
    run = trial.meets()
    assert (run.state, named(run)) == (State.PARTIAL, {("changed", gone)})
    assert rule.seen == 2
    assert trial.newcomer in active()
    trial.simulator.faults.clear()

    trial.simulator.faults.add(
        effects.altered(lambda content: {"errcode": 0, "result": [7]}),
        GET,
        body={"userid": gone},
    )
    run = trial.meets()  # and one odd answer about one person stops nobody else
    assert (run.state, named(run)) == (State.PARTIAL, {("malformed", gone)})
    trial.simulator.faults.clear()

    trial.simulator.faults.before(GET, 1, once(lambda: trial.company.let_go(gone)))
    trial.sync()
    trial.simulator.faults.clear()
    run = trial.sync()
    assert run.state == State.SUCCESS
    assert active() == trial.people - {gone, trial.leaver} | {trial.newcomer}


def test_somebody_seen_nowhere_is_asked_for_before_they_end(trial: Trial) -> None:
    """F-54: moved into a department that was read before, from one not read yet."""
    company = trial.company
    early, late = company.add_department("Early"), company.add_department("Late")
    company.hire("Stays", early.id)
    mover = company.hire("Mover", late.id)
    assert trial.sync().state == State.SUCCESS
    trial.begin()
    answered: list[str] = []

    def effect(call: Call, answer: Answer) -> Reply:
        place = str(call.values["dept_id"])
        if place in (str(early.id), str(late.id)):
            if answered and mover.departments.keys() == {late.id}:
                company.move(mover.userid, *map(int, answered))
            reply = answer()
            answered.append(place)
            return reply
        return answer()

    trial.simulator.faults.add(effect, LIST)
    run = trial.sync()
    assert run.state == State.SUCCESS, run.faults
    assert mover.userid in active()
    assert trial.leaver not in active()
    assert trial.simulator.calls[GET] >= 1
    trial.heals()


def in_turn(first: int, second: int, between: Callable[[], object]) -> Effect:
    """Answers for `first` before `second`, and acts in between."""
    over = Event()

    def effect(call: Call, answer: Answer) -> Reply:
        place = int(str(call.values["dept_id"]))
        if place == second and over.wait(5):
            between()
        reply = answer()
        if place == first:
            over.set()
        return reply

    return effect


@pytest.mark.parametrize("chosen", [False, True], ids=["whole", "chosen"])
def test_a_department_seen_nowhere_is_asked_for_before_it_is_removed(
    trial: Trial, chosen: bool
) -> None:
    """F-54, of departments: moved with all below it while the tree was walked."""
    company = trial.company
    early, late = company.add_department("Early"), company.add_department("Late")
    mover = company.add_department("Mover", late.id)
    below = company.add_department("Below", mover.id)
    someone = company.hire("Below", below.id)
    if chosen:
        trial.idp.scope = "partial"
        trial.idp.departments = [str(early.id), str(late.id)]
        trial.idp.guard_people_percent = trial.idp.guard_departments_percent = 100
        trial.idp.save()
    assert trial.sync().state == State.SUCCESS
    rows = set(Department.objects.values_list("pk", "source_id"))
    trial.simulator.faults.add(
        in_turn(
            early.id, late.id, once(lambda: company.move_department(mover.id, early.id))
        ),
        LISTSUB,
    )
    run = trial.sync()
    assert run.state == State.PARTIAL
    moved = {("changed", str(mover.id)), ("changed", str(below.id))}
    assert named(run) == moved
    assert set(Department.objects.values_list("pk", "source_id")) == rows
    assert seats_of(someone.userid) == {str(below.id)}
    trial.simulator.faults.clear()
    run = trial.sync()
    assert (run.state, run.counts["departments_created"]) == (State.SUCCESS, 0)
    assert Department.objects.get(source_id=str(below.id)).path.endswith(
        f"/{early.id}/{mover.id}/{below.id}/"
    )
    company.move_department(mover.id, 1)  # out of what was chosen, or only up
    assert trial.sync().state == State.SUCCESS
    assert (str(mover.id) in departments()) is not chosen
    assert (someone.userid in active()) is not chosen


def seats_of(userid: str) -> set[str]:
    found = Membership.objects.filter(employee__userid=userid)
    return set(found.values_list("department__source_id", flat=True))


# --- ids ---


def test_odd_ids_are_text_and_bad_ones_are_left_out(trial: Trial) -> None:
    """F-55."""
    company = trial.company
    userids = (
        *("x" * 64, "a/b?c%20d#e&f=g", "with space", " edge ", "Case", "cASE"),
        *("../../etc/passwd", "'; DROP TABLE x;--", "李雷", "😀", "007", "7"),
    )
    for userid in userids:
        company.hire("Odd", 1, userid=userid)
    for none_of_ours in (0, -7):  # home-school contacts, and no fault
        company.place(Place(none_of_ours, "Home school", 1))
    largest = company.add_department("Largest", 1, 2**63 - 1)
    company.hire("In the largest", largest.id)
    assert trial.sync().state == State.SUCCESS
    assert set(userids) <= active()
    assert str(2**63 - 1) in departments()
    assert_equal(trial.idp, company)
    for userid in ("a/b?c%20d#e&f=g", "cASE"):  # and each is one to be asked for
        company.let_go(userid)
    assert trial.sync().counts["left"] == 2
    assert "Case" in active()

    trial.begin()
    beside = company.real_departments()[2]
    for place in BAD_PLACES:
        company.distort_department(beside.id, dept_id=place)
        run = trial.meets()
        assert run.state == State.PARTIAL, place
        assert ("malformed", str(beside.parent_id)) in named(run)
    company.distort_department(beside.id)
    someone = company.people[min(trial.people - {trial.leaver})]
    for bad in BAD_USERIDS:
        someone.distorted = {"userid": bad}
        run = trial.meets()
        assert run.state == State.PARTIAL, bad
        assert "malformed" in {kind for kind, _ in named(run)}
    someone.distorted = {}
    trial.heals()


BAD_PLACES: tuple[object, ...] = (2**63, 1e30, "12x", None, [5], True)
BAD_USERIDS: tuple[object, ...] = (
    "y" * 65,
    "",
    None,
    "a\x00b",
    "\ud800",
    7.5,
    {"id": 1},
)
