"""The directory at a past moment is the one that was there, after anything at all."""

from datetime import datetime

import pytest
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync.models import Change, SyncRun
from sync.org import asof
from tests.engine.churn import Churn
from tests.engine.conftest import Sync, sync  # noqa: F401
from tests.history.test_past import Shown, shown
from tests.plugins.simulated import MakeSimulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    return make_simulator(employees=24, departments=6)


@pytest.mark.parametrize("seed", range(4))
def test_u22_every_earlier_run_left_what_as_of_shows(
    sync: Sync,  # noqa: F811
    simulator: Simulator,
    idp: IdentityProvider,
    seed: int,
) -> None:
    """Departments, memberships, statuses and values; and nothing before the first run."""
    idp.guard_departments_percent = 100
    idp.save()
    churn = Churn(simulator.company, seed)
    taken: list[tuple[datetime, Shown]] = [(timezone.now(), shown(asof.picture(idp)))]
    company = simulator.company
    guest = company.hire("Comes and goes")
    for week in range(4):
        assert sync().state in (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL)
        taken.append((timezone.now(), shown(asof.picture(idp))))
        churn.week(20)
        if guest.userid in company.people:
            company.let_go(guest.userid)
        else:
            company.hire(f"Is back {week}", userid=guest.userid, unionid=guest.unionid)
    assert len({repr(each) for _, each in taken}) == len(taken)
    for at, wanted in taken:
        assert shown(asof.picture(idp, asof.moment(idp, at))) == wanted
    kinds = set(Change.objects.values_list("entity", "kind"))
    assert {("employee", "return"), ("membership", "remove")} <= kinds
