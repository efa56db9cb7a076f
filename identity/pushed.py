"""Remembers the calls to a Request URL that tell an administrator how it stands.

A call that verified the address is kept by whoever answers it. One that was refused is
kept aside: anybody can make such calls, so they cost no write on the way to the answer,
and at most one in a second is kept of an IdP (T-05). Nothing of a call's content is.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from identity.aside import Aside
from identity.connectors.errors import PushFault
from identity.models import IdentityProvider, PushedCall

KEPT = 20
"""So many of either kind are kept of an IdP."""
APART = timedelta(seconds=1)
LONGEST_ADDRESS = 64
VERIFIED = PushedCall.Outcome.VERIFIED


@dataclass(frozen=True, slots=True)
class _Call:
    idp_id: UUID
    outcome: str
    address: str
    at: datetime


def verified(idp: IdentityProvider, address: str) -> None:
    """Keep that the vendor verified the address, in the caller's transaction."""
    call = _Call(idp.pk, VERIFIED, address[:LONGEST_ADDRESS], timezone.now())
    _keep(call, PushedCall.objects.filter(idp=idp, outcome=VERIFIED))


def refused(idp: IdentityProvider, fault: PushFault, address: str) -> None:
    """Keep that a call was refused, and why, in a while. Never waits, never raises."""
    now = time.monotonic()
    if now - _latest.get(idp.pk, -APART.total_seconds()) < APART.total_seconds():
        return
    _latest[idp.pk] = now
    _recorder.put(_Call(idp.pk, fault, address[:LONGEST_ADDRESS], timezone.now()))


def settle(seconds: float) -> bool:
    """Wait until what was refused is kept, at most so long; whether it is."""
    return _recorder.settle(seconds)


_latest: dict[UUID, float] = {}
"""When this process last kept a refused call of an IdP."""


def _record(call: _Call) -> None:
    try:
        with transaction.atomic():
            calls = PushedCall.objects.filter(idp_id=call.idp_id)
            _keep_apart(call, calls.exclude(outcome=VERIFIED))
    finally:
        connection.close()  # this thread's own


def _keep_apart(call: _Call, calls: QuerySet[PushedCall]) -> None:
    """Keep it unless another process kept one just now."""
    newest = calls.order_by("-at").values_list("at", flat=True).first()
    if newest is None or abs(call.at - newest) >= APART:
        _keep(call, calls)


def _keep(call: _Call, calls: QuerySet[PushedCall]) -> None:
    PushedCall.objects.create(
        idp_id=call.idp_id, outcome=call.outcome, address=call.address, at=call.at
    )
    older = calls.order_by("-at", "-pk").values_list("pk", flat=True)[KEPT:]
    PushedCall.objects.filter(pk__in=list(older)).delete()


_recorder = Aside("keeping a refused call", _record, most=100)
