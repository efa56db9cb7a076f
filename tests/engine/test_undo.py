"""A run is taken back as a plan of its own: shown, approved, written, and not repeated."""

from collections.abc import Callable, Collection

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, User
from sync import approving, runs
from sync.inverse import Before, Past, Wish, reverted, wishes
from sync.models import Change, Department, Employee, Kept, Membership, SyncRun

State, Purpose = SyncRun.State, SyncRun.Purpose
Undo = Callable[..., SyncRun]


@pytest.fixture
def admin(transactional_db: None) -> User:
    return User.objects.create_user("decides", role=User.Role.ADMINISTRATOR)


def sync(idp: IdentityProvider) -> SyncRun:
    idp.refresh_from_db()
    return runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))


def plan_undo(run: SyncRun) -> SyncRun:
    """The undo of a run as an administrator sees it first."""
    run.idp.refresh_from_db()
    queued = runs.enqueue(
        run.idp, trigger=SyncRun.Trigger.PERSON, purpose=Purpose.UNDO, undoes=run
    )
    return runs.perform(queued)


@pytest.fixture
def undo(admin: User) -> Undo:
    """Plan the undo of a run, and approve it; gives back the run that wrote it."""

    def take_back(run: SyncRun, left_out: Collection[tuple[str, str]] = ()) -> SyncRun:
        held = plan_undo(run)
        assert held.state == State.HELD, (held.state, held.error_cause, held.faults)
        queued = approving.approve(held, admin, digest=held.digest, left_out=left_out)
        return runs.perform(queued)

    return take_back


def directory() -> dict[str, object]:
    """Everything that an undo brings back, without numbers of reads."""
    people = Employee.objects.filter(status=Employee.Status.ACTIVE).order_by("userid")
    names = ("userid", "unionid", "name", "title", "sub", "attributes")
    return {
        "people": list(people.values_list(*names)),
        "departments": list(
            Department.objects.order_by("source_id").values_list(
                "source_id", "parent_source_id", "name", "path", "direct", "total"
            )
        ),
        "places": sorted(
            Membership.objects.values_list(
                "employee__userid", "department__source_id", "leader"
            )
        ),
    }


def kept(run: SyncRun) -> list[str]:
    """What an undo leaves as it is, and why."""
    return [f"{note['where']}: {note['message']}" for note in run.notes]


@pytest.fixture
def company(
    transactional_db: None, simulator: Simulator, idp: IdentityProvider
) -> Simulator:
    assert sync(idp).state == State.SUCCESS
    return simulator


def test_everything_that_a_run_changed_is_as_it_was(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    firm = company.company
    here = firm.add_department("Laboratory")
    stays = firm.hire("Stays", here.id, title="Engineer")
    sync(idp)
    before = directory()
    firm.update(stays.userid, title="Chief")
    firm.rename_department(here.id, "Works")
    fresh = firm.add_department("Fresh", here.id)
    joins = firm.hire("Joins", fresh.id)
    firm.move(stays.userid, fresh.id)
    changed = sync(idp)
    assert changed.state == State.SUCCESS
    assert directory() != before
    written = undo(changed)
    assert written.state == State.SUCCESS, (written.error_cause, written.faults)
    assert directory() == before
    row = Employee.objects.get(userid=joins.userid)
    assert row.status == Employee.Status.OUT_OF_SCOPE
    assert not Kept.objects.exists()


@pytest.mark.alone
def test_an_undo_that_is_undone_makes_the_run_again(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    firm = company.company
    person = firm.hire("Renamed")
    sync(idp)
    firm.rename(person.userid, "Somebody")
    firm.hire("Joins")
    changed = sync(idp)
    after = directory()
    first = undo(changed)
    assert directory() != after
    assert undo(first).state == State.SUCCESS
    assert directory() == after


@pytest.mark.alone
def test_nothing_is_written_before_it_is_approved(
    company: Simulator, idp: IdentityProvider
) -> None:
    company.company.hire("Joins")
    changed = sync(idp)
    before = directory()
    held = plan_undo(changed)
    assert (held.state, held.purpose) == (State.HELD, Purpose.UNDO)
    assert directory() == before
    assert held.held_because == [{"reason": "undo", "count": 1, "limit": 0}]
    assert set(held.changes.values_list("applied", flat=True)) == {False}
    assert set(held.changes.values_list("kind", flat=True)) >= {"out_of_scope"}


def narrowed(company: Simulator, idp: IdentityProvider) -> tuple[SyncRun, list[str]]:
    """The run after the scope was narrowed, and who lost access by it."""
    firm = company.company
    inside, outside = firm.add_department("Inside"), firm.add_department("Outside")
    firm.hire("Inside", inside.id)
    lost = [firm.hire(f"Lost {n}", outside.id).userid for n in range(4)]
    sync(idp)
    IdentityProvider.objects.filter(pk=idp.pk).update(
        scope="partial",
        departments=[str(inside.id)],
        guard_people_percent=100,
        guard_departments_percent=100,
    )
    run = sync(idp)
    assert run.state == State.SUCCESS, (run.held_because, run.faults)
    assert run.counts["out_of_scope"] >= 4
    return run, lost


def test_who_left_the_company_stays_out_whatever_is_undone(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    """P3: access comes back only for whom the vendor still knows, as the same person."""
    run, lost = narrowed(company, idp)
    IdentityProvider.objects.filter(pk=idp.pk).update(scope="all", departments=[])
    company.company.let_go(lost[0])
    written = undo(run)
    assert written.state == State.SUCCESS
    statuses = dict(Employee.objects.values_list("userid", "status"))
    assert statuses[lost[0]] == Employee.Status.OUT_OF_SCOPE
    assert {statuses[userid] for userid in lost[1:]} == {Employee.Status.ACTIVE}
    back = Employee.objects.get(userid=lost[1])
    assert back.memberships.count() == 1
    held = written.approves
    assert held is not None
    assert held.changes.get(entity="employee", key=lost[1]).verdict == "found"
    assert kept(held) == ["Lost 0: They have left: the vendor does not know them."]


def test_who_leaves_between_the_plan_and_its_approval_stays_out(
    company: Simulator, idp: IdentityProvider, admin: User
) -> None:
    run, lost = narrowed(company, idp)
    IdentityProvider.objects.filter(pk=idp.pk).update(scope="all", departments=[])
    held = plan_undo(run)
    company.company.let_go(lost[2])
    queued = approving.approve(held, admin, digest=held.digest)
    written = runs.perform(queued)
    assert written.state == State.SUCCESS
    assert Employee.objects.get(userid=lost[2]).status != Employee.Status.ACTIVE
    assert Employee.objects.get(userid=lost[1]).status == Employee.Status.ACTIVE


@pytest.mark.alone
def test_who_is_outside_of_the_scope_of_today_stays_out(
    company: Simulator, idp: IdentityProvider
) -> None:
    run, lost = narrowed(company, idp)
    held = plan_undo(run)
    assert "Lost 0: They are outside of the chosen scope." in kept(held)
    assert not held.changes.filter(entity="employee", key=lost[0]).exists()


@pytest.mark.alone
def test_what_was_changed_since_the_run_stays(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    firm = company.company
    person = firm.hire("Before", title="Engineer")
    sync(idp)
    firm.rename(person.userid, "Between")
    firm.update(person.userid, title="Chief")
    changed = sync(idp)
    firm.rename(person.userid, "Newest")
    sync(idp)
    undo(changed)
    row = Employee.objects.get(userid=person.userid)
    assert (row.name, row.title) == ("Newest", "Engineer")


@pytest.mark.alone
def test_rows_that_are_left_out_are_not_taken_back(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    firm = company.company
    one, other = firm.hire("One"), firm.hire("Other")
    changed = sync(idp)
    undo(changed, [("employee", one.userid)])
    statuses = dict(Employee.objects.values_list("userid", "status"))
    assert statuses[one.userid] == Employee.Status.ACTIVE
    assert statuses[other.userid] == Employee.Status.OUT_OF_SCOPE
    assert not Kept.objects.exists()


@pytest.mark.alone
def test_a_department_that_others_use_by_now_stays(
    company: Simulator, idp: IdentityProvider, undo: Undo
) -> None:
    firm = company.company
    fresh = firm.add_department("Fresh")
    changed = sync(idp)
    firm.hire("Later", fresh.id)
    sync(idp)
    held = plan_undo(changed)
    assert held.state == State.SUCCESS  # nothing is left to take back
    assert kept(held) == ["Fresh: There are people or departments in it."]


def test_a_run_that_would_do_it_again_waits(
    company: Simulator, idp: IdentityProvider, undo: Undo, admin: User
) -> None:
    firm = company.company
    person = firm.hire("Joins")
    undo(sync(idp))
    again = sync(idp)
    assert again.state == State.HELD
    assert [reason["reason"] for reason in again.held_because] == ["undone"]
    row = Employee.objects.get(userid=person.userid)
    assert row.status == Employee.Status.OUT_OF_SCOPE
    queued = approving.approve(again, admin, digest=again.digest)
    assert runs.perform(queued).state == State.SUCCESS
    row.refresh_from_db()
    assert row.status == Employee.Status.ACTIVE
    assert sync(idp).state == State.SUCCESS


def test_an_undo_waits_beside_the_next_runs(
    company: Simulator, idp: IdentityProvider
) -> None:
    company.company.hire("Joins")
    undone = sync(idp)
    held = plan_undo(undone)
    company.company.hire("Another")
    assert sync(idp).state == State.SUCCESS
    held.refresh_from_db()
    assert held.state == State.HELD
    assert plan_undo(undone).state == State.HELD
    held.refresh_from_db()
    assert held.state == State.SUPERSEDED


# --- the inverse by itself ---


def past(kind: str, before: object = None, after: object = None) -> Past:
    return Past("employee", "u1", kind, "Name", before, after)  # type: ignore[arg-type]


@pytest.mark.alone
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["create"], Before.NOTHING),
        (["return"], Before.NOTHING),
        (["leave"], Before.SOMETHING),
        (["update"], Before.OTHER_VALUES),
        (["update", "create"], Before.NOTHING),
        (["leave", "update"], Before.SOMETHING),
        (["create", "replace"], Before.SOMEBODY_ELSE),
        (["return", "leave"], Before.SOMETHING),
    ],
)
def test_changes_of_one_key_are_walked_back_from_the_newest(
    changes: list[str], expected: Before
) -> None:
    rows = [past(kind, {"name": kind}, {"name": f"after {kind}"}) for kind in changes]
    assert wishes(rows)["employee", "u1"].state is expected


@pytest.mark.alone
def test_of_several_updates_the_oldest_side_counts_and_the_newest_is_compared() -> None:
    newest = past("update", {"title": "b", "name": "n"}, {"title": "c", "name": "m"})
    oldest = past("update", {"title": "a"}, {"title": "b"})
    wish = wishes([newest, oldest])["employee", "u1"]
    assert reverted({"title": "c", "name": "other"}, wish) == {
        "title": "a",
        "name": "other",
    }


@pytest.mark.alone
@pytest.mark.parametrize(
    ("now", "expected"),
    [({"leader": True}, {"leader": False}), ({}, {}), ({"leader": False}, {})],
)
def test_a_value_goes_back_only_from_what_the_run_made_of_it(
    now: dict[str, object], expected: dict[str, object]
) -> None:
    wish = Wish(Before.OTHER_VALUES, "", {"leader": False}, {"leader": True})
    found = reverted(now, wish)
    assert {k: v for k, v in found.items() if v != now.get(k)} == expected


@pytest.mark.alone
def test_a_change_of_the_history_knows_when_it_was_made(
    company: Simulator, idp: IdentityProvider
) -> None:
    run = SyncRun.objects.filter(state=State.SUCCESS).latest("pk")
    moments = Change.objects.filter(run=run).values_list("at", flat=True)
    assert moments
    assert run.started_at is not None
    assert all(moment >= run.started_at for moment in moments)
