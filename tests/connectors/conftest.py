"""A gate that only counts, and connectors of the simulator that pass it."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator

import pytest

from identity.connectors.dingtalk import tokens
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.connector import DingTalk


class CountingGate:
    """Numbers reads and remembers who passed; paces nothing."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.passed: dict[str, list[int]] = defaultdict(list)
        self.rates: dict[str, set[float]] = defaultdict(set)
        self.released: list[str] = []

    def enter(self, app: str, path: str, rate: float) -> int:
        with self._lock:
            number = next(self._numbers)
            self.passed[path].append(number)
            self.rates[path].add(rate)
            return number

    def release(self) -> None:
        self.released.append(threading.current_thread().name)


@pytest.fixture(autouse=True)
def _no_token_of_another_test() -> Iterator[None]:
    tokens.forget()
    yield
    tokens.forget()


@pytest.fixture
def gate() -> CountingGate:
    return CountingGate()


@pytest.fixture
def dingtalk(credentials: dict[str, str], gate: CountingGate) -> DingTalk:
    """The connector, wired to the simulator."""
    return DingTalk(credentials, gate)


@pytest.fixture
def client(credentials: dict[str, str], gate: CountingGate) -> Iterator[Client]:
    """A client of the simulator whose waits take no time."""
    client = Client(credentials, gate, pause=lambda seconds: False)
    yield client
    client.close()
