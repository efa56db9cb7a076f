"""The names under which a simulated app is known, fixed by a seed."""

import hashlib
import string
from dataclasses import dataclass

_SECRET = string.ascii_letters + string.digits + "-_"
_SMALL = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Credentials:
    """What an administrator types into the wizard."""

    corp_id: str
    app_key: str
    app_secret: str

    @classmethod
    def of_seed(cls, seed: int | str) -> "Credentials":
        """The same three values for the same seed, in DingTalk's shapes."""
        return cls(
            corp_id="ding" + hashlib.sha256(f"corp {seed}".encode()).hexdigest()[:32],
            app_key="ding" + _letters(f"key {seed}", _SMALL, 16),
            app_secret=_letters(f"secret {seed}", _SECRET, 64),
        )


@dataclass(frozen=True)
class PushKeys:
    """What the console shows on the page of event subscription, to be copied."""

    token: str
    aes_key: str

    @classmethod
    def of_app(cls, app_key: str) -> "PushKeys":
        """The same two for the same app, in DingTalk's shapes."""
        alphabet = string.ascii_letters + string.digits
        return cls(
            token=_letters(f"token {app_key}", alphabet, 16),
            aes_key=_letters(f"aes key {app_key}", alphabet, 43),
        )


def _letters(text: str, alphabet: str, length: int) -> str:
    digest = hashlib.sha512(f"simulated app {text}".encode()).digest()
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])
