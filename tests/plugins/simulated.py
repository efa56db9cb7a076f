"""A simulated DingTalk behind the product's own client, for any test that asks."""

import itertools
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Protocol

import pytest
from django.utils import timezone
from requests.adapters import BaseAdapter

from identity.connectors.dingtalk.simulator.adapter import WsgiAdapter
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.credentials import Credentials
from identity.models import IdentityProvider

_serial = itertools.count(1)
_wired: list[Simulator] = []


def transport() -> BaseAdapter:
    """What settings.DINGTALK_TRANSPORT names in tests: the newest simulator."""
    return WsgiAdapter(_wired[-1])


class MakeSimulator(Protocol):
    """Builds a simulator and wires the client to it, instead of an earlier one."""

    def __call__(
        self, employees: int = 40, departments: int = 8, seed: int = 1
    ) -> Simulator: ...


@pytest.fixture
def make_simulator(settings: Any) -> Iterator[MakeSimulator]:
    """A function that makes a simulator of any size; no socket, no pacing.

    Each has an app of its own, so that nothing cached by AppKey meets another test's.
    """
    settings.DINGTALK_TRANSPORT = f"{__name__}.transport"
    settings.DINGTALK_RATE = 0
    settings.DINGTALK_RETRY_BASE = 0.01

    def make(employees: int = 40, departments: int = 8, seed: int = 1) -> Simulator:
        app = Credentials.of_seed(f"test {next(_serial)}")
        company = Company.generate(employees, departments, seed)
        _wired.append(Simulator(company, **asdict(app)))
        return _wired[-1]

    yield make
    for each in _wired:
        each.stream.stop()
    _wired.clear()


@pytest.fixture
def simulator(make_simulator: MakeSimulator) -> Simulator:
    """A small company: 40 people, 8 departments, every odd kind of person."""
    return make_simulator()


@pytest.fixture
def credentials(simulator: Simulator) -> dict[str, str]:
    """What an administrator types for this simulator; a mapping for a connector."""
    return asdict(simulator.credentials) | {"dingtalk_type": "standard"}


@pytest.fixture
def draft(db: None, simulator: Simulator) -> IdentityProvider:
    """An IdP that the wizard has just begun: no name, no credentials."""
    return IdentityProvider.objects.create(kind="dingtalk")


@pytest.fixture
def idp(draft: IdentityProvider, credentials: dict[str, str]) -> IdentityProvider:
    """A confirmed IdP with this simulator's credentials."""
    draft.name = "Example"
    plain = draft.connector_class.plain_settings
    draft.settings = {name: credentials.get(name, "") for name in plain}
    draft.confirmed_at = timezone.now()
    draft.save()
    draft.set_secret("app_secret", credentials["app_secret"])
    return draft
