"""Whom it touches when an IdP is closed."""

from dataclasses import dataclass
from typing import Any

from identity import signals
from identity.models import IdentityProvider, LogonSession


@dataclass(frozen=True, slots=True)
class Impact:
    """Active employees who log on through an IdP, and their open sessions."""

    employees: int
    sessions: int


def impact_of(idp: IdentityProvider) -> Impact:
    """What closing this IdP would do now."""
    answers: list[Any] = signals.impact_asked.send(IdentityProvider, idp=idp)
    return Impact(
        sum(employees for _receiver, employees in answers),
        LogonSession.objects.filter(idp=idp, ended_at__isnull=True).count(),
    )
