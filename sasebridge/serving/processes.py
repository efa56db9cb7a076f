"""Web, workers and scheduler as children of one parent, for a Redis broker.

A child that dies is started again; all end when the parent ends. The parent itself holds
the push connections of IdPs in stream mode, if there are any.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings

from sasebridge.serving import tether
from sync import streams

logger = logging.getLogger(__name__)

PATIENCE = 3.5
"""Seconds that children get to end before they are killed."""
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""Seconds after which a child counts as well again."""


class Child:
    """One process that shall always run; dies often, starts slower."""

    def __init__(self, name: str, command: Sequence[str], listener: int) -> None:
        self.name = name
        self._command = command
        self._listener = listener
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._due = 0.0
        self._pause = 0.5

    def tend(self, now: float) -> None:
        """Start it if it is not there and its pause is over."""
        if self._process and self._process.poll() is not None:
            self._mourn(now, self._process.returncode)
        if self._process is None and now >= self._due:
            self._start(now)

    def tell(self, signum: int) -> None:
        """Send it a signal, if it still runs."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signum)

    def ended(self, within: float) -> bool:
        """Whether it ends within so many seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout=max(within, 0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _start(self, now: float) -> None:
        tied = [sys.executable, tether.__file__, str(os.getpid()), *self._command]
        self._process = subprocess.Popen(  # noqa: S603  our own commands
            tied, env=_environment(), pass_fds=[self._listener]
        )
        self._started = now

    def _mourn(self, now: float, code: int) -> None:
        self._process = None
        if now - self._started > STEADY:
            self._pause = 0.5
        self._due = now + self._pause
        logger.error(
            "%s ended with code %s; it starts again in %.1f s",
            self.name,
            code,
            self._pause,
        )
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def run(listener: socket.socket, ready: Callable[[], None]) -> None:
    """Keep the children alive until a signal; `ready` is called once the web answers."""
    stopping = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda *_: stopping.set())
    fd = listener.fileno()
    children = [Child(name, line, fd) for name, line in _commands(fd).items()]
    address = listener.getsockname()
    watch = threading.Thread(target=_when_answering, args=(address, ready), daemon=True)
    watch.start()
    # Here, because a process of its own would cost 60 MB, most often for nothing.
    keeper = threading.Thread(
        target=streams.Keeper().run, args=(stopping,), name="streams", daemon=True
    )
    keeper.start()
    while not stopping.wait(0.2):
        for child in children:
            child.tend(time.monotonic())
    _end(children)
    keeper.join(streams.FAREWELL)


def _commands(listener: int) -> Mapping[str, Sequence[str]]:
    """What to start, by name. The workers use threads, so that they see the stop flag."""
    python = [sys.executable, "-m"]
    worker = [*python, "celery", "--quiet", "--app", "sasebridge", "worker"]
    worker += ["--pool", "threads", "--concurrency", "4", "--without-gossip"]
    return {
        "web": [*python, "gunicorn", *_gunicorn(listener), "sasebridge.wsgi"],
        "events": [*worker, "--hostname", "events@%h", "--queues", "events"],
        "worker": [*worker, "--hostname", "sync@%h", "--queues", "sync,notify"],
        "scheduler": [*python, "celery", "--quiet", "--app", "sasebridge", "beat"],
    }


def _gunicorn(listener: int) -> list[str]:
    """Two processes with four threads each, on the socket that the parent holds.

    A connectivity test without script answers after up to 60 s: the limit lies above.
    """
    options = ["--bind", f"fd://{listener}", "--worker-class", "gthread", "--preload"]
    options += ["--workers", "2", "--threads", "4", "--timeout", "90"]
    options += ["--graceful-timeout", "2", "--log-level", "warning"]
    # Its control socket would lie in the home folder, one for all installations.
    return [*options, "--no-control-socket"]


def _environment() -> dict[str, str]:
    """Ours, and this project found from any folder."""
    paths = [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _when_answering(address: tuple[str, int], ready: Callable[[], None]) -> None:
    """Call `ready` when the web server has answered something."""
    while True:
        try:
            with socket.create_connection(address[:2], timeout=60) as visit:
                visit.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                if visit.recv(1):
                    break
        except OSError:
            time.sleep(0.2)
    ready()


def _end(children: Sequence[Child]) -> None:
    """Ask all to end, and end those that do not."""
    limit = time.monotonic() + PATIENCE
    for child in children:
        child.tell(signal.SIGTERM)
    for child in children:
        if not child.ended(limit - time.monotonic()):
            logger.warning("%s did not end in time and is killed", child.name)
            child.tell(signal.SIGKILL)
            child.ended(1.0)
