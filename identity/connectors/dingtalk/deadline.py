"""Connections that obey one deadline for name, connection, headers and body.

A read time-out bounds one silence only; a peer that sends a byte a second outlives it
for ever. So each wait of a call asks the call's Deadline how long it may last (F-36),
in slices so short that a stopped read ends promptly.
"""

import io
import math
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.connection import create_connection

SLICE = 0.5
"""Seconds after which a waiting read looks whether it shall stop."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the parts of a call may take, in seconds (R6)."""

    connect: float = 3.0
    read: float = 10.0
    whole: float = 20.0
    until: float = math.inf
    """The moment (monotonic) by which all calls together have ended."""


class Deadline:
    """One call's clock. `stopped` says whether the caller wants no answer any more."""

    def __init__(self, limits: Limits, stopped: Callable[[], bool]) -> None:
        self.limits = limits
        self.stopped = stopped
        self._ends = min(time.monotonic() + limits.whole, limits.until)

    @property
    def over(self) -> bool:
        """Whether the call as a whole has lasted too long."""
        return time.monotonic() >= self._ends

    def allow(self, limit: float) -> float:
        """Seconds that a step of at most `limit` may take; raises if it may not begin."""
        if self.stopped():
            raise ConnectionAbortedError("stopped")
        left = min(limit, self._ends - time.monotonic())
        if left <= 0:
            raise TimeoutError("the time for this call is up")
        return left


_current = threading.local()


@contextmanager
def obeying(deadline: Deadline) -> Iterator[None]:
    """Put this thread's connections under a deadline."""
    _current.deadline = deadline
    try:
        yield
    finally:
        del _current.deadline


class DeadlineReader(io.RawIOBase):
    """The receiving side of a socket, read in slices under the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        # Holds the socket open: http.client closes its own end when the peer says so.
        self._hold = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        silent_until = time.monotonic() + self._deadline.limits.read
        while True:
            silence = silent_until - time.monotonic()
            self._sock.settimeout(min(self._deadline.allow(silence), SLICE))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                continue

    def close(self) -> None:
        self._hold.close()
        super().close()


class DeadlineResponse(HTTPResponse):
    """An answer whose headers and body are read under the thread's deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(DeadlineReader(sock, _current.deadline))


class _UnderDeadline:
    """What both kinds of connection share: how the socket comes to be."""

    _dns_host: str
    host: str
    port: int
    socket_options: Any
    response_class: type[HTTPResponse] = DeadlineResponse

    def _new_conn(self) -> socket.socket:
        deadline: Deadline = _current.deadline
        try:
            names = resolve(self._dns_host, self.port, deadline)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        failure: OSError = TimeoutError()
        for name in names:
            try:
                return create_connection(
                    (name, self.port),
                    deadline.allow(deadline.limits.connect),
                    socket_options=self.socket_options,
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "no connection in time") from failure
        raise NewConnectionError(self, str(failure)) from failure  # type: ignore[arg-type]


def resolve(host: str, port: int, deadline: Deadline) -> list[str]:
    """The addresses of a name; raises gaierror, also if no answer comes in time.

    In a thread of its own, because the system's resolver knows no deadline.
    """
    answers: queue.SimpleQueue[list[str] | socket.gaierror] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            answers.put(socket.gaierror(socket.EAI_NONAME, str(error)))
        else:
            answers.put(list(dict.fromkeys(str(each[4][0]) for each in found)))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.allow(deadline.limits.connect))
    except queue.Empty:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer in time") from None
    if isinstance(answer, socket.gaierror):
        raise answer
    return answer


class _Connection(_UnderDeadline, HTTPConnection):
    pass


class _TLSConnection(_UnderDeadline, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class DeadlineAdapter(HTTPAdapter):
    """The network, for a `requests` session; calls must run inside `obeying`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
