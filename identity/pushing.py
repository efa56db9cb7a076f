"""Takes a vendor's push in: finds the keys that open it. What is in it, others keep."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from identity.connection import connector_with
from identity.connectors.base import Connector, Opened, Push
from identity.connectors.errors import PushFault, PushRefused
from identity.models import IdentityProvider


@dataclass(frozen=True, slots=True)
class Accepted:
    """A push that was opened, and the connector whose keys did it."""

    idp: IdentityProvider
    opened: Opened
    connector: Connector

    def answer(self) -> str:
        """The body that tells the vendor that the push was taken."""
        return self.connector.acknowledge(self.opened.owner)


def accept(idp: IdentityProvider, push: Push) -> Accepted:
    """Open a push with any of the keys that are valid now; raises PushRefused.

    While keys are being changed two of each may be valid (design 3).
    """
    refused = PushRefused(PushFault.NO_KEYS)
    for connector in _connectors(idp):
        try:
            return Accepted(idp, connector.open(push), connector)
        except PushRefused as error:
            refused = _worst(refused, error)
    raise refused


def idp_at(kind: str, idp_id: uuid.UUID) -> IdentityProvider | None:
    """The IdP that a Request URL belongs to, drafts too."""
    return IdentityProvider.objects.filter(pk=idp_id, kind=kind).first()


def _connectors(idp: IdentityProvider) -> Iterator[Connector]:
    kind = idp.connector_class
    plain = {name: idp.settings.get(name, "") for name in kind.plain_settings}
    choices = [idp.valid_secrets(name) or [""] for name in kind.push_settings]
    for values in itertools.product(*choices):
        keys = dict(zip(kind.push_settings, values, strict=True))
        yield connector_with(idp, plain | keys)


_TELLING = (
    PushFault.NO_KEYS,
    PushFault.TOKEN,
    PushFault.AES_KEY,
    PushFault.MALFORMED,
    PushFault.OWNER,
)
"""Of several refusals the one that came furthest says the most."""


def _worst(one: PushRefused, other: PushRefused) -> PushRefused:
    return max(one, other, key=lambda refused: _TELLING.index(refused.fault))
