"""Readers of single JSON values: tolerant in type, strict in meaning. Pure.

DingTalk's own examples print numbers and booleans as text and lists as one object;
real answers have proper types. Both are read; everything else is `Malformed`.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

INT64 = 2**63
CHINA = timezone(timedelta(hours=8))
LONGEST_TEXT = 2000
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_LINE_BREAK = re.compile(r"\r\n|[\r\n\t\x0b\x0c\x85\u2028\u2029]")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Malformed(ValueError):
    """A value that is not what its place in the answer asks for; the text says which."""


def integer(value: object) -> int | None:
    """A signed 64-bit integer from a number or digits; None if it is not one."""
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -INT64 <= value < INT64 else None


def flag(value: object) -> bool | None:
    """A boolean from true, "true", 1 or "1" and their opposites; None otherwise."""
    if isinstance(value, str):
        value = value.strip().lower()
    if value in (True, "true", "1"):
        return True
    return False if value in (False, "false", "0") else None


def text(value: object, *, lines: bool = False) -> str:
    """Text without what a database or a terminal cannot take; "" for nothing.

    Control characters and lone surrogates become U+FFFD (I-30). With `lines`, line
    breaks and tabs become spaces instead, as they are usual in longer texts.
    """
    if value is None or isinstance(value, bool | list | dict):
        return ""
    shown = str(value)[: LONGEST_TEXT * 2].strip()
    if lines:
        shown = _LINE_BREAK.sub(" ", shown)
    return _UNFIT.sub("\ufffd", shown)[:LONGEST_TEXT].strip()


def department_id(value: object) -> str | None:
    """A department's id as text; None for ids at or below 0, which are not ours."""
    number = integer(value)
    if number is None:
        raise Malformed(f"department id {text(value)[:40] or type(value).__name__!r}")
    return str(number) if number > 0 else None


def department_ids(value: object) -> tuple[str, ...]:
    """Ids of a list, each once, in its order; a list printed as text is read too."""
    found = (department_id(each) for each in items(value))
    return tuple(dict.fromkeys(each for each in found if each))


def userid(value: object) -> str:
    """A userid: 1 to 64 characters, exactly as it came."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.strip():
        raise Malformed("userid is missing or longer than 64 characters")
    if _UNFIT.search(value):
        raise Malformed("userid holds control characters")
    return value


def items(value: object) -> list[Any]:
    """An inner list; DingTalk's examples print some as text or as one object."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Malformed("a list is expected") from None
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list):
        raise Malformed("a list is expected")
    return value


def china_date(value: object) -> str:
    """Milliseconds as an ISO date in UTC+8; "" for what no hiring date can be."""
    milliseconds = integer(value)
    if not milliseconds or not 0 < milliseconds < 7_258_118_400_000:  # until 2200
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, CHINA).date().isoformat()
