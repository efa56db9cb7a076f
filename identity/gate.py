"""The gate in the database: one pacer and one counter for all processes."""

import time
from collections.abc import Callable
from datetime import datetime

from django.db import connections, transaction
from django.db.models import F
from django.db.models.functions import Now

from identity.models import CallTurn, ReadCounter

LONGEST_QUEUE = 60.0
"""Seconds. A turn further ahead than this is a clock that was set back, not a queue."""

LOOK = 0.2
"""Seconds between looks whether to stop, while a turn is waited for."""


class DatabaseGate:
    """Spaces calls evenly and numbers them (performance.md 2: even beats bursting)."""

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        """`stop` is asked while a turn is waited for, and ends the wait."""
        self._sleep = sleep
        self._stop = stop

    def enter(self, app: str, path: str, rate: float) -> int:
        """Wait for the turn of `app` on `path` at `rate` a second; number the read."""
        if rate > 0:
            wait = self._reserve(f"{app} {path}"[:150], 1.0 / rate)
            if wait > 0:
                self._wait(wait)
        return next_read()

    def _wait(self, seconds: float) -> None:
        if self._stop is None:
            self._sleep(seconds)
            return
        while seconds > 0 and not self._stop():
            self._sleep(min(seconds, LOOK))
            seconds -= LOOK

    def release(self) -> None:
        """Close this thread's connections."""
        connections.close_all()

    @staticmethod
    def _reserve(key: str, interval: float) -> float:
        """Take the next turn; returns the seconds until it comes."""
        now = time.time()
        with transaction.atomic():
            CallTurn.objects.get_or_create(key=key)
            turn = CallTurn.objects.select_for_update().get(key=key)
            mine = turn.next_at if now < turn.next_at < now + LONGEST_QUEUE else now
            turn.next_at = mine + interval
            turn.save(update_fields=["next_at"])
        return mine - now


def next_read() -> int:
    """The next number of the counter that orders all reads."""
    with transaction.atomic():
        if not ReadCounter.objects.filter(pk=1).update(value=F("value") + 1):
            ReadCounter.objects.get_or_create(pk=1)
            ReadCounter.objects.filter(pk=1).update(value=F("value") + 1)
        return ReadCounter.objects.values_list("value", flat=True).get(pk=1)


def database_now() -> datetime:
    """The time by the database's clock, which all machines share."""
    ReadCounter.objects.get_or_create(pk=1)
    rows = ReadCounter.objects.filter(pk=1).annotate(now=Now())
    moment: datetime = rows.values_list("now", flat=True).get()
    return moment


def current_read() -> int:
    """The number of the newest read: any with a higher one begins after this call."""
    value = ReadCounter.objects.values_list("value", flat=True).filter(pk=1).first()
    return value or 0
