"""The simulator is evidence only as long as it shares nothing with what it tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.alone

FOLDER = Path(settings.BASE_DIR) / "identity/connectors/dingtalk/simulator"
ITSELF = "identity.connectors.dingtalk.simulator"
SHARED = "identity.connectors.dingtalk.crypto"


def imports() -> Iterator[tuple[str, str]]:
    """Each module of the simulator with each name of a module that it imports."""
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                yield file.name, node.module or ""
            elif isinstance(node, ast.Import):
                yield from ((file.name, alias.name) for alias in node.names)


def test_it_shares_the_cipher_with_the_product_and_nothing_else() -> None:
    ours = {
        name
        for _, name in imports()
        if name.split(".")[0] in {"identity", "sync", "sasebridge"}
        and not name.startswith(ITSELF)
    }
    assert ours == {SHARED}


def test_it_uses_django_for_its_pages_only() -> None:
    assert {(file, name) for file, name in imports() if name.startswith("django")} == {
        ("pages.py", "django.template")
    }


def test_only_the_pusher_and_the_adapter_know_requests() -> None:
    users = {file for file, name in imports() if name.split(".")[0] == "requests"}
    assert users == {"pusher.py", "adapter.py"}
