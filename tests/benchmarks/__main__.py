"""`make bench`: how quickly events are answered, in the directory, and leavers out.

    python -m tests.benchmarks

On SQLite in one process, and on PostgreSQL with Redis where these are installed. The
simulated DingTalk takes 20 calls a second of each kind, as the true one does.
"""

import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import services
from tests.running.program import ROOT, end_session, environment, free_port

LONGEST = 240.0


def course(what: str, kind: str, folder: Path, env: dict[str, str]) -> int:
    """Measure one kind of installation in a program of its own; its exit code."""
    code = f"from tests.benchmarks import {what}; {what}.run({kind!r}, {str(folder)!r})"
    program = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code],
        cwd=ROOT,
        env=env,
        start_new_session=True,
    )
    try:
        return program.wait(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"{kind}: not done after {LONGEST:.0f} s\n")
        return 1
    finally:
        end_session(program.pid)
        program.wait()


def measure(what: str, kind: str, **more: str) -> int:
    """Run a bench with these settings besides those of all."""
    with tempfile.TemporaryDirectory(prefix="sasebridge-bench-") as name:
        folder = Path(name)
        base = f"http://127.0.0.1:{free_port()}"
        env = environment(
            folder,
            DINGTALK_OAPI_URL=f"{base}/oapi",
            DINGTALK_API_URL=f"{base}/api",
            SECRET_KEY=secrets.token_urlsafe(50),
            ENCRYPTION_KEYS=secrets.token_urlsafe(32),
            DINGTALK_RATE="20",
            LOG_LEVEL="ERROR",
            **more,
        )
        return course(what, kind, folder, env)


def main() -> int:
    """Both kinds of installation, as far as they are there."""
    code = measure("events", "one process, SQLite")
    absent = services.missing()
    if absent:
        sys.stdout.write(f"\nNot installed: {', '.join(absent)}. No more figures.\n")
        return code
    for what in ("events", "leaving"):
        with services.postgresql() as database:
            broker = f"redis://127.0.0.1:{free_port()}/0"
            code = code or measure(
                *(what, "PostgreSQL and Redis"),
                DATABASE_URL=database,
                CELERY_BROKER_URL=broker,
            )
    return code


if __name__ == "__main__":
    raise SystemExit(main())
