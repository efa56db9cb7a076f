"""Files for `idp apply`, and the command as an operator runs it."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from django.core.management import CommandError, call_command

SECRET = "DINGTALK_APP_SECRET"


class Ended:
    """Exit code, what was printed, and why it was refused."""

    def __init__(self, code: int, output: str, reasons: str) -> None:
        self.code, self.output, self.reasons = code, output, reasons


def run(*words: str) -> Ended:
    """`manage.py idp WORDS` without a terminal."""
    out = io.StringIO()
    try:
        call_command("idp", *words, stdout=out, no_color=True)
    except CommandError as error:
        return Ended(error.returncode, out.getvalue(), str(error))
    return Ended(0, out.getvalue(), "")


class Folder:
    """Writes files and applies them."""

    def __init__(self, path: Path, tables: dict[str, Any]) -> None:
        self.path, self.tables = path / "idp.toml", tables

    def text(self, content: str | bytes, *options: str) -> Ended:
        """Apply a file with exactly this content."""
        raw = content.encode() if isinstance(content, str) else content
        self.path.write_bytes(raw)
        return run("apply", str(self.path), *options)

    def apply(self, *options: str, **changes: Any) -> Ended:
        """Apply the usual file with other tables or keys; None leaves one out."""
        tables = {
            key: value for key, value in (self.tables | changes).items() if value != {}
        }
        return self.text(tomli_w.dumps(_without_none(tables)), *options)

    def table(self, name: str, **changes: Any) -> dict[str, Any]:
        """A table of the usual file with other keys; None leaves one out."""
        return _without_none(self.tables.get(name, {}) | changes)


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


@pytest.fixture
def folder(
    tmp_path: Path, credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Folder:
    """A complete file for this simulator; its secret stands in the environment."""
    monkeypatch.setenv(SECRET, credentials["app_secret"])
    tables = {
        "type": "dingtalk",
        "name": "Example",
        "description": "DingTalk Logon",
        "status": "enabled",
        "credentials": {
            "corp_id": credentials["corp_id"],
            "app_key": credentials["app_key"],
            "app_secret": f"env:{SECRET}",
        },
        "synchronization": {"scope": "all", "sync_interval_hours": 6},
    }
    return Folder(tmp_path, tables)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a text on standard input."""

    def put(text: str) -> None:
        raw = io.BytesIO(text.encode())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))

    return put
