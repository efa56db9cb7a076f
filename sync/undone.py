"""Which changes of a plan an undo has taken back before: they are asked about again."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef

from identity.models import IdentityProvider
from sync import history, plan
from sync.models import Change, SyncRun

Kind = Change.Kind
OPPOSITE: Mapping[str, str] = {
    plan.Kind.CREATE: Kind.REMOVE,
    plan.Kind.REMOVE: Kind.CREATE,
    plan.Kind.UPDATE: Kind.UPDATE,
}
AS_PLANNED: Mapping[str, str] = {
    Kind.RETURN: Kind.CREATE,
    Kind.OUT_OF_SCOPE: Kind.REMOVE,
    Kind.LEAVE: Kind.REMOVE,
}
"""What the history calls otherwise than a plan does."""


def repeated(idp: IdentityProvider, changes: Iterable[plan.Change]) -> int:
    """How many of a plan's changes would make again what an undo took back, and what
    nothing has touched since; one query where nothing was ever undone."""
    taken_back = _taken_back(idp)
    return sum(_repeats(change, taken_back) for change in changes) if taken_back else 0


def _taken_back(idp: IdentityProvider) -> dict[tuple[str, str], Change]:
    """What undos wrote, where it is the newest change of its key."""
    undos = list(
        SyncRun.objects.filter(idp=idp, breadth=SyncRun.Breadth.UNDO).values_list(
            "pk", flat=True
        )
    )
    if not undos:
        return {}
    newer = Change.objects.filter(
        entity=OuterRef("entity"),
        key=OuterRef("key"),
        pk__gt=OuterRef("pk"),
        run__idp=idp,
        applied=True,
    )
    rows = Change.objects.filter(run__in=undos, applied=True).exclude(Exists(newer))
    return {(row.entity, row.key): row for row in rows.iterator(chunk_size=2000)}


def _repeats(change: plan.Change, taken_back: Mapping[tuple[str, str], Change]) -> bool:
    row = taken_back.get((str(change.entity), change.key))
    if row is None or AS_PLANNED.get(row.kind, row.kind) != OPPOSITE.get(change.kind):
        return False
    if change.kind is not plan.Kind.UPDATE:
        return True
    *_line, after = history.line(
        change.entity, change.kind, change.key, change.before, change.after
    )
    was: Mapping[str, Any] = row.before or {}
    return any(was.get(name) == value for name, value in (after or {}).items())
