"""Events of a simulated company on their way into the inbox, without HTTP."""

import itertools
import json
import random
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from identity.connectors.dingtalk import events as parser
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.events import CLASSIC, CURRENT, body
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sync import handling, inbox
from sync.models import AccessCut, InboxEvent

_times = itertools.count(int(timezone.now().timestamp() * 1000))


class Arriving:
    """Collects what the company tells, and lets it arrive and be worked on."""

    def __init__(self, idp: IdentityProvider, simulator: Simulator) -> None:
        self.idp = idp
        self.simulator = simulator
        self.told: list[Event] = []
        simulator.company.listeners.append(self.told.append)

    def take(self) -> list[Event]:
        """What happened since the last call."""
        told, self.told[:] = list(self.told), []
        return told

    def texts(self, events: Iterable[Event], spelling: str = CURRENT) -> list[str]:
        """The plaintexts of pushes, each made at a later time than the one before."""
        corp = self.simulator.corp_id
        return [
            json.dumps(body(event, corp, next(_times), spelling)) for event in events
        ]

    def arrive(self, *texts: str, sent_at: int | None = None) -> int:
        """Keep these as one push each; how many were new."""
        self.idp.refresh_from_db()
        way = InboxEvent.Way.PUSH
        return sum(
            inbox.receive(self.idp, [parser.parse(text, sent_at)], way)
            for text in texts
        )

    def event(self, kind: str, *ids: str | int) -> InboxEvent:
        """Let one event arrive that names people or departments; its row."""
        numbers = tuple(int(id) for id in ids) if kind.startswith("org") else ()
        userids = () if numbers else tuple(map(str, ids))
        self.arrive(*self.texts([Event(kind, userids, numbers)]))
        return InboxEvent.objects.latest("pk")

    def work(self) -> None:
        """What a worker does when it is rung for."""
        handling.work(str(self.idp.pk))

    def happened(self, *, spelling: str = CURRENT) -> None:
        """All that happened arrives in its order, and is worked on."""
        self.arrive(*self.texts(self.take(), spelling))
        self.work()

    def in_disorder(self, chance: random.Random) -> None:
        """Both spellings, duplicates, another order, worked on in portions."""
        texts = []
        for event in self.take():
            texts += self.texts([event], chance.choice([CURRENT, CLASSIC]))
        texts += chance.sample(texts, len(texts) // 5)
        chance.shuffle(texts)
        while texts:
            portion = chance.randint(1, 10)
            self.arrive(*texts[:portion])
            del texts[:portion]
            self.work()

    def later(self, seconds: float = 60) -> None:
        """Let time go by for what waits, and work on what is due then."""
        gone = timedelta(seconds=seconds)
        InboxEvent.objects.filter(state=InboxEvent.State.PENDING).update(
            due_at=F("due_at") - gone, received_at=F("received_at") - gone
        )
        AccessCut.objects.update(at=F("at") - gone, found_at=F("found_at") - gone)
        self.work()


@pytest.fixture
def arriving(
    transactional_db: None, idp: IdentityProvider, simulator: Simulator
) -> Arriving:
    """Events of `simulator` for `idp`."""
    return Arriving(idp, simulator)


Make = Callable[[], Arriving]
