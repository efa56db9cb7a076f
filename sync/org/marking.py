"""Where a search text stands in a value, by its letters or by its sound. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence

from sync.letters import plain, plain_signs
from sync.sound import spoken
from sync.syllables import syllables, ways

Span = tuple[int, int]
"""From one character on up to another, of the composed value."""


def written(value: str, text: str) -> Iterator[Span]:
    """Where the text stands, in whatever case and accents."""
    signs = plain_signs(value)
    # For each letter of the plain value, the character that it comes from.
    origin = [place for place, sign in enumerate(signs) for _letter in sign]
    letters, wanted = "".join(signs), plain(text)
    at = reached = 0
    while wanted and (found := letters.find(wanted, at)) >= 0:
        at = found + len(wanted)
        # One character can be several letters ("ß" is "ss"): it is named once.
        start, end = max(origin[found], reached), origin[at - 1] + 1
        if start < end:
            yield start, end
            reached = end


def heard(name: str, text: str, *, person: bool) -> Iterator[Span]:
    """Where a name sounds like the text, from one syllable on: "zx" in 张子欣."""
    letters = spoken(text).strip()
    parts = syllables(unicodedata.normalize("NFC", name), person=person)
    read = list(ways(parts)) if letters and parts else []
    at = 0
    while read and at < len(parts):
        reached = max(
            _reached(sounds[at:], letters) for sounds, upto in read if at < upto
        )
        if reached:
            yield parts[at].start, parts[at + reached - 1].end
        at += reached or 1


def _reached(sounds: Sequence[str], letters: str) -> int:
    """How many syllables the letters take up from the first on, as `sync.sound` has
    them; 0 if they are others."""
    if "".join([sound[0] for sound in sounds]).startswith(letters) and len(letters) > 1:
        return len(letters)
    rest = letters
    for number, sound in enumerate(sounds, start=1):
        if sound.startswith(rest):
            return number
        if not rest.startswith(sound):
            return 0
        rest = rest[len(sound) :]
    return 0
