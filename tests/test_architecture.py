"""The shape of the code: layers, sizes, and that the core knows no vendor."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.alone

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sasebridge", "identity", "sync")
LONGEST = 350
CONNECTORS = ROOT / "identity" / "connectors"
NAMES_ALLOWED = {
    "sasebridge/settings.py": "INSTALLED_APPS, and the names of settings",
    "sasebridge/environment.py": "the demo sets settings by their names",
    "sasebridge/management/commands/demo.py": "it starts a simulator by its command",
}
"""Where a connector may be named outside its folder, and why."""


def modules() -> Iterator[Path]:
    """Every module of the product, without migrations."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def connectors() -> list[str]:
    """The connectors by their folders' names."""
    return [path.parent.name for path in CONNECTORS.glob("*/apps.py")]


def named(path: Path) -> set[str]:
    """All words that a module's code uses: names, imports and texts, not docstrings."""
    words: set[str] = set()
    tree = ast.parse(path.read_text())
    remarks = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in remarks:
                words.add(text)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                words.add(name)
            case ast.ImportFrom(module=str(module)):
                words.add(module)
    return words


def test_the_layers_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [linter, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert " 0 broken" in result.stdout


def test_no_module_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in modules()
    }
    assert len(lengths) > 50
    assert {name: size for name, size in lengths.items() if size > LONGEST} == {}


def test_the_core_names_no_connector() -> None:
    """A second IdP is one folder and one line in INSTALLED_APPS."""
    assert connectors() == ["dingtalk"]
    found = {
        (str(path.relative_to(ROOT)), word)
        for path in modules()
        for word in named(path)
        for kind in connectors()
        if kind in word.lower() and CONNECTORS / kind not in path.parents
    }
    stray = {(path, word) for path, word in found if path not in NAMES_ALLOWED}
    assert stray == set()
    assert {path for path, _ in found} == set(NAMES_ALLOWED)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
