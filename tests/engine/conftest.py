"""A function that carries out one full run as a worker would, and a company under test."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.effects import Effect
from identity.models import IdentityProvider
from sync import runs
from sync.models import Department, Employee, SyncRun
from tests.engine.oracle import assert_equal

Sync = Callable[[], SyncRun]
State = SyncRun.State

LISTSUB = "/topapi/v2/department/listsub"
DEPARTMENT = "/topapi/v2/department/get"
LIST = "/topapi/v2/user/list"
GET = "/topapi/v2/user/get"
SCOPES = "/auth/scopes"
TOKEN = "/v1.0/oauth2/accessToken"


@pytest.fixture
def sync(transactional_db: None, idp: IdentityProvider) -> Sync:
    """Carry out a run of `idp` and give it back with its outcome."""

    def carry_out() -> SyncRun:
        idp.refresh_from_db()
        return runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))

    return carry_out


def active() -> set[str]:
    """userids of everybody who has the active status."""
    rows = Employee.objects.filter(status=Employee.Status.ACTIVE)
    return set(rows.values_list("userid", flat=True))


def departments() -> set[str]:
    """Ids of all departments that the directory holds."""
    return set(Department.objects.values_list("source_id", flat=True))


@dataclass
class Trial:
    """A directory that is the company, and then a fault during a run.

    Since the good run somebody left, somebody came, and a department was closed, so
    that a run which is wrong in either direction shows: `leaver` and `closed` must
    outlive the fault, `newcomer` must be there when it is over.
    """

    sync: Sync
    simulator: Simulator
    idp: IdentityProvider
    leaver: str = ""
    newcomer: str = ""
    closed: str = ""
    people: set[str] = field(default_factory=set)
    tree: set[str] = field(default_factory=set)

    @property
    def company(self) -> Company:
        return self.simulator.company

    def begin(self) -> None:
        """Make the directory equal to the company, then change the company."""
        company = self.company
        leaver = company.hire("Leaver", email="leaver@example.test")
        closed = company.add_department("Closed soon")
        run = self.sync()
        assert run.state == State.SUCCESS, (run.error_cause, run.faults)
        company.let_go(leaver.userid)
        company.remove_department(closed.id)
        self.leaver, self.closed = leaver.userid, str(closed.id)
        self.newcomer = company.hire("Newcomer").userid
        self.people, self.tree = active(), departments()

    def meets(self, fault: str | Effect | None = None, path: str = "*") -> SyncRun:
        """A run that meets a fault on a path: nobody and nothing may be lost by it."""
        self.simulator.calls.clear()
        if fault is not None:
            self.simulator.faults.add(fault, path)
        run = self.sync()
        assert active() >= self.people, run.faults
        assert departments() >= self.tree, run.faults
        assert (run.counts["left"], run.counts["out_of_scope"]) == (0, 0)
        assert run.counts["departments_removed"] == 0
        assert not run.is_open
        return run

    def fails(self, fault: str | Effect | None = None, path: str = "*") -> SyncRun:
        """As `meets`; the run failed, said why and what now, and wrote nothing."""
        run = self.meets(fault, path)
        assert run.state == State.FAILED, (run.state, run.faults)
        assert run.error_code
        assert run.error_cause
        assert run.error_remedy
        assert not any(run.counts.values())
        assert (active(), departments()) == (self.people, self.tree)
        return run

    def heals(self) -> SyncRun:
        """The faults are over: the next run makes the directory the company again."""
        self.simulator.faults.clear()
        run = self.sync()
        assert run.state == State.SUCCESS, (run.error_cause, run.faults)
        assert_equal(self.idp, self.company)
        assert self.leaver not in active()
        assert not any(self.sync().counts.values())
        return run


@pytest.fixture
def trial(sync: Sync, simulator: Simulator, idp: IdentityProvider) -> Trial:
    """A trial that has begun: the fault may come."""
    trial = Trial(sync, simulator, idp)
    trial.begin()
    return trial
