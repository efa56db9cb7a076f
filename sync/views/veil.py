"""What of a person's values a reader may see: staff never see a whole mobile."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from identity.access import is_administrator
from sync.models import Employee
from sync.org.matching import MIDDLING, hide_number
from sync.org.person import MOBILE

MAINLAND = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")


class Veil:
    """Hides mobiles from a reader who may not see them.

    `fields` hold mobiles, whatever they are called. A mobile is also hidden where it
    stands inside another value, e.g. as an e-mail address or a user id: the person's
    own, and whatever looks like a mainland number.
    """

    def __init__(self, user: object, fields: Iterable[str] = (MOBILE,)) -> None:
        self.down = not is_administrator(user)
        self._fields = frozenset(fields)

    def value(self, field: str, text: str, mobile: str = "") -> str:
        """A value as this reader may see it; `mobile` is the person's."""
        if not self.down:
            return text
        return hide_number(text) if field in self._fields else self.text(text, mobile)

    def name(self, person: Employee) -> str:
        """A person's name as this reader may see it, or that it was erased."""
        if person.erased_at is not None:
            return _("Erased person")
        return self.value("name", person.name, person.mobile)

    def text(self, text: str, mobile: str = "") -> str:
        """Any text about a person, without the mobile."""
        if not self.down:
            return text
        if len(mobile) >= MIDDLING:
            text = text.replace(mobile, hide_number(mobile))
        return MAINLAND.sub(lambda found: hide_number(found[0]), text)
