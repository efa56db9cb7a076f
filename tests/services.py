"""PostgreSQL and Redis for tests, on private ports, ended with the tests.

    python -m tests.services -- pytest tests/engine

runs a command with DATABASE_URL and CELERY_BROKER_URL pointing at both, and without a
command only says whether that could be done. Exit code 69: they are not installed.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

NOT_INSTALLED = 69
"""EX_UNAVAILABLE."""
STARTING = 60.0
"""Seconds that a server gets to come up."""


def missing() -> list[str]:
    """Debian packages whose programs are not here."""
    wanted = {"postgresql": postgresql_folder(), "redis-server": _redis()}
    return [package for package, found in wanted.items() if found is None]


def postgresql_folder() -> Path | None:
    """Where initdb and postgres stand: the newest of Debian's, or on the path."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda path: int(path.parts[-3]), default=None)
    found = newest or (Path(on_path) if (on_path := shutil.which("initdb")) else None)
    return found.parent if found else None


def _redis() -> str | None:
    return shutil.which("redis-server")


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Start both; gives the environment that the product needs to use them."""
    with ExitStack() as stack:
        yield {
            "DATABASE_URL": stack.enter_context(postgresql()),
            "CELERY_BROKER_URL": stack.enter_context(redis()),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ENCRYPTION_KEYS": secrets.token_urlsafe(32),
        }


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL with an empty database; gives its URL."""
    programs = postgresql_folder()
    if programs is None:
        raise FileNotFoundError("postgresql is not installed")
    with _private_folder(_plain_account()) as (folder, account):
        password = secrets.token_urlsafe(16)
        (folder / "password").write_text(password)
        data, port = folder / "data", _free_port()
        _initialise(programs, folder, account)
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            # Nothing here outlives the tests, and they empty every table after each.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        command = [programs / "postgres", "-D", data, "-p", port]
        command += [f"-c{name}={value}" for name, value in options.items()]
        with _server("postgres", command, port, folder, account, signal.SIGINT):
            yield f"postgres://sasebridge:{password}@127.0.0.1:{port}/postgres"


@contextmanager
def redis() -> Iterator[str]:
    """A Redis that keeps nothing; gives its URL."""
    program = _redis()
    if program is None:
        raise FileNotFoundError("redis-server is not installed")
    with _private_folder(None) as (folder, account):
        port = _free_port()
        command = [program, "--port", port, "--bind", "127.0.0.1", "--save", ""]
        with _server("redis", command, port, folder, account, signal.SIGTERM):
            yield f"redis://127.0.0.1:{port}/0"


def _initialise(programs: Path, folder: Path, account: str | None) -> None:
    """Make a cluster that sorts as people do, so that code that relies on the order of
    code points without saying so is found."""
    command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "sasebridge"]
    options = ["-E", "UTF8", "-A", "scram-sha-256", "--no-sync"]
    options += ["--pwfile", str(folder / "password"), "--locale=C.UTF-8"]
    options += ["--locale-provider=icu", "--icu-locale=en"]
    subprocess.run(
        command + options,
        check=True,
        stdout=subprocess.DEVNULL,
        user=account,
        cwd=folder,
    )


def _plain_account() -> str | None:
    """PostgreSQL refuses to run as root: the account to run it as, None for ours."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def _private_folder(account: str | None) -> Iterator[tuple[Path, str | None]]:
    with tempfile.TemporaryDirectory(prefix="sasebridge-") as name:
        if account:
            shutil.chown(name, account)
        yield Path(name), account


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _server(
    name: str,
    command: Sequence[object],
    port: int,
    folder: Path,
    account: str | None,
    end: signal.Signals,
) -> Iterator[None]:
    """Run a server until the block ends; its own session keeps Ctrl-C away from it."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdout=output,
            stderr=output,
            user=account,
            cwd=folder,
            start_new_session=True,
        )
    try:
        _wait_for(name, process, port, log)
        yield
    finally:
        process.send_signal(end)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(
    name: str, process: subprocess.Popen[bytes], port: int, log: Path
) -> None:
    limit = time.monotonic() + STARTING
    while time.monotonic() < limit and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{name} did not start:\n{log.read_text(errors='replace')}")


def main(command: Sequence[str]) -> int:
    """Run a command with both servers; gives its exit code."""
    if absent := missing():
        print(f"Not installed: {', '.join(absent)}.", file=sys.stderr)  # noqa: T201
        return NOT_INSTALLED
    if not command:
        return 0
    with running() as environment:
        child = subprocess.Popen(command, env=os.environ | environment)
        # Ctrl-C reaches the child by itself; we stay to end the servers after it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()


if __name__ == "__main__":
    words = sys.argv[1:]
    raise SystemExit(main(words[1:] if words[:1] == ["--"] else words))
