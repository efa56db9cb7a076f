"""Which people a search text matches, and how much of a mobile takes part in it.

How much of a number is shown and how much of it can be searched for belong together:
whoever may search by more digits than are shown finds the hidden ones by trying.
"""

import re

from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual

from sync.letters import fold, plain
from sync.sound import spoken

LONG = 11
"""From this length on, the first three and the last four characters are shown."""
HEAD, TAIL = 3, 4
MIDDLING, SHORT_TAIL = 7, 2


def matching(text: str, *, hidden: bool) -> Q:
    """People by name and its sound, title, job number, e-mail and mobile.

    A column is left out where the text cannot stand: each costs a scan.
    """
    found = Q(words__contains=fold(text))
    if bare := plain(text):
        found |= Q(words__contains=bare) if bare != fold(text) else Q()
        found |= Q(sound__bare=bare)
    if letters := spoken(text):
        found |= Q(sound__contains=letters)
    if not re.search(r"[^0-9+\s().-]", text):
        found |= by_number(text, hidden=hidden)
    return found


def by_number(text: str, *, hidden: bool) -> Q:
    """People by mobile.

    Any part matches where numbers are shown; where they are hidden only a whole
    number does, or the end that is shown anyway.
    """
    digits = re.sub(r"[\s().-]", "", text)
    if not hidden:
        return Q(mobile__holds=text) | Q(mobile__holds=digits or text)
    whole = Q(mobile__in=[digits or text, text])
    if not re.fullmatch(rf"[0-9]{{{TAIL}}}", digits):
        return whole
    long = Q(GreaterThanOrEqual(Length(F("mobile")), LONG))
    return whole | (Q(mobile__endswith=digits) & long)


def hide_number(number: str) -> str:
    """139****1111; a shorter number shows less, a very short one nothing."""
    if len(number) >= LONG:
        return f"{number[:HEAD]}****{number[-TAIL:]}"
    if len(number) >= MIDDLING:
        return f"****{number[-SHORT_TAIL:]}"
    return "****" if number else ""
