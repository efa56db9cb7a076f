"""One thread beside the requests, for what nobody shall wait for."""

import logging
import os
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
Thing = TypeVar("Thing", bound=Hashable)


class Aside(Generic[Thing]):
    """Works on things one after the other, in a daemon thread that the first one starts.

    Equal things that wait are one thing, and beyond `most` no more are taken, so that
    neither threads nor memory pile up behind something that hangs. What waits is lost
    with the process: only for what is found again, or may be missed. A forked process
    begins with nothing.
    """

    def __init__(self, name: str, work: Callable[[Thing], None], most: int) -> None:
        self._name, self._work, self._most = name, work, most
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def put(self, thing: Thing) -> bool:
        """Hand over; whether there was room. Neither waits for the work nor raises."""
        with self._changed:
            if thing not in self._waiting and len(self._waiting) >= self._most:
                return False
            self._waiting[thing] = None
            self._changed.notify_all()
            return self._is_at_work()

    def settle(self, seconds: float) -> bool:
        """Wait until all is done, at most so long; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._left(), seconds)

    def _left(self) -> int:
        return len(self._waiting) + self._busy

    def _begin(self) -> None:
        # The lock too: a thread that a fork left behind may have held the old one.
        self._changed = threading.Condition()
        self._waiting: dict[Thing, None] = {}
        self._busy = False
        self._thread: threading.Thread | None = None

    def _is_at_work(self) -> bool:
        """Start the thread unless it is there."""
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # no more threads, or the process ends
                log.warning("%s cannot be done: %s", self._name, error)
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            thing = self._next()
            try:
                self._work(thing)
            except Exception as error:  # the next thing may go well
                log.warning("%s failed: %s", self._name, type(error).__name__)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> Thing:
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            thing = next(iter(self._waiting))
            del self._waiting[thing]
            self._busy = True
            return thing
