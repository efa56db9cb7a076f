"""Events through a whole installation: received to answered, received to directory.

Runs inside the product, by `manage.py shell`, beside the installation that it measures.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sync import runs
from sync.models import InboxEvent, SyncRun
from tests.events import ground
from tests.events.posting import Posting
from tests.running import site
from tests.running.program import free_port

PEOPLE, DEPARTMENTS = 400, 40
SETTLING = 60.0
"""Seconds that the last events of a part get to be in the directory."""
PERCENTS = (50, 95, 99)


@dataclass(frozen=True)
class Part:
    """One way in which events come, and its budgets in ms; 0 for none."""

    name: str
    events: int
    apart: float
    """Seconds between two; 0 for as quickly as they are answered."""
    answered: int = 0
    """Of the 99th percentile (design 7)."""
    settled: int = 0
    """Of the 95th."""


IDLE = Part("idle", 100, 0.2, answered=50, settled=1000)
BURST = Part("a burst", 1000, 0.0)
BESIDE = Part("beside a full run", 100, 0.05, answered=250)
FROZEN = Part("Redis frozen", 200, 0.02, answered=300)


class Bench:
    """An installation under measurement."""

    def __init__(self, simulator: Simulator, idp: IdentityProvider, port: int) -> None:
        self.idp, self.company = idp, simulator.company
        self._simulator = simulator
        self._subscription = ground.subscribed(idp, port)
        self._told: list[Event] = []
        self.company.listeners.append(self._told.append)
        self._people = sorted(self.company.people)

    def measure(self, part: Part, *, wait: bool = True) -> None:
        """Let events come and print how long both took; `wait`: for the directory."""
        before = InboxEvent.objects.count()
        posting = Posting(self._simulator, self._subscription)
        for number in range(part.events):
            userid = self._people[number % len(self._people)]
            self.company.rename(userid, f"{part.name} {number}"[:60])
            for push in posting.pushes(self._take()):
                posting.send(push)
            time.sleep(part.apart)
        posting.drain(SETTLING)
        answers = [answer.seconds * 1000 for answer in posting.ledger.answers]
        show(f"{part.name}: answered", answers, 99, part.answered)
        if wait:
            show(f"{part.name}: in the directory", _delays(before), 95, part.settled)

    def _take(self) -> list[Event]:
        told, self._told[:] = list(self._told), []
        return told


def show(name: str, values: Sequence[float], percent: int, budget: int) -> None:
    """One line: percentiles in ms, and the ratio to the budget of one of them."""
    found = {each: percentile(values, each) for each in PERCENTS}
    line = "".join(f"{found[each]:9.0f}" for each in PERCENTS)
    told = f"  p{percent} {found[percent] / budget:5.2f} of {budget}" if budget else ""
    sys.stdout.write(f"  {name:34}{line}{len(values):7}{told}\n")
    sys.stdout.flush()


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which so many percent lie; NaN of nothing."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def _delays(before: int) -> list[float]:
    """How long, in ms, the events since then took to be in the directory."""
    limit = time.monotonic() + SETTLING
    waiting = InboxEvent.objects.filter(state=InboxEvent.State.PENDING)
    while waiting.exists() and time.monotonic() < limit:
        time.sleep(0.1)
    rows = InboxEvent.objects.order_by("pk")[before:]
    times = rows.values_list("received_at", "handled_at")
    return [(end - begin).total_seconds() * 1000 for begin, end in times if end]


def run(kind: str, folder: str) -> None:
    """All parts on one installation."""
    call_command("migrate", verbosity=0)
    simulator = ground.company(PEOPLE, DEPARTMENTS)
    idp = ground.connected(simulator)
    runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.CONFIRM))
    head = "".join(f"{f'p{each} ms':>9}" for each in PERCENTS)
    sys.stdout.write(f"\n{kind}, {PEOPLE} people\n  {'':34}{head} events\n")
    with _installed(Path(folder)) as (port, freeze):
        bench = Bench(simulator, idp, port)
        bench.measure(IDLE)
        bench.measure(BURST)
        runs.enqueue(idp, trigger=SyncRun.Trigger.SCHEDULE)
        bench.measure(BESIDE)
        if freeze is not None:
            with freeze():
                bench.measure(FROZEN, wait=False)


Freeze = Callable[[], AbstractContextManager[None]]
"""Stops Redis as a machine that hangs does, while the context is open."""


@contextmanager
def _installed(folder: Path) -> Iterator[tuple[int, Freeze | None]]:
    """The installation that the settings mean: its port, and how to freeze Redis."""
    port = free_port()
    if settings.EMBEDDED:
        up = site.Part(
            "up", [sys.executable, "manage.py", "up", "--port", port], folder
        )
        up.start()
        try:
            site.wait_for(port)
            yield port, None
        finally:
            up.stop()
        return
    redis_port = urlsplit(settings.CELERY_BROKER_URL).port or 0
    with site.running(folder, port, redis_port) as parts:
        yield port, parts.redis.frozen
