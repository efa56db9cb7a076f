"""One difference between an IdP and a file, as a line to read. Holds no secret."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

UNCHANGED = "="


@dataclass(frozen=True, slots=True)
class Change:
    """`sign`: + new, - gone, ~ different, = a secret that stays as it is.

    `before` and `after` are values; `note` stands where a value may not be shown.
    """

    sign: str
    key: str
    after: Any = None
    before: Any = None
    note: str = ""

    @property
    def real(self) -> bool:
        """Whether something changes."""
        return self.sign != UNCHANGED

    def __str__(self) -> str:
        if self.sign == "~" and not self.note:
            shown = f"{_shown(self.before)} -> {_shown(self.after)}"
        else:
            value = self.before if self.sign == "-" else self.after
            shown = " ".join(x for x in (_shown(value), self.note) if x)
        return f"{self.sign} {self.key}: {shown}"


def different(key: str, before: Any, after: Any) -> Iterator[Change]:
    """The change of a value, if it is one; None means that there is none."""
    if before == after:
        return
    sign = "+" if before is None else "-" if after is None else "~"
    yield Change(sign, key, after, before)


def gained_and_lost(
    key: str,
    before: Iterable[str],
    after: Iterable[str],
    name_of: Callable[[str], str],
) -> Iterator[Change]:
    """A line for each member of a list that is new or gone, with its name."""
    had, has = list(before), list(after)
    for one in has:
        if one not in had:
            yield Change("+", key, one, note=_in_brackets(name_of(one)))
    for one in had:
        if one not in has:
            yield Change("-", key, before=one, note=_in_brackets(name_of(one)))


def secret(key: str, variable: str, *, stored: bool, changed: bool) -> Change:
    """What becomes of a secret that the file names."""
    if not changed:
        return Change(UNCHANGED, key, note=f"unchanged ({variable})")
    if stored:
        return Change("~", key, note=f"will be replaced ({variable})")
    return Change("+", key, note=f"set ({variable})")


def printable(text: str) -> str:
    """A vendor's text on one line, without what a terminal or a file would obey."""
    return "".join(one if one.isprintable() else " " for one in text)


def _in_brackets(name: str) -> str:
    return f"({printable(name)})" if name else ""


def _shown(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
