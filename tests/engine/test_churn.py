"""P2, P3: whatever happens in a company, and whatever happens on the way, the directory
is the company again after the next good run, exactly; and nobody lost access for it."""

import pytest

from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync.models import Department, Employee, Membership, SyncRun
from tests.engine.churn import ACTS, Churn
from tests.engine.conftest import GET, LIST, LISTSUB, Sync, active
from tests.engine.oracle import assert_equal
from tests.plugins.simulated import MakeSimulator

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)
WEEKS = 3


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    """A company small enough for twenty of them."""
    return make_simulator(employees=24, departments=6)


def numbers() -> list[tuple[str, int]]:
    """Every row's read number: a write, even of the same values, would change it."""
    return [
        *Department.objects.order_by("pk").values_list("source_id", "read_number"),
        *Employee.objects.order_by("pk").values_list("userid", "read_number"),
        *Membership.objects.order_by("pk").values_list(
            "employee__userid", "read_number"
        ),
    ]


def disturb(simulator: Simulator, churn: Churn) -> None:
    """One fault or change for the run to come, by chance."""
    chance, faults = churn.chance, simulator.faults
    somewhere = chance.choice(simulator.company.real_departments()).id
    kind = chance.randrange(9)
    if kind == 0:
        faults.add(effects.error("50004"), LIST, body={"dept_id": somewhere})
    elif kind == 1:
        faults.add(effects.error("60003"), LISTSUB, body={"dept_id": somewhere})
    elif kind == 2:
        faults.add("busy", probability=0.1, seed=chance.randrange(99))
    elif kind == 3:
        faults.add("truncated", LIST, times=chance.randint(1, 9))
    elif kind == 4:
        faults.add("twice", LIST)
    elif kind == 5:
        faults.add("empty", LISTSUB, body={"dept_id": somewhere})
    elif kind == 6:
        faults.add(effects.error("60011"), GET)
    elif kind == 7:
        faults.before(LIST, chance.randint(1, 5), churn.step)
        faults.before(LISTSUB, chance.randint(1, 5), churn.step)
    else:
        faults.before(LIST, chance.randint(1, 6), simulator.revoke_tokens)


@pytest.mark.parametrize("seed", range(20))
def test_after_random_churn_the_directory_is_the_company_again(
    sync: Sync, simulator: Simulator, idp: IdentityProvider, seed: int
) -> None:
    """Twenty seeds, every other one with a fault before each good run."""
    idp.guard_departments_percent = 100  # several at once are no surprise here
    idp.save()
    churn = Churn(simulator.company, seed)
    assert sync().state == State.SUCCESS
    for _ in range(WEEKS):
        churn.week(25)
        if seed % 2:
            before = active()
            disturb(simulator, churn)
            sync()
            simulator.faults.clear()
            here = {u for u, p in simulator.company.people.items() if u in before}
            assert active() >= here
        run = sync()
        assert run.state == State.SUCCESS, (
            run.error_cause,
            run.faults,
            run.held_because,
        )
        assert_equal(idp, simulator.company)
    before_nothing = numbers()
    assert not any(sync().counts.values())
    assert numbers() == before_nothing


def test_twenty_seeds_bring_every_kind_of_change(make_simulator: MakeSimulator) -> None:
    done: set[str] = set()
    for seed in range(20):
        churn = Churn(make_simulator(24, 6).company, seed)
        for _ in range(WEEKS):
            churn.week(25)
        done |= churn.done
    assert done == {act.__name__ for act in ACTS}
