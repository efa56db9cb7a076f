"""The syllables of a Chinese name: how each character is read. Pure."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from sync.letters import plain

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


class Syllable(NamedTuple):
    """How a part of a name is read, the usual way first, and where the part stands."""

    readings: tuple[str, ...]
    start: int
    end: int


def syllables(text: str, *, person: bool) -> list[Syllable]:
    """The syllables of a composed text; none if nothing in it is Chinese.

    `person` reads the first character as a family name, and the others by themselves.
    Letters and digits between Chinese characters count as one syllable.
    """
    found = _read(text, words=not person)
    return _as_family(text, found) if person and found else found


def ways(found: Sequence[Syllable]) -> Iterator[tuple[list[str], int]]:
    """A name as it is usually read, then with each character read the other way.

    The number says from how many of its syllables on nobody has read it before.
    """
    usual = [syllable.readings[0] for syllable in found]
    yield usual, len(usual)
    others = 0
    for place, syllable in enumerate(found):
        for other in syllable.readings[1:]:
            if others < OTHERS:
                others += 1
                yield [*usual[:place], other, *usual[place + 1 :]], place + 1


@lru_cache(maxsize=8192)
def _readings(sign: str) -> tuple[str, ...]:
    """How a Chinese character may sound, the usual way first; nothing for others."""
    # Its dictionary takes a third of a second: not at the start of every command.
    from pypinyin import Style, pinyin

    found = pinyin(sign, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(found[0][:READINGS]) if found else ()


def _among(text: str) -> list[tuple[str, ...]]:
    """The readings of each character, the one first that it has in these words: 行 is
    usually xing, but hang in 银行."""
    from pypinyin import Style, lazy_pinyin

    found: list[tuple[str, ...]] = []
    for chinese, signs in groupby(text, lambda sign: bool(_readings(sign))):
        run = "".join(signs)
        here = lazy_pinyin(run, style=Style.NORMAL) if chinese else [""] * len(run)
        for sign, sound in zip(run, here, strict=True):
            readings = dict.fromkeys((sound, *_readings(sign)) if chinese else ())
            found.append(tuple(readings)[:READINGS])
    return found


def _read(text: str, *, words: bool) -> list[Syllable]:
    """The syllables one by one; `words` reads characters as the words that they make."""
    found: list[Syllable] = []
    chinese, run, begun = False, "", 0
    each = _among(text) if words else [_readings(sign) for sign in text]
    for place, (sign, readings) in enumerate(zip(text, each, strict=True)):
        letters = "" if readings else _letters(sign)
        if run and not letters:
            found.append(Syllable((run,), begun, place))
        begun = begun if run else place
        run = run + letters if letters else ""
        if readings:
            found.append(Syllable(readings, place, place + 1))
            chinese = True
    if run:
        found.append(Syllable((run,), begun, len(text)))
    return found if chinese else []


def _letters(sign: str) -> str:
    return plain(sign) if sign.isalnum() else ""


def _as_family(text: str, found: Sequence[Syllable]) -> list[Syllable]:
    """The syllables with the first ones read as a family name."""
    if text[:2] in COMPOUND:
        names = zip(COMPOUND[text[:2]], found[:2], strict=True)
        family = [each._replace(readings=(sound,)) for sound, each in names]
        return [*family, *found[2:]]
    usual = FAMILY.get(text[:1])
    if usual is None:
        return list(found)
    others = (sound for sound in found[0].readings if sound != usual)
    return [found[0]._replace(readings=(usual, *others)), *found[1:]]
