"""How Chinese names sound, so that "zs", "zhangsan" and "zhang s" find 张三. Pure.

    spell("张三") == "^ zhangsan^ zs san"

Every word is something a search may begin with: the sound and the initials from one
syllable on to the end. "^" marks those from the first syllable on. A search is for a
space and the letters, a plain LIKE on both databases, and never hits inside a syllable.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

LIMIT = 400
"""Characters of a sound; words that do not fit are left out."""
READINGS = 2
"""Readings of one character that count; the rest are rare or archaic."""
OTHERS = 6
"""How many characters of a name are also read the other way."""

FAMILY = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha",
    "任": "ren", "盖": "ge", "缪": "miao", "朴": "piao", "翟": "zhai", "覃": "qin",
    "乜": "nie", "繁": "po", "种": "chong", "员": "yun", "折": "she",
    "秘": "bi", "召": "shao", "洗": "xian", "郇": "xun", "阚": "kan", "佴": "nai",
    "卜": "bu", "能": "nai", "句": "gou", "祭": "zhai", "乐": "yue", "黑": "he",
    "牟": "mu", "都": "du", "薄": "bo", "藏": "zang",
    "粘": "nian", "宓": "fu",
}  # fmt: skip
"""Characters that sound otherwise as a family name than in a sentence."""
COMPOUND = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "澹台": ("tan", "tai"),
    "单于": ("chan", "yu"), "长孙": ("zhang", "sun"), "乐正": ("yue", "zheng"),
    "夏侯": ("xia", "hou"), "鲜于": ("xian", "yu"), "皇甫": ("huang", "fu"),
    "尉缭": ("wei", "liao"), "宰父": ("zai", "fu"), "亓官": ("qi", "guan"),
}  # fmt: skip
"""Family names of two characters; here neither is read by itself."""


def spell(name: str, *, person: bool = True) -> str:
    """The searchable sound of a name; "" if nothing in it is Chinese.

    `person` reads the first character as a family name. Letters and digits between
    Chinese characters count as one syllable.
    """
    if name.isascii():
        return ""
    text = unicodedata.normalize("NFC", name).lower()
    syllables = _syllables(text)
    if not syllables:
        return ""
    return _joined(_words(_as_family(text, syllables) if person else syllables))


def spoken(text: str) -> str:
    """What to look for in a sound if somebody typed this; "" if it is no sound.

    Spaces, apostrophes and hyphens between syllables are left out; ü is typed as v.
    """
    letters = re.sub(r"[\s'’·-]", "", text.lower()).replace("ü", "v")
    typed = letters.isascii() and letters.isalnum() and not letters.isdigit()
    return f" {letters}" if typed else ""


def beginnings(sound: str) -> str:
    """The words of a sound that begin with its first syllable."""
    return " ".join(part.split(" ")[0] for part in sound.split("^ ")[1:])


@lru_cache(maxsize=8192)
def _readings(sign: str) -> tuple[str, ...]:
    """How a Chinese character may sound, the usual way first; nothing for others."""
    # Its dictionary takes a third of a second: not at the start of every command.
    from pypinyin import Style, pinyin

    found = pinyin(sign, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(found[0][:READINGS]) if found else ()


def _syllables(text: str) -> list[tuple[str, ...]]:
    """The readings of each syllable; none if no Chinese character is among them."""
    found: list[tuple[str, ...]] = []
    chinese, run = False, ""
    for sign in text:
        readings = _readings(sign)
        if not readings and sign.isalnum():
            run += sign
            continue
        if run:
            found.append((run,))
            run = ""
        if readings:
            found.append(readings)
            chinese = True
    if run:
        found.append((run,))
    return found if chinese else []


def _as_family(
    text: str, syllables: Sequence[tuple[str, ...]]
) -> Sequence[tuple[str, ...]]:
    """The syllables with the first ones read as a family name."""
    if text[:2] in COMPOUND:
        return [*((sound,) for sound in COMPOUND[text[:2]]), *syllables[2:]]
    family = FAMILY.get(text[:1])
    if family is None:
        return syllables
    others = (sound for sound in syllables[0] if sound != family)
    return [(family, *others), *syllables[1:]]


def _words(syllables: Sequence[tuple[str, ...]]) -> list[str]:
    """Words of the usual reading, then those of each other reading of a character."""
    usual = [readings[0] for readings in syllables]
    words = _from_each(usual, len(usual))
    others = 0
    for place, readings in enumerate(syllables):
        for other in readings[1:]:
            if others < OTHERS:
                others += 1
                anew = [*usual[:place], other, *usual[place + 1 :]]
                words += _from_each(anew, place + 1)
    return words


def _from_each(syllables: Sequence[str], starts: int) -> list[str]:
    """The sound and the initials from each of the first syllables on."""
    sound = "".join(syllables)
    initials = "".join([syllable[0] for syllable in syllables])
    words = [f"^ {sound}"]
    if len(syllables) > 1:
        words.append(f"^ {initials}")
    cut = 0
    for start in range(1, starts):
        cut += len(syllables[start - 1])
        words.append(f" {sound[cut:]}")
        if start < len(syllables) - 1:
            words.append(f" {initials[start:]}")
    return words


def _joined(words: Sequence[str]) -> str:
    """The words, each once, as many as fit."""
    once = list(dict.fromkeys(words))
    joined = "".join(once)
    while len(joined) > LIMIT:
        once.pop()
        joined = "".join(once)
    return joined
