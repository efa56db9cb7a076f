"""App access tokens, kept in this process: fetched once however many threads ask.

Source: obtain-the-access-token-of-an-internal-app. A token lives 7200 s; asking again
within that time gives the same one. It is renewed 5 to 10 minutes early, and at once
when DingTalk refuses it.
"""

import hashlib
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from identity.connectors.base import CrawlStopped

EARLY = (300.0, 600.0)
"""Seconds before the end of its life in which a token is renewed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and until when it is used (monotonic seconds)."""

    value: str
    until: float

    @classmethod
    def lasting(cls, value: str, seconds: float) -> "Token":
        """A token that DingTalk says lasts so long; short lives lose a tenth of it."""
        early = min(random.uniform(*EARLY), seconds / 10)  # noqa: S311  # no secret
        return cls(value, time.monotonic() + seconds - early)

    def __repr__(self) -> str:
        return "Token(***)"


class TokenSlot:
    """The token of one app. While one thread fetches it, the others wait for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._flight: Future[Token] | None = None

    def get(
        self,
        fetch: Callable[[], Token],
        *,
        refused: str = "",
        fresh: bool = False,
        within: float | None = None,
    ) -> str:
        """The token, from memory if it still serves.

        `refused` is a token that DingTalk did not accept: it is never returned from
        memory. `fresh` asks DingTalk in any case. An error of `fetch` reaches
        everybody who waited for it, except that a stopped read stops only itself.
        Raises TimeoutError if another thread's fetch takes more than `within` seconds.
        """
        while True:
            with self._lock:
                token = self._token
                if token and not fresh and self._serves(token, refused):
                    return token.value
                mine = self._flight is None
                flight = self._flight = self._flight or Future()
            if mine:
                self._fly(flight, fetch)
                return flight.result().value
            try:
                return flight.result(within).value
            except CrawlStopped:
                continue  # somebody else's read was stopped, not this one

    @staticmethod
    def _serves(token: Token, refused: str) -> bool:
        return token.value != refused and time.monotonic() < token.until

    def _fly(self, flight: "Future[Token]", fetch: Callable[[], Token]) -> None:
        try:
            token = fetch()
        except BaseException as error:
            with self._lock:
                self._flight = None
            flight.set_exception(error)
        else:
            with self._lock:
                self._token, self._flight = token, None
            flight.set_result(token)


_slots: dict[tuple[str, ...], TokenSlot] = {}
_slots_lock = threading.Lock()


def slot_for(url: str, app_key: str, app_secret: str) -> TokenSlot:
    """The slot of an app in this process; the secret itself is not kept in its key."""
    digest = hashlib.sha256(app_secret.encode()).hexdigest()
    with _slots_lock:
        return _slots.setdefault((url, app_key, digest), TokenSlot())


def forget() -> None:
    """Drop all tokens of this process, for tests and after a change of credentials."""
    with _slots_lock:
        _slots.clear()
