"""How people and times are shown: the letters of an avatar, a duration."""

from django import template

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
def duration(seconds: float) -> str:
    """How long something takes, in the two largest units: "3 min 20 s"."""
    whole = round(seconds)
    if whole < 1:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
