"""Permissions withdrawn and faults during a run: the stated end, and nobody loses the
active status wrongly (P3)."""

from collections.abc import Callable

import pytest

from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.state import SEVEN
from identity.models import IdentityProvider
from sync.models import Change, Department, Employee, SyncRun
from tests.engine.conftest import Sync
from tests.engine.oracle import assert_equal

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)

LISTSUB = "/topapi/v2/department/listsub"
LIST = "/topapi/v2/user/list"
GET = "/topapi/v2/user/get"


@pytest.fixture
def synced(sync: Sync, simulator: Simulator) -> Sync:
    """A company that was read once, with values in every gated field."""
    simulator.company.hire("Full", email="full@example.test", mobile="13900000001")
    assert sync().state == State.SUCCESS
    return sync


def active() -> set[str]:
    rows = Employee.objects.filter(status=Employee.Status.ACTIVE)
    return set(rows.values_list("userid", flat=True))


ENDS = {
    "Contact.User.mobile": State.SUCCESS,  # a logon's permission, no sync needs it
    "Contact.User.Read": State.SUCCESS,
    "fieldMobile": State.PARTIAL,
    "fieldEmail": State.PARTIAL,
    "qyapi_get_department_list": State.FAILED,  # nothing can be read at all
    "qyapi_get_member": State.SUCCESS,  # asked only about people who are missing
    "qyapi_get_department_member": State.PARTIAL,
}


def test_every_permission_of_the_seed_has_a_stated_end() -> None:
    """S044 to S050."""
    assert ENDS.keys() == SEVEN.keys()


@pytest.mark.parametrize("scope", sorted(ENDS))
def test_a_withdrawn_permission_ends_nobodys_access(
    synced: Sync, simulator: Simulator, scope: str
) -> None:
    """S044 to S050, F-47 to F-49: for each of the seven."""
    before = active()
    values = list(Employee.objects.order_by("pk").values("email", "mobile", "remark"))
    company = simulator.company
    doomed = company.add_department("Doomed")
    synced()
    departments = Department.objects.count()
    company.remove_department(doomed.id)
    if ENDS[scope] != State.SUCCESS:  # a leaver waits until everything can be read
        leaver = company.hire("Leaver", 1)
        synced()
        departments = Department.objects.count()
        before = active()
        values = list(
            Employee.objects.order_by("pk").values("email", "mobile", "remark")
        )
        company.let_go(leaver.userid)
    else:
        departments -= 1
    simulator.permissions.discard(scope)
    run = synced()
    assert run.state == ENDS[scope], (run.error_cause, run.faults)
    assert active() == before
    assert Department.objects.count() == departments
    kept = list(Employee.objects.order_by("pk").values("email", "mobile", "remark"))
    assert kept == values
    if run.state == State.FAILED:
        assert scope in run.error_cause + run.error_remedy
    simulator.permissions.add(scope)
    assert synced().state == State.SUCCESS


def test_without_member_information_a_missing_person_stays_active(
    synced: Sync, simulator: Simulator
) -> None:
    """P3: who cannot be asked for is not marked as left."""
    userid = sorted(simulator.company.people)[0]
    simulator.company.let_go(userid)
    simulator.permissions.discard("qyapi_get_member")
    run = synced()
    assert run.state == State.PARTIAL
    assert userid in active()
    simulator.permissions.add("qyapi_get_member")
    assert synced().counts["left"] == 1
    assert userid not in active()


def test_a_chosen_department_that_empties_lets_its_last_person_go(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    company = simulator.company
    chosen = company.add_department("Chosen")
    last = company.hire("Last", chosen.id)
    idp.scope, idp.departments = "partial", [str(chosen.id)]
    idp.save()
    sync()
    company.let_go(last.userid)
    run = sync()
    assert (run.state, run.counts["left"]) == (State.SUCCESS, 1)


def test_one_odd_answer_about_one_person_does_not_stop_the_others(
    synced: Sync, simulator: Simulator
) -> None:
    """P3, R7: an unknown code keeps that person, and the rest goes on."""
    company = simulator.company
    odd, leaver = sorted(company.people)[:2]
    doomed = company.add_department("Doomed")
    synced()
    company.remove_department(doomed.id)
    company.let_go(odd)
    company.let_go(leaver)
    simulator.faults.add(effects.error("60003"), GET, body={"userid": odd})
    run = synced()
    assert run.state == State.PARTIAL
    assert odd in active()
    assert leaver not in active()
    assert Department.objects.filter(source_id=str(doomed.id)).exists()
    simulator.faults.clear()
    simulator.faults.add(effects.error("40035"), GET, body={"userid": odd})
    assert synced().state == State.PARTIAL
    assert odd in active()


def test_a_rotated_secret_of_the_same_app_holds_nobody_up(
    synced: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """F-29's end."""
    simulator.app_secret = "rotated-" + "s" * 40
    idp.set_secret("app_secret", simulator.app_secret)
    simulator.company.let_go(sorted(simulator.company.people)[0])
    run = synced()
    assert (run.state, run.counts["left"]) == (State.SUCCESS, 1)


def test_the_companys_name_is_kept_when_only_that_cannot_be_read(
    synced: Sync, simulator: Simulator
) -> None:
    name = Department.objects.get(source_id="1").name
    simulator.faults.add(effects.error("60011"), "/topapi/v2/department/get")
    synced()
    assert Department.objects.get(source_id="1").name == name != ""


def test_additions_of_a_partial_run_are_applied_and_removals_are_not(
    synced: Sync, simulator: Simulator
) -> None:
    """F-48: one department out of scope."""
    company = simulator.company
    hidden = company.real_departments()[1]
    leaver = company.members(1)[0].userid
    company.let_go(leaver)
    new = company.hire("New", 1)
    simulator.faults.add(effects.error("50004"), LIST, body={"dept_id": hidden.id})
    before = active()
    run = synced()
    assert run.state == State.PARTIAL
    assert run.faults
    assert active() == before | {new.userid}
    simulator.faults.clear()
    assert synced().state == State.SUCCESS
    assert leaver not in active()


@pytest.mark.parametrize(
    "empty",
    [
        pytest.param(lambda s: s.narrow(set()), id="range-emptied"),
        pytest.param(
            lambda s: s.faults.add(effects.error("50003"), "/topapi/*"),
            id="app-stopped",
        ),
    ],
)
def test_an_empty_root_removes_nobody(
    synced: Sync, simulator: Simulator, empty: Callable[[Simulator], object]
) -> None:
    """F-47."""
    before, departments = active(), Department.objects.count()
    empty(simulator)
    run = synced()
    assert run.state in (State.HELD, State.FAILED, State.PARTIAL)
    assert (active(), Department.objects.count()) == (before, departments)


def test_a_company_that_suddenly_has_nobody_is_held(
    synced: Sync, simulator: Simulator
) -> None:
    """F-47: errcode 0 with empty lists everywhere."""
    before = active()
    company = simulator.company
    for userid in sorted(company.people):
        company.let_go(userid)
    run = synced()
    assert run.state == State.HELD
    assert {held["reason"] for held in run.held_because} >= {"empty_root"}
    assert active() == before
    assert not any(run.counts.values())


def test_a_plan_above_the_guard_is_stored_and_nothing_of_it_is_applied(
    synced: Sync, simulator: Simulator
) -> None:
    """U21, design 2.6: held, not failed."""
    company = simulator.company
    before = active()
    leavers = sorted(company.people)[:7]
    for userid in leavers:
        company.let_go(userid)
    company.hire("New")
    run = synced()
    assert run.state == State.HELD
    assert (run.held_because[0]["count"], run.held_because[0]["limit"]) == (7, 5)
    assert active() == before
    planned = Change.objects.filter(run=run, applied=False, entity="employee")
    assert (
        sorted(planned.filter(kind="remove").values_list("key", flat=True)) == leavers
    )
    assert planned.filter(kind="create").count() == 1
    assert not Change.objects.filter(run=run, applied=True).exists()
    next_run = synced()
    run.refresh_from_db()
    assert (run.state, next_run.state) == (State.SUPERSEDED, State.HELD)


def test_the_first_run_with_other_credentials_ends_nobody_unseen(
    synced: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    simulator.company.let_go(sorted(simulator.company.people)[0])
    idp.settings = idp.settings | {"dingtalk_type": "dedicated"}
    idp.save()
    run = synced()
    assert run.state == State.HELD
    assert run.held_because[-1]["reason"] == "credentials"


def test_a_person_who_moves_during_the_read_is_asked_for_and_stays(
    synced: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """F-54: from a department not read yet into one already read: seen nowhere."""
    company = simulator.company
    early, late = company.add_department("Early"), company.add_department("Late")
    company.hire("Stays", early.id)
    mover = company.hire("Mover", late.id)
    synced()
    moved: list[bool] = []

    def move_once() -> None:
        if not moved:
            moved.append(True)
            company.move(mover.userid, early.id)

    # The department that is read second no longer lists the mover, the first did not yet.
    simulator.faults.add(_before_answer(move_once, {early.id, late.id}), LIST)
    run = synced()
    assert moved == [True]
    assert run.state == State.SUCCESS, run.faults
    assert mover.userid in active()
    simulator.faults.clear()
    synced()
    assert_equal(idp, company)


def _before_answer(act: Callable[[], None], departments: set[int]) -> effects.Effect:
    """Answers truly for the first of `departments`, then acts before the second."""
    answered: list[int] = []

    def effect(
        call: effects.Call, answer: Callable[[], effects.Reply]
    ) -> effects.Reply:
        department = int(str(call.values.get("dept_id")))
        if department in departments:
            if answered:
                act()
            reply = answer()
            answered.append(department)
            return reply
        return answer()

    return effect


def test_a_person_who_vanishes_between_list_and_detail_is_settled_later(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """F-53."""
    company = simulator.company
    idp.mapping = [
        {"target": "name", "sources": ["name"]},
        {"target": "manager_userid", "sources": ["manager_userid"]},
    ]
    idp.save()
    sync()
    before = active()
    userid = sorted(company.people)[0]
    gone: list[bool] = []

    def let_go_once() -> None:
        if not gone:
            gone.append(True)
            company.let_go(userid)

    simulator.faults.before(GET, 1, let_go_once)
    run = sync()
    assert run.state in (State.SUCCESS, State.PARTIAL)
    assert active() >= before - {userid}
    simulator.faults.clear()
    assert sync().state == State.SUCCESS
    assert active() == before - {userid}


def test_a_department_that_vanishes_while_it_is_read_makes_the_run_partial(
    synced: Sync, simulator: Simulator
) -> None:
    company = simulator.company
    doomed = company.add_department("Doomed")
    synced()
    before = active()
    simulator.faults.add(effects.error("60003"), LIST, body={"dept_id": doomed.id})
    run = synced()
    assert run.state == State.PARTIAL
    assert active() == before
    assert Department.objects.filter(source_id=str(doomed.id)).exists()


@pytest.mark.parametrize(
    ("fault", "path", "code"),
    [
        ("quota_used_up", LIST, "quota"),
        (effects.error("31415"), LIST, "31415"),
        (effects.banned_page(), LISTSUB, "not-json"),
        (effects.truncated(), LIST, ""),
    ],
)
def test_what_is_not_an_answer_fails_the_run_and_ends_nobody(
    synced: Sync,
    simulator: Simulator,
    fault: str | effects.Effect,
    path: str,
    code: str,
) -> None:
    """R7, F-32, F-37, F-38: unknown is failed, never empty."""
    before = active()
    simulator.faults.add(fault, path)
    run = synced()
    assert run.state == State.FAILED
    assert code in run.error_code
    assert run.error_cause
    assert active() == before


def test_the_range_narrowed_keeps_what_it_hides(
    synced: Sync, simulator: Simulator
) -> None:
    """F-47, F-48: out of the app's range is not gone."""
    before, departments = active(), Department.objects.count()
    top = simulator.company.real_departments()[1]
    simulator.narrow({top.id})
    run = synced()
    assert run.state in (State.HELD, State.PARTIAL)
    assert (active(), Department.objects.count()) == (before, departments)


def test_hostile_names_and_odd_records_are_kept_as_text(
    synced: Sync, simulator: Simulator
) -> None:
    """I-30, I-31, I-32, I-36: shown later, stored now, nobody lost."""
    company = simulator.company
    names = [
        "<script>alert(1)</script>",
        "'; DROP TABLE idp;--",
        "%s%s%n",
        "=cmd|' /C calc'!A0",
        "x" * 5000,
        "a\u0000b",
        "\u202eabc",
        "😀",
    ]
    people = [company.hire(name, mobile="abc" * 40) for name in names]
    company.distort(people[0].userid, extension="no json", hired_date=-5)
    company.distort(people[1].userid, dept_id_list=None, email="a\nb@example.test")
    run = synced()
    assert run.state in (State.SUCCESS, State.PARTIAL), run.error_cause
    assert {person.userid for person in people} <= active()


def test_a_token_that_is_revoked_in_the_middle_is_asked_for_once_more(
    synced: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    """F-50: one refresh, and the read goes on."""
    simulator.company.hire("New")
    simulator.faults.before(LIST, 2, simulator.revoke_tokens)
    simulator.calls.clear()
    run = synced()
    assert (run.state, run.counts["created"]) == (State.SUCCESS, 1)
    assert simulator.calls["/v1.0/oauth2/accessToken"] == 1
    assert_equal(idp, simulator.company)


def test_a_token_that_is_never_accepted_fails_the_run_and_ends_nobody(
    synced: Sync, simulator: Simulator
) -> None:
    """F-50: the second failure is final."""
    before = active()
    simulator.faults.add(effects.token_invalid("42001"), "/topapi/*")
    run = synced()
    assert run.state == State.FAILED
    assert "42001" in run.error_code + run.error_cause
    assert active() == before


def test_an_address_that_is_not_on_the_list_fails_the_run_and_is_named(
    synced: Sync, simulator: Simulator
) -> None:
    """F-51, S062."""
    before = active()
    simulator.allowed_addresses = {"198.51.100.7"}
    run = synced()
    assert run.state == State.FAILED
    assert "203.0.113.9" in run.error_cause + run.error_remedy
    assert active() == before
