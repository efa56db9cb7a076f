"""README.md and the product say the same."""

import ast
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

pytestmark = pytest.mark.alone

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
OURS = ("sasebridge", "identity", "sync", "identity.connectors.")


def section(title: str) -> str:
    """The text below a heading of the second level."""
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL
    )
    assert found, f"README has no section {title!r}"
    return found[1]


def first_cells(title: str) -> list[str]:
    """What stands in code quotes in the first cell of each row of a section's tables."""
    rows = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def settings_read() -> list[str]:
    """Names that settings.py takes from the environment."""
    tree = ast.parse((ROOT / "sasebridge" / "settings.py").read_text())
    return [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def test_every_setting_stands_once_in_the_table_and_the_other_way_round() -> None:
    read = settings_read()
    assert len(read) > 10
    assert sorted(first_cells("Settings")) == sorted(read)


def test_every_command_of_ours_stands_once_and_the_other_way_round() -> None:
    ours = {
        name for name, app in get_commands().items() if str(app).startswith(OURS)
    } | {"createsuperuser"}
    shown = [cell.split()[0] for cell in first_cells("Commands")]
    assert sorted(shown) == sorted(ours)


def test_every_make_target_is_explained_and_the_other_way_round() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) == set(
        phony[1].split()
    ) - {"help"}


def test_every_package_that_the_product_needs_has_its_reason() -> None:
    lines = (ROOT / "requirements" / "runtime.in").read_text().splitlines()
    wanted = {re.split(r"[~=\[]", x)[0] for x in lines if x and not x.startswith("#")}
    assert sorted(first_cells("Dependencies")) == sorted(wanted)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)", README))
def test_links_inside_the_project_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
