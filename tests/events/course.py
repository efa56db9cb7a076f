"""The course of the proof: a program of its own, inside the product by `manage.py shell`.

Events come in while workers and Redis are killed; then Redis is frozen. Prints what it
found as one line of JSON; `test_proof.py` starts it and judges.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider, LogonSession, User
from sync import runs
from sync.lease import NARROW_LEASE
from sync.models import Employee, SyncRun
from tests.engine.churn import ACTS, Churn
from tests.events import ground
from tests.events.afterwards import outcome
from tests.events.posting import Posting
from tests.running import site
from tests.running.program import free_port

PEOPLE, DEPARTMENTS = 400, 40
EVENTS = 1600
"""Without copies."""
STEPS = 3
"""Changes of the company at a time, ten times a second."""
CALM = EVENTS // 4
"""So many come before the first fault."""
WORKER_KILLS, REDIS_KILLS = 10, 3
HITS = (0, 5, 9)
"""Which faults are kills of the worker that wait until it is at work."""
ALIVE = NARROW_LEASE - timedelta(seconds=1.5)
"""How much of its lease a run has left that somebody works on."""
HANGING = 7.0
"""Seconds; longer than anybody waits for an answer of Redis."""
BACK = (Churn.rehire, Churn.hand_on)
"""Where pushes of these overtake each other, access is given back after two reads, half
a minute apart: too long to wait for here, so these are sent in order."""
SILENT = (Churn.reorder, Churn.shuffle_departments)


class Course:
    """A company, an installation that follows it, and what happens to both."""

    def __init__(
        self, parts: site.Site, simulator: Simulator, idp: IdentityProvider
    ) -> None:
        self.parts, self.idp, self.company = parts, idp, simulator.company
        self.chance = random.Random(4)
        acts = [act for act in ACTS if act not in (*SILENT, *BACK)]
        self.churn = Churn(self.company, 4, acts)
        self.hits = 0
        self.told: list[Event] = []
        self.company.listeners.append(self.told.append)

    # --- everything dies ---

    def storm(self, posting: Posting) -> dict[str, Any]:
        """Events come, and again and again what works on them is killed."""
        faults, made = self._faults(), 0
        apart = (EVENTS - CALM) // len(faults)
        while made < EVENTS or faults:
            if made < EVENTS:
                made += self._come_back(posting) if made < CALM else 0
                self.churn.week(STEPS)
            made += len(self.told)
            posting.scatter(self._take(), self.chance)
            due = EVENTS - apart * len(faults)
            if faults and made >= due and faults[0]():
                del faults[0]
            time.sleep(0.1)
        posting.drain()
        kills = [self.parts.worker.kills, self.parts.redis.kills, self.hits]
        return {"kills": kills, **outcome(self.idp, self.company, posting.ledger)}

    def _come_back(self, posting: Posting) -> int:
        """Somebody leaves and is back, or somebody else has the userid; how many
        events that makes."""
        self.churn.week(0)
        self.churn.leave()
        del self.churn.gone[:-1]  # the others' notices may still be under way
        self.chance.choice(BACK)(self.churn)
        events = self._take()
        for place, push in enumerate(posting.pushes(events)):
            posting.send(push, place * 0.5)
        return len(events)

    def _faults(self) -> list[Callable[[], bool]]:
        """What happens, in order; each says whether it could be done now."""
        kills = [self._kill_worker] * (WORKER_KILLS - len(HITS))
        kills += [self._kill_redis] * REDIS_KILLS
        self.chance.shuffle(kills)
        for place in HITS:
            kills.insert(place, self._hit_worker)
        return kills

    def _kill_worker(self) -> bool:
        self.parts.worker.kill()
        self.parts.worker.start()
        return True

    def _hit_worker(self) -> bool:
        """Kill it in the middle of its work, as soon as there is some."""
        alive = timezone.now() + ALIVE
        at_work = SyncRun.objects.filter(state="running", lease_until__gt=alive)
        if not at_work.exists():
            return False
        self.hits += 1
        return self._kill_worker()

    def _kill_redis(self) -> bool:
        self.parts.redis.kill()
        self.parts.redis.start()
        return True

    # --- Redis hangs ---

    def frozen(self, posting: Posting) -> dict[str, Any]:
        """Redis hangs, and goes on again with the same workers."""
        begun = time.monotonic()
        with self.parts.redis.frozen():
            self._post(posting)
            time.sleep(max(0.0, begun + HANGING - time.monotonic()))
        return outcome(self.idp, self.company, posting.ledger)

    def alone(self, posting: Posting) -> dict[str, Any]:
        """Redis hangs, and no worker lives: somebody leaves all the same (P4)."""
        leaver = Employee.objects.filter(status=Employee.Status.ACTIVE).latest("pk")
        leaver.account = User.objects.create_user("leaver")
        leaver.save(update_fields=["account"])
        session = LogonSession.objects.create(
            account=leaver.account, idp=self.idp, session_key="proof"
        )
        with self.parts.redis.frozen():
            self.parts.worker.kill()
            self._post(posting)
            self.company.let_go(leaver.userid)
            self._send(posting)
            session.refresh_from_db()
            leaver.refresh_from_db()
            before = [session.ended_because, leaver.status]
        self.parts.worker.start()
        found = outcome(self.idp, self.company, posting.ledger)
        leaver.refresh_from_db()
        return found | {"before": before, "after": leaver.status}

    def _post(self, posting: Posting, events: int = 150) -> None:
        """So many events, fifty a second."""
        people = sorted(self.company.people)
        for number in range(events):
            self.company.rename(self.chance.choice(people), f"名{number}")
            for push in posting.pushes(self._take()):
                posting.send(push)
            time.sleep(0.02)
        posting.drain()

    def _send(self, posting: Posting) -> None:
        """What happened since, at once, until it is answered."""
        for push in posting.pushes(self._take()):
            posting.send(push)
        posting.drain()

    def _take(self) -> list[Event]:
        told, self.told[:] = list(self.told), []
        return told


def run(folder: str) -> None:
    """The whole course."""
    found: dict[str, Any] = {}
    begun = time.monotonic()
    redis_port = urlsplit(settings.CELERY_BROKER_URL).port
    assert redis_port
    call_command("migrate", verbosity=0)
    simulator = ground.company(PEOPLE, DEPARTMENTS)
    idp = ground.connected(simulator)
    port = free_port()
    with site.running(Path(folder), port, redis_port) as parts:
        runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.CONFIRM))
        course = Course(parts, simulator, idp)
        subscription = ground.subscribed(idp, port)
        for part in (course.storm, course.frozen, course.alone):
            found[f"{part.__name__} begins"] = round(time.monotonic() - begun, 1)
            found[part.__name__] = part(Posting(simulator, subscription))
    found["ends"] = round(time.monotonic() - begun, 1)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
