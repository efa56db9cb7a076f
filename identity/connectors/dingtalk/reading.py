"""What the parts of one running read share, and how they say that a part is missing."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.crew import Crew
from identity.connectors.dingtalk.ledger import Ledger
from identity.connectors.errors import (
    ConnectorError,
    Gone,
    OutOfScope,
    PermissionMissing,
)
from identity.connectors.records import Batch, Fault, FaultKind

ABSENT = (OutOfScope, Gone)
"""Errors that concern one object; the read goes on."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One running read."""

    client: Client
    crew: Crew
    ledger: Ledger
    whole: bool
    """The company as a whole, so that nothing may hang outside of its tree."""

    def refuse(self, lane: str, path: str, error: PermissionMissing) -> None:
        """Stop a lane whose API may not be called, and say so once."""
        self.crew.close(lane)
        remedy = f"{error.remedy} {error.link}".strip()
        self.fault(Fault(FaultKind.PERMISSION, path, error.message, remedy))

    def absent(self, where: str, error: ConnectorError) -> None:
        """Say that one object, seen before, could not be read."""
        if isinstance(error, OutOfScope):
            kind, message = FaultKind.OUT_OF_SCOPE, error.message
        else:
            kind = FaultKind.CHANGED
            message = _("It vanished while it was read.") + f" {error.message}"
        self.fault(Fault(kind, where, message, error.remedy))

    def fault(self, fault: Fault) -> None:
        """Hand a fault on, unless it was said before."""
        if self.ledger.once(fault.kind, fault.where):
            self.crew.put(Batch(faults=(fault,)))
