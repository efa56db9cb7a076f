"""A company under change whose runs lose their workers, and what must be true then."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import runs, schedule
from sync.accounts import may_log_on
from sync.models import Change, Employee, SyncRun
from tests.dying import nursery
from tests.dying.nursery import Nursery
from tests.dying.points import Point
from tests.engine.conftest import active
from tests.engine.oracle import assert_equal

State = SyncRun.State


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where workers come from."""
    with nursery.opened(tmp_path_factory.mktemp("nursery")) as opened:
        yield opened


@dataclass
class Dying:
    """One company, its directory, and runs that do not end by themselves."""

    simulator: Simulator
    idp: IdentityProvider
    workers: Nursery
    company_file: Path
    week: int = 0
    here: set[str] = field(default_factory=set)

    def carry_out(self) -> SyncRun:
        """A run that nothing happens to."""
        return runs.perform(runs.enqueue(self.idp, trigger="person"))

    def goes_on(self) -> None:
        """Somebody comes, leaves, moves and is renamed; a department comes, one goes."""
        company, self.week = self.simulator.company, self.week + 1
        people = sorted(company.people)
        places = [each.id for each in company.real_departments()]
        company.let_go(people[0])
        company.let_go(people[3])
        company.move(people[1], places[self.week % len(places)])
        company.rename(people[2], f"Week {self.week}")
        fresh = company.add_department(f"Week {self.week}")
        company.hire(f"Newcomer {self.week}", fresh.id)
        company.hire(f"Colleague {self.week}", fresh.id)
        old = f"Week {self.week - 2}"
        for each in [d for d in company.real_departments() if d.name == old]:
            for person in company.members(each.id):
                company.move(person.userid, places[1])
            company.remove_department(each.id)

    def queue(self) -> SyncRun:
        """A run for somebody to carry out."""
        return runs.enqueue(self.idp, trigger="person")

    def meets(self, run: SyncRun, point: Point, number: int) -> int:
        """A worker carries the run out, and gets a signal there; its process id."""
        self.simulator.company.save(self.company_file)
        return self.workers.send(
            database=str(connection.settings_dict["NAME"]),
            run=run.pk,
            company=str(self.company_file),
            credentials=asdict(self.simulator.credentials),
            point=point.name,
            signal=int(number),
        )

    def taken_over(self) -> list[SyncRun]:
        """The lease ends, and another worker does what the scheduler finds."""
        past = timezone.now() - timedelta(seconds=1)
        SyncRun.objects.filter(state=State.RUNNING).update(lease_until=past)
        list(schedule.restart_dead())
        waiting = SyncRun.objects.filter(pk__in=schedule.waiting())
        return [runs.perform(run) for run in waiting]

    def nobody_is_locked_out(self) -> None:
        """Everybody who works there and was here already can log on."""
        rows = {p.userid: p for p in Employee.objects.filter(status="active")}
        for userid in self.simulator.company.people.keys() & self.here:
            assert may_log_on(rows[userid]), userid

    def remember(self) -> None:
        """Who is here now."""
        self.here = active()

    def is_as_it_should_be(self) -> None:
        """The directory is the company, no run is open, and nothing was done twice."""
        assert_equal(self.idp, self.simulator.company)
        assert not SyncRun.objects.filter(state__in=SyncRun.OPEN).exists()
        once = Change.objects.filter(entity="employee", kind__in=["create", "leave"])
        done = Counter(once.values_list("kind", "key"))
        assert not [each for each, times in done.items() if times > 1]


@pytest.fixture
def dying(
    transactional_db: None,
    simulator: Simulator,
    idp: IdentityProvider,
    workers: Nursery,
    tmp_path: Path,
) -> Dying:
    """A directory that is the company."""
    dying = Dying(simulator, idp, workers, tmp_path / "company.json")
    assert dying.carry_out().state == State.SUCCESS
    return dying
