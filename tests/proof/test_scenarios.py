"""G-03, P2, P3: a small part of `make proof`."""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from tests.plugins.simulated import MakeSimulator
from tests.proof import machine
from tests.proof.world import World

USUAL = "10" if connection.vendor == "sqlite" else "3"
SCENARIOS = int(os.environ.get("PROOF_SCENARIOS", USUAL))
SEED = int(os.environ.get("PROOF_SEED", "1"))
PARTS = -(-SCENARIOS // 50)
"""Each with a seed of its own, so that several processes share them."""
STEPS = 12


def an_idp(simulator: Simulator) -> IdentityProvider:
    """A confirmed IdP of this simulator."""
    given = asdict(simulator.credentials) | {"dingtalk_type": "standard"}
    idp = IdentityProvider(kind="dingtalk", name=simulator.app_key)
    plain = idp.connector_class.plain_settings
    idp.settings = {name: given.get(name, "") for name in plain}
    idp.confirmed_at = timezone.now()
    idp.save()
    idp.set_secret("app_secret", given["app_secret"])
    return idp


@pytest.fixture
def worlds(transactional_db: None, make_simulator: MakeSimulator) -> Iterator[None]:
    """Companies of twenty people, each with an IdP of its own."""

    def make() -> World:
        simulator = make_simulator(employees=20, departments=5)
        return World(simulator, an_idp(simulator), machine.tally)

    machine.make_world.append(make)
    yield
    machine.make_world.pop()


@pytest.mark.parametrize("part", range(PARTS))
def test_G03_nobody_loses_access_who_has_not_left_and_all_who_left_do(
    worlds: None, part: int
) -> None:
    """Whatever happens in a scenario, and exactly once the faults have stopped."""
    machine.tally.clear()
    begun = time.monotonic()
    number = SEED * 1000 + part
    chosen = settings(
        max_examples=SCENARIOS // PARTS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(seed(number)(machine.Machine), settings=chosen)
    assert machine.tally["scenarios"] >= SCENARIOS // PARTS
    told = ", ".join(f"{n} {name}" for name, n in sorted(machine.tally.items()))
    print(f"\nseed {number}: {told}; {time.monotonic() - begun:.0f} s")  # noqa: T201
