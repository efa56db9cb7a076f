r"""How names are searched for: "zs", "zhangsan" and "zhang s" find 张三, "jose" José.

    spell("张三") == "^ zhangsan^ zs san"
    spell("José García") == "\x1fjose garcia"

Every word of a sound is something a search may begin with: the sound and the initials
from one syllable on to the end. "^" marks those from the first syllable on, "~" the same
where a character is read in its rarer way. A search is for a space and the letters, a
plain LIKE on both databases, and never hits inside a syllable. Behind `BARE` stands the
name without accents, if it has any; a search hits anywhere in it. Pure.
"""

import re
import unicodedata
from collections.abc import Sequence

from sync.letters import fold, plain
from sync.syllables import Syllable, syllables, ways

LIMIT = 400
"""Characters of a sound; words that do not fit are left out."""
BARE = "\x1f"
"""Stands before the name without accents. No search text holds a control character."""


def spell(name: str, *, person: bool = True) -> str:
    """The searchable sound of a name; "" if its own letters are all there is to it.

    `person` reads the first character as a family name.
    """
    if name.isascii():
        return ""
    text = unicodedata.normalize("NFC", name)
    bare = plain(text)[: LIMIT // 2]
    rest = f"{BARE}{bare}" if bare != fold(name) else ""
    parts = syllables(text, person=person)
    return _joined(_words(parts), LIMIT - len(rest)) + rest if parts else rest


def spoken(text: str) -> str:
    """What to look for in a sound if somebody typed this; "" if it is no sound.

    Spaces, apostrophes and hyphens between syllables are left out; ü is typed as v.
    """
    typed = unicodedata.normalize("NFC", text).lower().replace("ü", "v")
    letters = plain(re.sub(r"[\s'’·-]", "", typed))
    sound = letters.isascii() and letters.isalnum() and not letters.isdigit()
    return f" {letters}" if sound else ""


def beginnings(sound: str) -> str:
    """The words of a sound that begin with its first syllable."""
    parts = re.split(r"[\^~] ", sound.partition(BARE)[0])
    return " ".join(part.split(" ")[0] for part in parts[1:])


def _words(parts: Sequence[Syllable]) -> list[str]:
    """Words of the usual reading, then those of each other reading of a character."""
    (usual, starts), *others = ways(parts)
    words = _from_each(usual, starts, "^")
    known = {f"~{word[1:]}" for word in words[:2]}
    for sounds, upto in others:
        words += _from_each(sounds, upto, "~")
    return [word for word in dict.fromkeys(words) if word not in known]


def _from_each(sounds: Sequence[str], starts: int, mark: str) -> list[str]:
    """The sound and the initials from each of the first syllables on."""
    sound = "".join(sounds)
    initials = "".join([each[0] for each in sounds])
    words = [f"{mark} {sound}"]
    if len(sounds) > 1:
        words.append(f"{mark} {initials}")
    cut = 0
    for start in range(1, starts):
        cut += len(sounds[start - 1])
        words.append(f" {sound[cut:]}")
        if start < len(sounds) - 1:
            words.append(f" {initials[start:]}")
    return words


def _joined(words: Sequence[str], limit: int) -> str:
    """As many of the words as fit."""
    kept = list(words)
    joined = "".join(kept)
    while len(joined) > limit:
        kept.pop()
        joined = "".join(kept)
    return joined
