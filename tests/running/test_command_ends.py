"""How commands end, as processes, where something around them fails: no traceback."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running.program import ROOT, environment, manage, shell

pytestmark = [pytest.mark.alone, pytest.mark.xdist_group("programs")]
FILE = """\
type = "dingtalk"
name = "总部"
[credentials]
corp_id = "dingcompany1234"
app_key = "dingapp1234"
app_secret = "env:APP_SECRET"
"""
SECRET = {"APP_SECRET": "canary-secret-0123456789"}
NAMES = "print([i.name for i in __import__('identity.models').models.IdentityProvider.objects.all()])"
NO_TABLES = (
    "The database has no tables yet. Run manage.py migrate, or start the product "
    "once: make up."
)
EACH = """
from django.core.management import CommandError, call_command
for words in {commands}:
    try:
        call_command(*words)
    except CommandError as error:
        print(error.returncode, error)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A migrated product's data, and a file beside it."""
    (tmp_path / "hq.toml").write_text(FILE)
    assert manage("migrate", folder=tmp_path).returncode == 0
    return tmp_path


def in_shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `manage` is the program and $FILE the file."""
    program = f'manage() {{ "{sys.executable}" manage.py "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", program + line],
        cwd=ROOT,
        env=environment(folder, FILE=str(folder / "hq.toml"), **SECRET),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_tables_every_command_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "hq.toml").write_text(FILE)
    commands = [
        ("idp", "list"),
        ("idp", "show", "HQ"),
        ("idp", "export", "HQ"),
        ("idp", "apply", str(tmp_path / "hq.toml"), "--draft"),
        ("check_connection", "HQ"),
        ("sync_directory", "HQ"),
        ("export_directory", "HQ"),
    ]
    ended = manage(
        *("shell", "--no-imports", "--command", EACH.format(commands=commands)),
        folder=tmp_path,
        **SECRET,
    )
    assert ended.stdout.splitlines() == [f"1 {NO_TABLES}"] * len(commands)
    alone = manage("idp", "list", folder=tmp_path)
    assert (alone.returncode, alone.stdout) == (1, "")
    assert alone.stderr == f"CommandError: {NO_TABLES}\n"


def test_a_database_of_an_earlier_version_is_said_as_well(tmp_path: Path) -> None:
    assert manage("migrate", "contenttypes", folder=tmp_path).returncode == 0
    ended = manage("idp", "list", folder=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == (
        "CommandError: The database is of an earlier version. Run manage.py migrate.\n"
    )


def test_a_database_that_cannot_be_used_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "sasebridge.sqlite3").write_text("no database" * 10)
    ended = manage("idp", "list", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (
        1,
        "CommandError: The database cannot be used: file is not a database\n",
    )


def test_closed_and_full_outputs_are_a_line_and_an_exit_code(folder: Path) -> None:
    """Python has nothing to add at its own end, and nothing is half saved."""
    apply = "manage idp apply $FILE --draft"
    for line, code, words in (
        ("manage idp list >/dev/full", 1, "The output could not be written: No space"),
        ("manage idp list >&-", 1, "Standard output is closed"),
        ("manage idp show nobody 2>&-", 2, ""),
        (f"{apply} >/dev/full", 1, "Nothing was changed.\n  The output could not"),
        (f"{apply} | true; exit ${{PIPESTATUS[0]}}", 1, "Nothing was changed.\n"),
    ):
        ended = in_shell(f"PYTHONUNBUFFERED= {line}", folder)
        assert ended.returncode == code, line
        said = f"CommandError: {words}" if words else ""
        assert ended.stderr.startswith(said), ended.stderr
        assert ended.stderr.count("\n") <= 2, ended.stderr
    assert shell(NAMES, folder=folder) == "[]"
    left = "PYTHONUNBUFFERED= manage idp list | true; exit ${PIPESTATUS[0]}"
    ended = in_shell(left, folder)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_ctrl_c_at_the_question_changes_nothing(folder: Path) -> None:
    words = ("idp", "apply", str(folder / "hq.toml"), "--draft")
    keyboard, terminal = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment(folder, **SECRET),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert asked.stdout is not None
        shown = b""
        while not shown.endswith(b"Apply? [y/N] "):
            more = os.read(asked.stdout.fileno(), 4096)
            assert more, shown
            shown += more
        asked.send_signal(signal.SIGINT)
        _rest, errors = asked.communicate(timeout=30)
    finally:
        asked.kill()
        asked.wait()
        os.close(keyboard)
        os.close(terminal)
    assert asked.returncode == 1
    assert errors.decode() == "CommandError: Nothing was changed.\n  You stopped it.\n"
    assert shell(NAMES, folder=folder) == "[]"
