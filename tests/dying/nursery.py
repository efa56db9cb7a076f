"""Workers that are killed: each a process of its own, forked from one that is ready.

`python -m tests.dying.nursery` reads one JSON object a line: the database, the run, the
file of the company, the app's credentials, the point, and the signal that the worker
sends itself there. It answers with the worker's process id, and then with what became
of it. A worker costs a fork and not a start of Python.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """The tests' side."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def send(self, **order: Any) -> int:
        """Start a worker and wait until it has ended or stands still; its id."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        assert answer["signal"] == order["signal"], answer
        return int(answer["pid"])

    def wake(self, pid: int) -> int:
        """Let a worker that stands still go on; its exit code."""
        os.kill(pid, signal.SIGCONT)
        return int(self._answer()["code"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the nursery has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def opened(folder: Path) -> Iterator[Nursery]:
    """A nursery until the block ends; what its workers print is in `folder`."""
    with (folder / "nursery.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.dying.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield Nursery(process)
    finally:
        process.communicate(timeout=30)  # its input ends, and so does it


# --- inside the process ---


def main() -> None:
    """Work on orders, one after the other, until there are no more."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sasebridge.settings")
    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _work(order)
        _watch(pid)


def _watch(pid: int) -> None:
    """Say what became of a worker; one that stands still is waited for once more."""
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        _say(pid=pid, signal=os.WSTOPSIG(status))
        _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        _say(pid=pid, signal=os.WTERMSIG(status))
    else:
        _say(pid=pid, signal=0, code=os.WEXITSTATUS(status))


def _say(**words: int) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201


def _work(order: Mapping[str, Any]) -> NoReturn:
    """Carry the run out in this process, which meets its signal at the point."""
    code = 1
    try:
        from tests.dying.worker import perform

        perform(order)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
