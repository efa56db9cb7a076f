"""U20: a run ends within 5 s of the click, whatever it is waiting for."""

import time
from typing import Any

import pytest
from django.db import connections

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.effects import Effect, busy, drip
from identity.models import IdentityProvider
from sync import runs
from sync.models import SyncRun
from tests.engine.conftest import GET, LIST, SCOPES, Sync
from tests.plugins.simulated import MakeSimulator

pytestmark = pytest.mark.django_db(transaction=True)
LONGEST = 5.0


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    return make_simulator(employees=12, departments=3)


class Click:
    """Somebody presses Cancel, once, and looks at the clock."""

    def __init__(self, run: SyncRun) -> None:
        self._run = run
        self.at = 0.0

    def __call__(self) -> None:
        if not self.at:
            self.at = time.monotonic()
            runs.request_cancel(self._run)

    def elsewhere(self) -> None:
        """From a thread that is not this one."""
        self()
        connections.close_all()

    def during(self, effect: Effect) -> Effect:
        """The same fault, met as the button is pressed."""

        def met(call: Any, answer: Any) -> Any:
            self.elsewhere()
            return effect(call, answer)

        return met


def carry_out(run: SyncRun, click: Click) -> None:
    """Perform the run: it is cancelled in time, and says so."""
    runs.perform(run)
    assert click.at
    assert time.monotonic() - click.at < LONGEST
    assert run.state == SyncRun.State.CANCELLED, run.error_cause


@pytest.mark.parametrize("path", [SCOPES, LIST])
def test_while_an_answer_comes_slowly(
    idp: IdentityProvider, simulator: Simulator, path: str
) -> None:
    run = runs.enqueue(idp, trigger="person")
    click = Click(run)
    simulator.faults.add(click.during(drip(0.2)), path)
    carry_out(run, click)


def test_while_the_first_call_is_repeated(
    idp: IdentityProvider, simulator: Simulator, settings: Any
) -> None:
    settings.DINGTALK_RETRY_BASE = 30.0
    run = runs.enqueue(idp, trigger="person")
    click = Click(run)
    simulator.faults.add(click.during(busy()), SCOPES)
    carry_out(run, click)


def test_while_a_turn_is_waited_for(
    idp: IdentityProvider, simulator: Simulator, settings: Any
) -> None:
    """Others of this app call as well, so that its turn may be long in coming."""
    settings.DINGTALK_RATE = 0.1
    run = runs.enqueue(idp, trigger="person")
    click = Click(run)
    simulator.faults.before(LIST, 1, click.elsewhere)
    carry_out(run, click)
    assert simulator.calls[LIST] == 1


def test_while_somebody_who_is_missing_is_asked_for(
    sync: Sync, idp: IdentityProvider, simulator: Simulator, settings: Any
) -> None:
    person = simulator.company.hire("Leaver")
    sync()
    simulator.company.let_go(person.userid)
    settings.DINGTALK_RETRY_BASE = 30.0
    run = runs.enqueue(idp, trigger="person")
    click = Click(run)
    simulator.faults.add(click.during(busy()), GET)
    carry_out(run, click)
    assert run.counts["left"] == 0


def test_between_two_chunks_that_are_written(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """What was written stays, and is counted."""
    run = runs.enqueue(idp, trigger="person")
    click = Click(run)

    def watch(run: SyncRun) -> None:
        if run.stage == SyncRun.Stage.APPLY and run.changes_applied and not click.at:
            click()
            time.sleep(1.3)  # the heartbeat hears of it

    runs.perform(run, report=watch)
    assert time.monotonic() - click.at < LONGEST
    assert run.state == SyncRun.State.CANCELLED
    assert run.counts["departments_created"]
    assert not run.counts["memberships_added"]
