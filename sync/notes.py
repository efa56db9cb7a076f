"""What a read met that leaves it complete, told in the run's report.

A person whose name cannot be kept as it came is synchronized all the same, and
somebody ought to hear of it; nothing is missing, so it is no fault.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from identity.connectors.records import (
    DepartmentRecord,
    EmployeeRecord,
    Fault,
    FaultKind,
)
from identity.mapping import ATTRIBUTE, FIELDS, limit_of

REPLACED = "\ufffd"
"""What stands where a character could not be kept."""


class Notes:
    """Collects while a read is taken in; the same thing is noted once."""

    def __init__(self) -> None:
        self.said: list[Fault] = []
        self.repeated = 0
        self._cleaned: dict[str, str] = {}
        self._cut: dict[str, str] = {}

    def person(self, came: EmployeeRecord, kept: EmployeeRecord) -> None:
        """Look at a person as the vendor told it, and as the directory keeps it."""
        for target, value in kept.values.items():
            if REPLACED in value:
                self._cleaned[came.userid] = target
            elif len(value) == limit_of(target) and value not in came.values.values():
                self._cut[came.userid] = target

    def department(self, department: DepartmentRecord) -> None:
        """Look at a department's name."""
        if REPLACED in department.name:
            self._cleaned[department.id] = "name"

    def all(self) -> list[Fault]:
        """What was noted, in a fixed order."""
        return [
            *self.said,
            *([_repeated(self.repeated)] if self.repeated else ()),
            *(_cleaned(*each) for each in sorted(self._cleaned.items())),
            *(_cut(*each) for each in sorted(self._cut.items())),
        ]


def _repeated(count: int) -> Fault:
    message = ngettext(
        "%(count)s person was listed again in the same department, and counted once.",
        "%(count)s people were listed again in the same department, and counted once.",
        count,
    )
    return Fault(FaultKind.REPEATED, "", message % {"count": count})


def kept(count: int) -> Fault:
    """Rows that an administrator wants left as they are, and that a run left so."""
    message = ngettext(
        "%(count)s change was left out, as an administrator decided.",
        "%(count)s changes were left out, as an administrator decided.",
        count,
    )
    return Fault(FaultKind.KEPT, "", message % {"count": count})


def _cleaned(where: str, target: str) -> Fault:
    return Fault(
        FaultKind.CLEANED,
        where,
        _("Characters that nothing can show were replaced (%(field)s).")
        % {"field": _label(target)},
        _("Correct it in the vendor's address book."),
    )


def _cut(where: str, target: str) -> Fault:
    return Fault(
        FaultKind.CLEANED,
        where,
        _("It was too long and is cut (%(field)s).") % {"field": _label(target)},
        _("Correct it in the vendor's address book."),
    )


def _label(target: str) -> str:
    known = FIELDS.get(target)
    return str(known.label) if known else target.removeprefix(ATTRIBUTE)
