"""An event that is also set once somebody says that the work shall stop."""

import threading
import time
from collections.abc import Callable

LOOK = 0.2
"""Seconds between looks, while a call waits for its next try."""


class Halt(threading.Event):
    """Set by `set`, or as soon as `asked` says True; any thread may ask it."""

    def __init__(self, asked: Callable[[], bool] | None = None) -> None:
        super().__init__()
        self._asked = asked

    def is_set(self) -> bool:
        """Whether to stop."""
        return super().is_set() or (self._asked is not None and self._asked())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or so many seconds; whether it is."""
        if self._asked is None:
            return super().wait(timeout)
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = LOOK if end is None else min(LOOK, end - time.monotonic())
            if left <= 0:
                return False
            super().wait(left)
        return True
