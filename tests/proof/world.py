"""One company, its directory, and what may happen to both: the ground of a scenario."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider, User
from sync import approving, handling, runs, schedule, worklist
from sync.accounts import may_log_on
from sync.models import Employee, InboxEvent, SyncRun
from tests.dying.points import Point
from tests.engine.churn import Churn
from tests.engine.oracle import assert_equal
from tests.plugins.arriving import Arriving
from tests.proof.truth import Truth

State = SyncRun.State
OPEN = list(SyncRun.OPEN)


class Died(BaseException):
    """What ends a worker at once: nothing of the product catches it."""


class World:
    """Acts of a scenario. `truth` hears of everything that may be held against us."""

    def __init__(
        self, simulator: Simulator, idp: IdentityProvider, tally: Counter[str]
    ) -> None:
        self.simulator, self.idp, self.tally = simulator, idp, tally
        self.company = simulator.company
        self.churn = Churn(self.company, 0)
        self.arriving = Arriving(idp, simulator)
        self.truth = Truth(idp, self.company)
        self.admin = User.objects.create_user(f"admin of {idp.pk}")
        self.full_run()

    # --- the company ---

    def happens(self, seed: int, steps: int) -> None:
        """Some changes."""
        self.churn.chance.seed(seed)
        self.churn.week(steps)
        self.truth.look()

    def while_reading(self, path: str, nth: int, seed: int) -> None:
        """A change just before some call of the next reads."""

        def act() -> None:
            self.churn.chance.seed(seed)
            self.churn.step()
            self.truth.look()

        self.simulator.faults.before(path, nth, act)

    # --- events ---

    def events_arrive(self, seed: int, lost: float, copied: float, mixed: bool) -> None:
        """What the company told since the last time, more or less."""
        chance = random.Random(seed)
        texts = self.arriving.texts(self.arriving.take())
        texts = [text for text in texts if chance.random() >= lost]
        texts += [text for text in texts if chance.random() < copied]
        if mixed:
            chance.shuffle(texts)
        self.arriving.arrive(*texts)

    def handle(self) -> None:
        """A worker is rung for the events."""
        self.arriving.work()

    def time_passes(self) -> None:
        """A minute, for everything that waits."""
        self.arriving.later()

    # --- runs ---

    def full_run(self, *, people: bool = True) -> SyncRun | None:
        """Somebody starts a run, and a worker carries it out; None if there is one."""
        self.idp.refresh_from_db()
        try:
            run = runs.enqueue(self.idp, trigger="person", people=people)
        except runs.AlreadyRunning:
            return None
        return self._count(runs.perform(run))

    def cancelled_run(self, path: str, nth: int) -> None:
        """Somebody cancels a run on its way."""

        def cancel() -> None:
            for run in SyncRun.objects.filter(idp=self.idp, state__in=OPEN):
                runs.request_cancel(run)

        self.simulator.faults.before(path, nth, cancel)
        self.full_run()

    def dies(self, point: Point, act: Callable[[], object]) -> None:
        """A worker dies on its way."""

        def die() -> None:
            self.tally["deaths"] += 1
            raise Died

        try:
            with point.reached(self.simulator, die):
                act()
        except Died:
            pass

    def taken_over(self) -> None:
        """The leases end, and others go on."""
        past = timezone.now() - timedelta(seconds=1)
        running = SyncRun.objects.filter(idp=self.idp, state=State.RUNNING)
        running.update(lease_until=past)
        list(schedule.restart_dead())
        self.perform_waiting()

    def perform_waiting(self) -> None:
        """What a worker does with runs that wait."""
        for number in schedule.waiting():
            self._count(runs.perform(SyncRun.objects.get(pk=number)))

    def decide(self, *, agree: bool) -> None:
        """An administrator looks at what is held."""
        held = SyncRun.objects.filter(idp=self.idp, state=State.HELD).last()
        if held is not None:
            try:
                if agree:
                    approving.approve(held, self.admin, digest=held.digest)
                else:
                    approving.refuse(held, self.admin)
            except approving.NotWaiting:
                return
            self.tally["approved" if agree else "refused"] += 1
            self.perform_waiting()
        if agree:
            handling.approve(self.idp)

    def set_status(self, status: str) -> None:
        """Somebody closes or enables the IdP."""
        IdentityProvider.objects.filter(pk=self.idp.pk).update(status=status)
        self.idp.refresh_from_db()

    # --- the end ---

    def settles(self) -> None:
        """The faults stop; then the directory must be the company."""
        self.simulator.faults.clear()
        self.simulator.narrow({1})
        self.set_status("enabled")
        # A field that comes for nobody at all is unknown and not blank (design 2.3).
        for userid in list(self.simulator.company.people):
            self.simulator.company.update(userid, remark="Settled")
        self.taken_over()
        self.decide(agree=True)
        IdentityProvider.objects.filter(pk=self.idp.pk).update(
            guard_people_percent=100, guard_departments_percent=100
        )
        self.idp.refresh_from_db()
        for _ in range(3):
            self.decide(agree=True)
            self.arriving.later()
            self.perform_waiting()
            self.full_run()
        run = self.full_run()
        assert run is not None
        assert run.state == State.SUCCESS, (
            run.error_cause,
            run.faults,
            run.held_because,
        )
        self.truth.judge()
        assert_equal(self.idp, self.company)
        assert not SyncRun.objects.filter(idp=self.idp, state__in=OPEN).exists()
        assert not worklist.due(self.idp).events
        self._nobody_is_cut_off()

    def _nobody_is_cut_off(self) -> None:
        people = Employee.objects.filter(idp=self.idp, status="active")
        cut = [person.userid for person in people if not may_log_on(person)]
        assert not cut, (cut, waiting(self.idp))

    def end(self) -> None:
        """Nothing of it stays."""
        self.idp.delete()
        self.admin.delete()

    def _count(self, run: SyncRun) -> SyncRun:
        self.tally[f"runs {run.state}"] += 1
        return run


def waiting(idp: IdentityProvider) -> list[Any]:
    """What an assertion tells of events."""
    rows = InboxEvent.objects.filter(idp=idp).order_by("pk")
    return [*rows.values("kind", "state", "outcome", "userids")]
