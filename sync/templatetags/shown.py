"""How people and times are shown: the letters of an avatar, a duration."""

from collections.abc import Sequence
from unicodedata import normalize

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from sync.org.marking import Span, heard, written
from sync.sound import beginnings

register = template.Library()

FIRST_HAN, LAST_HAN = "\u3400", "\u9fff"


@register.filter
def initials(name: str) -> str:
    """Two letters for a person: the last two characters of a Chinese name, else the
    first letters of the first and the last word."""
    words = name.split()
    if not words:
        return "?"
    if FIRST_HAN <= words[-1][-1] <= LAST_HAN:
        return words[-1][-2:]
    ends = words[:1] if len(words) == 1 else [words[0], words[-1]]
    return "".join(word[0] for word in ends).upper()


@register.filter
def marked(value: str, text: str) -> SafeString:
    """A value with the places marked where a search text stands in it."""
    return _marked(value, list(written(value, text)))


@register.filter
def marked_person(name: str, text: str) -> SafeString:
    """A person's name with what the text found in it marked, by its sound if need be."""
    spans = list(written(name, text)) or list(heard(name, text, person=True))
    return _marked(name, spans)


@register.filter
def marked_department(name: str, text: str) -> SafeString:
    """The same for the name of a department."""
    spans = list(written(name, text)) or list(heard(name, text, person=False))
    return _marked(name, spans)


def _marked(value: str, spans: Sequence[Span]) -> SafeString:
    composed = normalize("NFC", value)
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts.append(conditional_escape(composed[at:start]))
        parts.append(f"<mark>{conditional_escape(composed[start:end])}</mark>")
        at = end
    # Every part is escaped by itself, the marks are ours.
    return mark_safe("".join([*parts, conditional_escape(composed[at:])]))  # noqa: S308


register.filter("spoken_ways", beginnings)


@register.filter
def duration(seconds: float) -> str:
    """How long something takes, in the two largest units: "3 min 20 s"."""
    whole = round(seconds)
    if whole < 1:
        return _("%(seconds).1f s") % {"seconds": seconds}
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min %(rest)d s") % {"minutes": minutes, "rest": rest}
    return _("%(rest)d s") % {"rest": rest}
