"""What came with an event, to be shown: laid out, and without personal values."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sync.views.veil import Veil

LONGEST = 20_000
"""Characters that a page shows."""
NUMBERS = re.compile(r"mobile|phone|\btel", re.IGNORECASE)
ADDRESSES = re.compile(r"mail", re.IGNORECASE)
SECRETS = re.compile(r"secret|token|ticket|password|encrypt", re.IGNORECASE)
ADDRESS = re.compile(
    r"""(?<![^\s"'<>@,;])[^\s"'<>@,;]+@([^\s"'<>@,;]+\.[^\s"'<>@,;]+)"""
)
HIDDEN = "****"


def whole(text: str) -> str:
    """What came, laid out; never a secret."""
    return _laid_out(text, None)


def masked(text: str) -> str:
    """The same without mobiles, telephones and e-mail addresses."""
    return _laid_out(text, Veil(None))


def _laid_out(text: str, veil: Veil | None) -> str:
    try:
        shown = _shown(json.loads(text), veil, "")
        text = json.dumps(shown, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = _text(text, veil)
    # Half a character can be written in JSON, but not in a page.
    return text[:LONGEST].encode("utf-8", "replace").decode()


def _shown(value: Any, veil: Veil | None, name: str) -> Any:
    if value not in (None, "") and SECRETS.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {_text(key, veil): _shown(one, veil, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_shown(one, veil, name) for one in value]
    if veil is None or isinstance(value, bool) or value is None:
        return value
    return _hidden(value, veil, name)


def _hidden(value: Any, veil: Veil, name: str) -> Any:
    text = str(value)
    if NUMBERS.search(name):
        return veil.value("mobile", text)
    if ADDRESSES.search(name) and "@" not in text:
        return HIDDEN
    hidden = _text(text, veil)
    return value if hidden == text else hidden


def _text(text: str, veil: Veil | None) -> str:
    if veil is None:
        return text
    return ADDRESS.sub(rf"{HIDDEN}@\1", veil.text(text))
