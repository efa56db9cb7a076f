"""Each fault that DingTalk can bring into a sync has its test (reliability.md c.2)."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROWS = {f"F-{number}" for number in (*range(32, 52), 53, 54, 55)}


def rows_of(path: Path) -> list[str]:
    """The row that each test of a file begins its docstring with."""
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            row = re.match(r"F-\d+", ast.get_docstring(node) or "")
            assert row, f"{path.name}: {node.name} names no row"
            found.append(row[0])
    return found


def test_every_row_has_its_test_and_no_test_is_without_a_row() -> None:
    """F-32 to F-51 and F-53 to F-55; F-52 is about our own addresses."""
    files = [*HERE.glob("test_fault_*.py")]
    files.remove(Path(__file__))
    assert len(files) == 3
    assert {row for path in files for row in rows_of(path)} == ROWS
