"""Fields that runs cannot see any more, and so leave as they are (design 2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identity import mapping
from identity.models import IdentityProvider
from sync.models import SyncRun, full_runs

FAR = 100
"""How many runs back it is looked for when it began."""
READ = (SyncRun.State.SUCCESS, SyncRun.State.PARTIAL)


@dataclass(frozen=True, slots=True)
class Unread:
    """Since which run a field is not seen, and the vendor's name of the permission that
    gates it, "" if none is known to."""

    run: int
    at: datetime | None
    permission: str


def unread_of(idp: IdentityProvider) -> Mapping[str, Unread]:
    """By target: what the last full run could not see for anybody; one query."""
    rows = full_runs().filter(idp=idp, people=True, state__in=READ).order_by("-pk")
    runs = list(rows.values_list("pk", "finished_at", "unknown_fields")[:FAR])
    since: dict[str, tuple[int, datetime | None]] = {}
    unseen = set(runs[0][2]) if runs else set()
    for pk, at, targets in runs:
        unseen.intersection_update(targets)
        since |= dict.fromkeys(unseen, (pk, at))
        if not unseen:
            break
    gates = _gates(idp) if since else {}
    return {
        target: Unread(*run, gates.get(target, "")) for target, run in since.items()
    }


def _gates(idp: IdentityProvider) -> Mapping[str, str]:
    """The permission that each target needs; none if the mapping cannot be used."""
    try:
        return mapping.build(idp.mapping, idp.connector_class.source_fields()).gates
    except mapping.MappingError:
        return {}
