"""DingTalk's pushes over HTTP, from several threads, with a ledger of what was taken."""

import hashlib
import heapq
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.events import CLASSIC, CURRENT, body
from identity.connectors.dingtalk.simulator.pusher import (
    Outcome,
    Pusher,
    Subscription,
)
from identity.connectors.dingtalk.simulator.records import Event

TRIES = 5
RETRY = 1.0
"""Seconds; DingTalk waits longer."""
_times = itertools.count(time.time_ns() // 1_000_000)


@dataclass(frozen=True)
class Push:
    """One plaintext; copies are equal."""

    kind: str
    text: str

    @property
    def key(self) -> str:
        """What the inbox must know it by."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        return str(json.loads(self.text).get("eventId") or digest)


@dataclass
class Ledger:
    """What was sent, and what became of it."""

    sent: list[Push] = field(default_factory=list)
    """Each copy."""
    taken: Counter[str] = field(default_factory=Counter)
    """How often each key was acknowledged."""
    answers: list[Outcome] = field(default_factory=list)
    """Of each attempt."""

    @property
    def keys(self) -> set[str]:
        """Of all that was sent."""
        return {push.key for push in self.sent}

    @property
    def refusals(self) -> dict[str, int]:
        """Why attempts failed, and how often."""
        return dict(Counter(answer.reason for answer in self.answers if answer.reason))

    @property
    def seconds(self) -> list[float]:
        """How long the answers took, in order."""
        return sorted(answer.seconds for answer in self.answers)


class Posting:
    """Sends each push when it is due; one that was not taken again after a while."""

    def __init__(
        self, simulator: Simulator, subscription: Subscription, threads: int = 4
    ) -> None:
        self.ledger = Ledger()
        self._simulator = simulator
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Push, int]] = []
        self._serial, self._scattered = itertools.count(), itertools.count()
        self._open = 0
        for _ in range(threads):
            pusher = Pusher(simulator, subscription)
            threading.Thread(target=self._work, args=(pusher,), daemon=True).start()

    def pushes(self, events: Iterable[Event], spelling: str = CURRENT) -> list[Push]:
        """Each event's text, made at a later time than the one before."""
        corp = self._simulator.corp_id
        return [
            Push(event.kind, json.dumps(body(event, corp, next(_times), spelling)))
            for event in events
        ]

    def send(self, push: Push, after: float = 0.0) -> None:
        """Send it in so many seconds."""
        self.ledger.sent.append(push)
        with self._changed:
            self._open += 1
            self._put(push, after, TRIES)

    def scatter(self, events: Iterable[Event], chance: random.Random) -> None:
        """Send each within the next three seconds, in either spelling; every third of
        them once more."""
        for event in events:
            [push] = self.pushes([event], chance.choice([CURRENT, CLASSIC]))
            for _ in range(1 + (next(self._scattered) % 3 == 2)):
                self.send(push, chance.uniform(0, 3))

    def drain(self, within: float = 60.0) -> bool:
        """Wait until nothing is on its way; whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout=within)

    def _put(self, push: Push, after: float, tries: int) -> None:
        due = time.monotonic() + after
        heapq.heappush(self._waiting, (due, next(self._serial), push, tries))
        self._changed.notify()

    def _work(self, pusher: Pusher) -> None:
        while True:
            push, tries = self._next()
            outcome = pusher.attempt(push.kind, push.text)
            with self._changed:
                self.ledger.answers.append(outcome)
                self.ledger.taken[push.key] += outcome.fine
                if not outcome.fine and tries > 1:
                    self._put(push, RETRY, tries - 1)
                    continue
                self._open -= 1
                self._changed.notify_all()

    def _next(self) -> tuple[Push, int]:
        with self._changed:
            while True:
                now = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    return heapq.heappop(self._waiting)[2:]
                self._changed.wait(self._waiting[0][0] - now if self._waiting else None)
