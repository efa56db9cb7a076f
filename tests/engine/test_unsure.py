"""What nobody could say for certain: who a userid is, and where somebody belongs.

Combinations of faults that each alone are harmless.
"""

import pytest

from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.effects import Effect
from identity.models import IdentityProvider
from sync.models import Employee, Membership, SyncRun
from tests.engine.conftest import GET, LIST, LISTSUB, Sync, Trial, active

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)


def seats(userid: str) -> set[str]:
    """Ids of the departments that an active person is in."""
    rows = Membership.objects.filter(
        employee__userid=userid, employee__status=Employee.Status.ACTIVE
    )
    return set(rows.values_list("department__source_id", flat=True))


@pytest.mark.parametrize("scope", ["all", "partial"])
def test_an_answer_without_departments_ends_nobody(
    sync: Sync, trial: Trial, idp: IdentityProvider, scope: str
) -> None:
    """F-49, F-54: a list forgets somebody, and their record says not where they are."""
    company = trial.company
    place = company.add_department("Place")
    someone = company.hire("Someone", place.id)
    IdentityProvider.objects.filter(pk=idp.pk).update(
        scope=scope,
        departments=[str(place.id)],
        guard_people_min=10**6,
        guard_departments_min=10**6,
    )
    sync()
    assert someone.userid in active()
    trial.simulator.faults.add(effects.empty(), LIST, body={"dept_id": place.id})
    trial.simulator.faults.add(effects.without("dept_id_list", "dept_order_list"), GET)
    run = sync()
    assert someone.userid in active(), run.counts
    assert run.counts["out_of_scope"] == 0
    trial.simulator.faults.clear()
    run = sync()
    assert (run.state, seats(someone.userid)) == (State.SUCCESS, {str(place.id)})


@pytest.mark.parametrize(
    ("fault", "path"),
    [(effects.error("50004"), LISTSUB), (effects.error("50002"), GET)],
    ids=["partial", "unreadable"],
)
def test_the_new_holder_of_a_userid_seats_nobody_else(
    trial: Trial, fault: Effect, path: str
) -> None:
    """T-12, F-48: while it is not certain, the old holder keeps exactly their places."""
    company = trial.company
    old_place, new_place = (company.add_department(name) for name in ("Old", "New"))
    old = company.hire("Old holder", old_place.id)
    trial.simulator.faults.clear()
    trial.sync()
    row = Employee.objects.get(userid=old.userid)
    company.let_go(old.userid)
    company.hire("New holder", new_place.id, userid=old.userid, unionid="another")
    body = {"dept_id": old_place.id} if path == LISTSUB else None
    trial.simulator.faults.add(fault, path, body=body)
    run = trial.sync()
    assert run.state == State.PARTIAL, run.error_cause
    assert Employee.objects.get(userid=old.userid, status="active").pk == row.pk
    assert seats(old.userid) == {str(old_place.id)}
    trial.simulator.faults.clear()
    assert trial.sync().counts["replaced"] == 1
    assert seats(old.userid) == {str(new_place.id)}
    assert not any(trial.sync().counts.values())


@pytest.mark.parametrize("sign", ["\x00", "\ud800"], ids=["nul", "half"])
def test_a_permission_named_in_signs_that_nothing_takes_is_named_all_the_same(
    trial: Trial, sign: str
) -> None:
    """F-48, I-30: the run says that a permission is missing, and ends."""
    trial.meets(effects.error("60011", f"requiredScopes=[qyapi{sign}_x]"), LIST)
    run = SyncRun.objects.latest("pk")
    assert run.error_code in ("", "60011")
    assert "qyapi" in f"{run.error_cause}{run.faults}"
    trial.heals()
