"""G-04: from a leave event to everything that its person had being refused.

Runs inside the product, by `manage.py shell`, beside the installation that it measures:
once whole, once without Redis and without any worker.
"""

import itertools
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command

from identity.connectors.dingtalk.simulator.records import Event
from sync import runs
from sync.models import Employee, SyncRun
from tests.benchmarks.events import PERCENTS, show
from tests.clients.artefacts import Artefacts, gateway, refused_after
from tests.events import ground
from tests.events.posting import Posting
from tests.running import site
from tests.running.program import free_port

TRIALS = 200
BUDGET = 200
"""Milliseconds of the 95th percentile (issue 5, G-04)."""
SEVERAL_TIMES = ("session", "userinfo", "introspection")
"""What may be used without using it up."""
BESIDE = 0.02
"""Seconds between two other events: 50 a second."""


class Leaving:
    """A company whose people leave one after the other."""

    def __init__(self) -> None:
        self.simulator = ground.company(2 * TRIALS + 100, 20)
        self._idp = ground.connected(self.simulator)
        runs.perform(runs.enqueue(self._idp, trigger=SyncRun.Trigger.CONFIRM))
        self._application = gateway()
        self._told: list[Event] = []
        self.simulator.company.listeners.append(self._told.append)
        people = Employee.objects.filter(idp=self._idp, status="active")
        self._leavers = list(people.order_by("pk")[: 2 * TRIALS])
        self._staying = list(people.order_by("pk")[2 * TRIALS :])

    def trials(self, port: int) -> list[dict[str, float]]:
        """Let the next ones leave, while other events come to the installation at this
        port."""
        mine, self._leavers = self._leavers[:TRIALS], self._leavers[TRIALS:]
        subscription = ground.subscribed(self._idp, port)
        posting, base = (
            Posting(self.simulator, subscription),
            f"http://127.0.0.1:{port}",
        )
        with self._others(Posting(self.simulator, subscription, threads=1)):
            return [self._leave(person, posting, base) for person in mine]

    def _leave(self, person: Employee, posting: Posting, base: str) -> dict[str, float]:
        """Somebody leaves; after how many seconds each thing they had was refused."""
        uses = Artefacts.of(person, self._application, base).uses
        working = [name for name in SEVERAL_TIMES if uses[name]()]
        assert working == list(SEVERAL_TIMES)
        del self._told[:]
        self.simulator.company.let_go(person.userid)
        [push] = posting.pushes(list(self._told))
        begun = time.perf_counter()
        posting.send(push)
        posting.drain()
        return refused_after(uses, begun)

    @contextmanager
    def _others(self, posting: Posting) -> Iterator[None]:
        """Other people's events, 50 a second."""
        stop = threading.Event()

        def send() -> None:
            for person in itertools.cycle(self._staying):
                if stop.wait(BESIDE):
                    return
                event = Event("user_modify_org", userids=(person.userid,))
                posting.send(posting.pushes([event])[0])

        beside = threading.Thread(target=send, daemon=True)
        beside.start()
        try:
            yield
        finally:
            stop.set()
            beside.join()
            posting.drain()


def run(kind: str, folder: str) -> None:
    """Half of the trials with everything running, half with the web alone."""
    call_command("migrate", verbosity=0)
    company = Leaving()
    head = "".join(f"{f'p{each} ms':>9}" for each in PERCENTS)
    sys.stdout.write(
        f"\n{kind}: from a leave event to refused\n  {'':34}{head} leavers\n"
    )
    for name, whole in (("all runs", True), ("no Redis, no worker", False)):
        port = free_port()  # the former one may not be free yet
        with _installed(Path(folder), port, whole=whole):
            _print(name, company.trials(port))


def _print(name: str, found: Sequence[dict[str, float]]) -> None:
    for use in found[0]:
        show(f"{name}: {use}", [1000 * one[use] for one in found], 95, BUDGET)


@contextmanager
def _installed(folder: Path, port: int, *, whole: bool) -> Iterator[None]:
    """The web on a port; with it Redis, a worker and the scheduler, or nothing."""
    redis_port = urlsplit(settings.CELERY_BROKER_URL).port or 0
    parts = site.Site(folder, port, redis_port)
    wanted = list(parts.parts.values()) if whole else [parts.web]
    try:
        for part in wanted:
            part.start()
        site.wait_for(port)
        yield
    finally:
        for part in reversed(wanted):
            part.stop()
