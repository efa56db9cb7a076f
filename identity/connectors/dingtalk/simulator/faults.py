"""Which call meets which fault: rules by path, by the n-th call, or by chance."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from identity.connectors.dingtalk.simulator.effects import NAMED, Effect
from identity.connectors.dingtalk.simulator.wire import API, OAPI, Call, Reply


@dataclass
class Rule:
    """One fault and when it strikes. `seen` and `fired` count from its making on."""

    name: str
    effect: Effect
    path: str
    nth: frozenset[int] | None
    times: int | None
    probability: float
    body: Mapping[str, Any]
    host: str
    chance: random.Random = field(repr=False)
    seen: int = 0
    fired: int = 0

    def strikes(self, call: Call) -> bool:
        """Count the call if it is one of ours, and say whether it is hit."""
        here = call.family == self.host if self.host else call.family in (OAPI, API)
        if not (here and fnmatchcase(call.path, self.path) and self._about(call)):
            return False
        self.seen += 1
        if self.nth is not None and self.seen not in self.nth:
            return False
        if self.times is not None and self.fired >= self.times:
            return False
        if self.probability < 1 and self.chance.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def _about(self, call: Call) -> bool:
        if not self.body:
            return True
        values = call.values
        return all(str(values.get(key)) == str(v) for key, v in self.body.items())


class Faults:
    """The faults that are switched on, in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.rules: list[Rule] = []

    def add(
        self,
        fault: str | Effect,
        path: str = "*",
        *,
        nth: int | Iterable[int] | None = None,
        times: int | None = None,
        probability: float = 1.0,
        seed: int = 0,
        body: Mapping[str, Any] | None = None,
        host: str = "",
    ) -> Rule:
        """Switch a fault on, by its name or as an effect with its own settings.

        `path` is an API path, or a pattern such as "/topapi/*". Of the calls that match
        (and whose body has the values of `body`) the `nth` are hit (1 is the next one),
        or each with `probability`, at most `times` in all. `host` is oapi, api or
        login; without it both API hosts are meant.
        """
        effect = NAMED[fault]() if isinstance(fault, str) else fault
        rule = Rule(
            name=fault if isinstance(fault, str) else effect.__qualname__.split(".")[0],
            effect=effect,
            path=path,
            nth=frozenset([nth] if isinstance(nth, int) else nth) if nth else None,
            times=times,
            probability=probability,
            body=dict(body or {}),
            host=host,
            chance=random.Random(seed),  # noqa: S311 - repeatable chance is the point
        )
        with self._lock:
            self.rules.append(rule)
        return rule

    def before(self, path: str, nth: int, action: Callable[[], object]) -> Rule:
        """Run `action` just before the n-th call of `path` from now is answered."""

        def hook(call: Call, answer: Callable[[], Reply]) -> Reply:
            action()
            return answer()

        rule = self.add(hook, path, nth=nth)
        rule.name = "hook"
        return rule

    def remove(self, rule: Rule) -> None:
        """Switch one fault off."""
        with self._lock:
            self.rules = [kept for kept in self.rules if kept is not rule]

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self.rules = []

    def striking(self, call: Call) -> list[Effect]:
        """The effects that this call meets, the first one outermost."""
        with self._lock:
            return [rule.effect for rule in self.rules if rule.strikes(call)]
