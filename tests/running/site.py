"""The product in processes of its own, as the README runs it, to be killed and frozen.

They belong to the session of whoever starts them, and end with it.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sasebridge.serving import tether
from tests.running.program import ROOT

CELERY = (sys.executable, "-m", "celery", "--quiet", "--app", "sasebridge")
WORKER = (*CELERY, "worker", "--pool", "threads", "--without-gossip")
COMING_UP = 60.0


class Part:
    """One process: started, killed, frozen, started again. Start it from the main
    thread: with the one that started it, it ends."""

    def __init__(
        self, name: str, command: Sequence[object], folder: Path, **env: str
    ) -> None:
        self._command = [str(word) for word in command]
        self._env = os.environ | {"PYTHONPATH": str(ROOT)} | env
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    @property
    def pid(self) -> int:
        """Its process id; only while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """The end of what it has printed."""
        return self._log.read_text(errors="replace")[-4000:]

    def start(self) -> None:
        """Start it, again or for the first time."""
        tied = [sys.executable, tether.__file__, str(os.getpid()), *self._command]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                tied,
                cwd=ROOT,
                env=self._env,
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def kill(self) -> None:
        """SIGKILL it, with its children, whatever it is doing."""
        self.kills += 1
        self._end()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it for a while as a machine that hangs does: connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Kill it if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._end()

    def _end(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()


class Site:
    """Web, worker, scheduler and a Redis that keeps nothing."""

    def __init__(self, folder: Path, web_port: int, redis_port: int) -> None:
        self._ports = (web_port, redis_port)
        self.web = Part("web", _gunicorn(web_port), folder)
        queues = ("--concurrency", 4, "--queues", "events,sync,notify")
        self.worker = Part("worker", (*WORKER, *queues), folder)
        self.beat = Part("beat", (*CELERY, "beat"), folder)
        self.redis = Part("redis", _redis(redis_port), folder)

    @property
    def parts(self) -> dict[str, Part]:
        """All of them by name, in the order of their start."""
        names = ("redis", "web", "worker", "beat")
        return {name: getattr(self, name) for name in names}

    def start(self) -> None:
        """Start all, and wait until the web answers."""
        for part in self.parts.values():
            part.start()
        for port in self._ports:
            wait_for(port)

    def stop(self) -> None:
        """Kill all."""
        for part in reversed(self.parts.values()):
            part.stop()


@contextmanager
def running(folder: Path, web_port: int, redis_port: int) -> Iterator[Site]:
    """A site from its start to its end."""
    site = Site(folder, web_port, redis_port)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def _gunicorn(port: int) -> list[object]:
    command = [sys.executable, "-m", "gunicorn", "sasebridge.wsgi", "--preload"]
    command += ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    options = ["--workers", 2, "--threads", 4, "--timeout", 90, "--no-control-socket"]
    return [*command, *options, "--log-level", "warning"]


def _redis(port: int) -> list[object]:
    program = shutil.which("redis-server")
    assert program, "redis-server is not installed"
    return [program, "--port", port, "--bind", "127.0.0.1", "--save", ""]


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port of this machine."""
    limit = time.monotonic() + COMING_UP
    while time.monotonic() < limit:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port}")
