"""The questions of the connectivity test, each asked at most once and timed."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from identity.connectors.base import CrawlStopped, Gate
from identity.connectors.dingtalk.answers import Page, Range
from identity.connectors.dingtalk.calling import Patience
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.deadline import Limits
from identity.connectors.dingtalk.sample import MOST_DEPARTMENTS, tops_of
from identity.connectors.errors import ConnectorError, Gone, OutOfScope
from identity.connectors.records import ROOT

BUDGET = 57.0
"""Seconds after which a question is broken off and none begins, so that a test ends
within 60 whatever hangs."""
LIMITS = Limits(connect=3.0, read=6.0, whole=8.0)
PATIENCE = Patience(unreachable=0, throttled=1, longest_wait=2.0)
ENOUGH = 20
"""People who are a sample, if what is looked for is not among the first."""
EVERYTHING = Range((ROOT,), ())

T = TypeVar("T")
R = TypeVar("R", covariant=True)


class TimeUp(Exception):
    """The time for all questions is over."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What came back: a value or an error, and the milliseconds it took."""

    value: R | None
    error: ConnectorError | None
    ms: int

    @property
    def absent(self) -> bool:
        """Whether the call was let in, and only its object is not there for us."""
        return isinstance(self.error, OutOfScope | Gone)


class Probes:
    """Questions to one app; each remembers its outcome. Raises `TimeUp`."""

    def __init__(
        self,
        credentials: Mapping[str, str],
        gate: Gate,
        *,
        limits: Limits = LIMITS,
        budget: float = BUDGET,
    ) -> None:
        self.client = Client(credentials, gate, limits=limits, patience=PATIENCE)
        self._corp_id = credentials.get("corp_id", "")
        self._alarm = threading.Timer(budget, self.client.stopped.set)
        self._alarm.daemon = True
        self._alarm.start()
        self._outcomes: dict[str, Outcome[Any]] = {}

    def close(self) -> None:
        """Ask no more."""
        self._alarm.cancel()
        self.client.close()

    def reach(self, base: str) -> Outcome[str]:
        """Any answer of a host; the value is its Date header."""
        return self._ask(f"reach {base}", lambda: self.client.reach(base))

    def token(self) -> Outcome[None]:
        """A token, asked for afresh."""
        return self._ask("token", self.client.fresh_token)

    def corp(self) -> Outcome[None]:
        """A token of the company with this CorpId."""
        return self._ask("corp", lambda: self.client.corp_token(self._corp_id))

    def range(self) -> Outcome[Range]:
        """What the app may read."""
        return self._ask("range", lambda: self.client.scopes().value)

    def children(self) -> Outcome[tuple[str, ...]]:
        """Ids of the departments below the top."""
        return self._ask("children", lambda: self._children(self._top()))

    def count(self) -> Outcome[int]:
        """How many people there are."""
        return self._ask("count", lambda: self.client.user_count().value)

    def members(self, department: str = "") -> Outcome[Page]:
        """The first page of a department's members; the top's if none is named."""
        key = department or self._top()
        return self._ask(f"members {key}", lambda: self.client.members(key).value)

    def people(self, keys: Sequence[str]) -> list[Mapping[str, Any]]:
        """People as they came, until one of them has one of these keys."""
        found: list[Mapping[str, Any]] = []
        for page in self._pages():
            found += [each for each in page.items if isinstance(each, Mapping)]
            if len(found) >= ENOUGH or any(key in one for one in found for key in keys):
                break
        return found

    def names(self, departments: tuple[str, ...]) -> list[str]:
        """Names of departments, their ids where a name cannot be had."""
        outcomes = [
            (key, self._ask(f"name {key}", partial(self._name, key)))
            for key in departments
        ]
        return [outcome.value or key for key, outcome in outcomes]

    def _pages(self) -> Iterator[Page]:
        first = self.members()
        if first.value:
            yield first.value
        for child in islice(self.children().value or (), MOST_DEPARTMENTS - 1):
            page = self.members(child)
            if page.value:
                yield page.value
            elif not page.absent:
                return

    def _top(self) -> str:
        """Where to look: the first department of the range, the root if unknown."""
        given = self.range().value or EVERYTHING
        return next(iter(tops_of(given)), ROOT)

    def _children(self, key: str) -> tuple[str, ...]:
        listing = self.client.sub_departments(key).value
        return tuple(item.id for item in listing.departments)

    def _name(self, key: str) -> str:
        return self.client.department(key).value.name

    def _ask(self, key: str, question: Callable[[], T]) -> Outcome[T]:
        if known := self._outcomes.get(key):
            return cast(Outcome[T], known)
        began = time.perf_counter()
        value, error = None, None
        try:
            value = question()
        except ConnectorError as refusal:
            error = refusal
        except CrawlStopped:
            raise TimeUp from None
        ms = round((time.perf_counter() - began) * 1000)
        outcome = self._outcomes[key] = Outcome(value, error, ms)
        return outcome
