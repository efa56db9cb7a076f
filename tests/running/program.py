"""`manage.py` as a program of its own, in an environment of its own, for a bounded time."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DECIDED = ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "ENCRYPTION_KEYS")
"""Not taken over from the tests' own environment, besides what names an address."""
BROWSERS = "DJANGO_ALLOW_ASYNC_UNSAFE"
"""Set for tests in a browser, in whose process others may run."""
COMING_UP = 120.0
ENDING = 5.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    """That of a laptop with nothing set, with its data in `folder`."""
    dropped = (*DECIDED, "PORT", "PUBLIC_URL", "ALLOWED_HOSTS", "DEBUG", BROWSERS)
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return kept | {"DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"} | more


def manage(*words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=COMING_UP,
        check=False,
    )


def shell(code: str, *, folder: Path) -> str:
    """What a piece of Python prints inside the product."""
    result = manage("shell", "--verbosity", "0", "--command", code, folder=folder)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def fetch(port: int, path: str) -> tuple[int, str]:
    """Status and body of an address of this machine, (0, "") if nobody answers."""
    url = f"http://127.0.0.1:{port}{path}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def free_port() -> int:
    """A port that is free, and so is the next."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def eventually(ask: Callable[[], object], within: float = COMING_UP) -> bool:
    """Whether `ask` comes true in time."""
    limit = time.monotonic() + within
    while time.monotonic() < limit:
        if ask():
            return True
        time.sleep(0.1)
    return bool(ask())


class Program:
    """A serving command, from start to end. A context: it is ended in any case."""

    def __init__(
        self, command: str, folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self.folder = folder
        self._log = folder / f"output-{self.port}.txt"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", command, "--port", str(self.port)],
                cwd=ROOT,
                env=environment(folder, **(env or {})),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        end_session(self.pid)
        self._process.wait()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def value(self, label: str) -> str:
        """What the frame shows beside a label."""
        found = (line.strip() for line in self.output.splitlines())
        return next(x for x in found if x.startswith(label)).removeprefix(label).strip()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of an address of its console."""
        return fetch(self.port, path)

    def parts(self) -> dict[str, Any]:
        """The body of /readyz, {} if it does not answer."""
        body = self.get("/readyz")[1]
        found: dict[str, Any] = json.loads(body) if body else {}
        return found

    def come_up(self) -> None:
        """Wait until it can serve and has said so."""
        up = eventually(
            lambda: (
                self.code is not None
                or ("is running" in self.output and self.get("/readyz")[0] == 200)
            )
        )
        assert up, self.output
        assert self.code is None, self.output

    def interrupt(self, signum: signal.Signals = signal.SIGINT) -> float:
        """Ask it to end as Ctrl-C does; gives the seconds until it had."""
        begun = time.monotonic()
        os.kill(self.pid, signum)
        self._process.wait(timeout=30)
        return time.monotonic() - begun

    def members(self) -> set[int]:
        """Processes of its session that still run, itself included."""
        return members(self.pid)

    def child(self, words: str) -> int:
        """The process of its session whose command line holds these words."""
        for pid in self.members():
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            if words in line.decode() and _parent(pid) == self.pid:
                return pid
        return 0


def members(session: int) -> set[int]:
    """Processes of a session that still run."""
    stats = (_stat(entry) for entry in Path("/proc").glob("[0-9]*"))
    return {pid for pid, state, of in stats if of == session != 0 and state != "Z"}


def end_session(session: int) -> None:
    """Kill what still runs of a session, frozen or not."""
    for pid in members(session):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _stat(entry: Path) -> tuple[int, str, int]:
    """Process id, state and session; zeros for one that has just gone."""
    try:
        after_name = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, "", 0
    return int(entry.name), after_name[0], int(after_name[3])


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
