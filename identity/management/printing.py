"""How commands print a check, a table and nested facts."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.management.color import Style

from identity.connectors.records import Check, CheckStatus


def check_lines(check: Check, style: Style) -> Iterator[str]:
    """A row of the connectivity test, and below it what to do."""
    paint = {
        CheckStatus.PASS: style.SUCCESS,
        CheckStatus.WARN: style.WARNING,
        CheckStatus.FAIL: style.ERROR,
        CheckStatus.SKIPPED: style.HTTP_INFO,
    }[check.status]
    word = paint(f"{check.status.value:<8}")
    milliseconds = f"{check.ms} ms" if check.ms else ""
    yield f"{word}{milliseconds:>8}  {check.title}"
    for label, value in (
        ("cause", check.cause),
        ("fix", check.fix),
        ("paste", check.paste),
        ("link", check.link),
    ):
        if value:
            yield f"{'':18}{label + ':':<7}{value}"


def table_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows with their columns below each other, Chinese characters counted twice."""
    widths = [
        max(_width(cell) for cell in column) for column in zip(*rows, strict=True)
    ]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield "  ".join(x + " " * (w - _width(x)) for x, w in cells).rstrip()


def fact_lines(facts: Mapping[str, Any], indent: int = 0) -> Iterator[str]:
    """Nested facts as "key: value", one a line."""
    for key, value in facts.items():
        if isinstance(value, Mapping):
            yield f"{'':{indent}}{key}:"
            yield from fact_lines(value, indent + 2)
        else:
            yield f"{'':{indent}}{key}: {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else str(value)


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in text)
