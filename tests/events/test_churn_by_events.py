"""P2: events alone keep the directory equal to the company, whatever their order."""

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync.models import InboxEvent
from tests.engine.churn import ACTS, Churn
from tests.engine.conftest import Sync
from tests.engine.conftest import sync as sync
from tests.engine.oracle import assert_equal
from tests.plugins.arriving import Arriving
from tests.plugins.simulated import MakeSimulator

State = InboxEvent.State
pytestmark = pytest.mark.django_db(transaction=True)
SILENT = (Churn.reorder, Churn.shuffle_departments)
"""Changes of which DingTalk sends no event."""


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    return make_simulator(employees=24, departments=6)


@pytest.mark.parametrize("seed", range(20))
def test_churn_by_events_alone_ends_with_the_company_exactly(
    sync: Sync, arriving: Arriving, idp: IdentityProvider, seed: int
) -> None:
    """All six kinds; every other seed with duplicates, disorder, both spellings."""
    idp.guard_departments_percent = idp.guard_people_percent = 100
    idp.save()
    company = arriving.simulator.company
    churn = Churn(company, seed, [act for act in ACTS if act not in SILENT])
    sync()
    for _ in range(2):
        churn.week(20)
        if seed % 2:
            arriving.in_disorder(churn.chance)
        else:
            arriving.happened()
        for _look in range(4):
            arriving.later()
    assert set(InboxEvent.objects.values_list("state", flat=True)) <= {
        State.APPLIED,
        State.IGNORED,
    }
    assert_equal(idp, company)
