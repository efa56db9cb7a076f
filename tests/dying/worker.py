"""What a worker of the nursery does: one run, and a signal to itself on the way."""

import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from requests.adapters import BaseAdapter

from identity.connectors.dingtalk.simulator.adapter import WsgiAdapter
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from sync import runs
from sync.models import SyncRun
from tests.dying.points import named

_simulators: list[Simulator] = []


def transport() -> BaseAdapter:
    """What settings.DINGTALK_TRANSPORT names in a worker."""
    return WsgiAdapter(_simulators[-1])


def perform(order: Mapping[str, Any]) -> None:
    """Carry out the run of an order."""
    settings.DINGTALK_TRANSPORT = f"{__name__}.transport"
    settings.DINGTALK_RATE = 0
    connection.settings_dict["NAME"] = order["database"]
    connection_created.connect(_hasten)
    company = Company.load(Path(order["company"]))
    simulator = Simulator(company, **order["credentials"])
    _simulators.append(simulator)
    point = named(order["point"])
    run = SyncRun.objects.get(pk=order["run"])
    try:
        with point.reached(simulator, lambda: _meet(order["signal"])):
            runs.perform(run)
    except BaseException:
        traceback.print_exc(file=sys.stderr)
        raise


def _hasten(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """The minute after which PostgreSQL gives a standing transaction up is made short,
    as leases are elsewhere; of other threads that a signal meets in one, too."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = '2s'")


def _meet(number: int) -> None:
    """Send the signal to this process; nobody shall wait long for its transaction."""
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '200ms'")
    os.kill(os.getpid(), number)
