"""Keys of a laptop's installation: made once, kept in DATA_DIR with mode 600."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

LENGTHS = {"SECRET_KEY": 50, "ENCRYPTION_KEYS": 32}


def laptop_secret(folder: Path | None, name: str) -> str:
    """The kept secret `name` in `folder`, made at first need.

    `folder` is None in production; then a missing secret stops the start, because a
    new one would make every stored secret unreadable.
    """
    if folder is None:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it in the environment; it is made up only for the "
            f"SQLite default. `python -c 'import secrets; "
            f"print(secrets.token_urlsafe({LENGTHS[name]}))'` prints a good one."
        )
    path = folder / f"{name.lower()}.txt"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return _make(path, secrets.token_urlsafe(LENGTHS[name]))


def _make(path: Path, value: str) -> str:
    """Write `value` unless another process was first; give back what stands there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(value + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
