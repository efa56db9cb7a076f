"""Takes a vendor's push in: finds the keys that open it. What is in it, others keep."""

import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from identity.connection import connector_with
from identity.connectors import registry
from identity.connectors.base import Connector, Opened, Push
from identity.connectors.errors import PushFault, PushRefused
from identity.models import IdentityProvider, IdentitySecret


@dataclass(frozen=True, slots=True)
class Accepted:
    """A push that was opened, and the connector whose keys did it: the present ones,
    or others that are still valid."""

    idp: IdentityProvider
    opened: Opened
    connector: Connector
    present: bool

    def answer(self) -> str:
        """The body that tells the vendor that the push was taken."""
        return self.connector.acknowledge(self.opened.owner)


def accept(idp: IdentityProvider, push: Push) -> Accepted:
    """Open a push with any of the keys that are valid now; raises PushRefused.

    While keys are being changed two of each may be valid (design 3). Without keys the
    same is done with nobody's, so that a refusal always takes as long (T-04, T-07).
    """
    refused = PushRefused(PushFault.NO_KEYS)
    pairs: list[Mapping[str, str]] = list(_keys(idp))
    for place, keys in enumerate(pairs or [_nobodys_keys(idp)]):
        connector = connector_with(idp, {**idp.plain(), **keys})
        try:
            opened = connector.open(push)
        except PushRefused as error:
            refused = _worst(refused, error) if pairs else refused
            continue
        if pairs:
            return Accepted(idp, opened, connector, present=place == 0)
    raise refused


def idp_at(kind: str, idp_id: uuid.UUID) -> IdentityProvider | None:
    """The IdP that a Request URL belongs to, drafts too."""
    return IdentityProvider.objects.filter(pk=idp_id, kind=kind).first()


def nobody(kind: str) -> IdentityProvider:
    """An IdP that is stored nowhere: what is pushed to an address that is none is
    refused by it, after the same steps as a forged push to a true one."""
    kinds = registry.kinds()
    return IdentityProvider(kind=kind if kind in kinds else next(iter(kinds)))


def _keys(idp: IdentityProvider) -> Iterator[dict[str, str]]:
    """Every pair, or whatever the vendor has, that is valid now, the present one first;
    none if one lacks."""
    names = idp.connector_class.push_settings
    valid = idp.valid_secrets(names)
    for values in itertools.product(*(valid[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _nobodys_keys(idp: IdentityProvider) -> dict[str, str]:
    """Drawn at random; sealed and opened like stored ones, for that takes time too."""
    drawn = idp.connector_class.keys_of_nobody()
    return {n: IdentitySecret.seal(idp, n, key).reveal() for n, key in drawn.items()}


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
