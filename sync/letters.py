"""Letters as people type them: without case, and without accents. Pure."""

import unicodedata
from functools import lru_cache

ABOVE = 200
"""From this combining class on, a mark stands above or below a letter and may be left
out. Lower ones make another letter of it, as the voicing of が does."""
OTHERWISE = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
        "ŧ": "t", "æ": "ae", "œ": "oe",
    }
)  # fmt: skip
"""Letters of their own that are typed as others; ß is "ss" by its case already."""


def fold(text: str) -> str:
    """The text with ASCII letters, and no others, in lower case."""
    return (
        text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    )


def plain(text: str) -> str:
    """ "José Müller" as "jose muller"; wide letters as narrow ones."""
    if text.isascii():
        return text.lower()
    # Composed once more: a narrow kana has its voicing in a character of its own.
    return unicodedata.normalize("NFC", "".join(plain_signs(text)))


def plain_signs(text: str) -> list[str]:
    """What each character of the composed text comes to; "" for some."""
    return [_plain_sign(sign) for sign in unicodedata.normalize("NFC", text)]


@lru_cache(maxsize=8192)
def _plain_sign(sign: str) -> str:
    letters = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKC", sign).casefold()
    )
    kept = "".join(each for each in letters if unicodedata.combining(each) < ABOVE)
    return unicodedata.normalize("NFC", kept.translate(OTHERWISE))
