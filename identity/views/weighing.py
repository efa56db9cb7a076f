"""Whom the choice on the page would take out of the directory, and bring into it."""

from collections.abc import Collection
from dataclasses import dataclass

from identity.connectors.base import Connector
from identity.live import meet, met_lately
from identity.models import IdentityProvider
from identity.signals import Loss, Met, Size, loss_of

FIRST, ALL = 20, 1000
"""How many names are shown at first, and when somebody asks for more."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """`missing`: chosen departments that no synchronization has read. `met` are the
    people whom a read met in them just now; None: nobody has asked for one.

    Without it, or while it is not complete, whoever is also in one of them stays.
    """

    loss: Loss
    missing: tuple[str, ...]
    met: Met | None

    @property
    def sure(self) -> bool:
        """Whether the numbers are what a run would come to now."""
        return not self.missing or bool(self.met and self.met.complete)


def weigh(
    idp: IdentityProvider,
    scope: str,
    chosen: Collection[str],
    size: Size | None,
    *,
    all_names: bool,
) -> Weighed | None:
    """None where nobody can lose anything: nothing is stored, or nothing chosen."""
    partial = scope == IdentityProvider.ScopeChoice.PARTIAL
    if size is None or (partial and not chosen):
        return None
    missing = size.missing if partial else ()
    met = met_lately(idp, missing) if missing else None
    most = ALL if all_names else FIRST
    departments = chosen if partial else None
    return Weighed(loss_of(idp, departments, met, most), missing, met)


def count(idp: IdentityProvider, connector: Connector, size: Size | None) -> None:
    """Read who is in the departments that no synchronization has read.

    Raises ConnectorError.
    """
    if size and size.missing:
        meet(idp, connector, size.missing)
