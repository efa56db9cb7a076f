"""What is there when all is over, held against what was sent and against the company."""

import time
from typing import Any

from django.db.models import Count, Sum

from identity.connectors.dingtalk.simulator.company import Company
from identity.models import IdentityProvider
from sync.models import InboxEvent, SyncRun
from tests.engine import oracle
from tests.events.lines import impossible
from tests.events.posting import Ledger
from tests.running.program import eventually

SETTLING = 120.0
"""Seconds that it may take at most on a machine that has much else to do."""
OVER = (InboxEvent.State.APPLIED, InboxEvent.State.IGNORED)


def outcome(idp: IdentityProvider, company: Company, ledger: Ledger) -> dict[str, Any]:
    """Wait until all is done, then compare; plain values."""
    begun = time.monotonic()
    eventually(all_over, within=SETTLING)
    settled = round(time.monotonic() - begun, 1)
    rows = InboxEvent.objects.filter(idp=idp)
    known = set(rows.values_list("key", flat=True))
    mine = rows.filter(key__in=ledger.keys)
    states = mine.order_by("state").values_list("state").annotate(Count("pk"))
    return {
        "settled": settled,
        "sent": len(ledger.sent),
        "keys": len(ledger.keys),
        "acknowledged": sum(ledger.taken.values()),
        "taken": len(+ledger.taken),
        "lost": sorted((+ledger.taken).keys() - known),
        "copies": mine.aggregate(copies=Sum("copies"))["copies"],
        "states": dict(states),
        "refusals": ledger.refusals,
        "seconds": [round(percentile(ledger.seconds, n), 4) for n in (50, 99, 100)],
        "runs": _runs(),
        "impossible": impossible(idp),
        "differences": differences(idp, company),
    }


def all_over() -> bool:
    """Whether no event waits, and nothing runs."""
    if InboxEvent.objects.exclude(state__in=OVER).exists():
        return False
    return not SyncRun.objects.filter(state__in=SyncRun.OPEN).exists()


def percentile(values: list[float], percent: int) -> float:
    """The nearest rank; 100 is the largest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def differences(idp: IdentityProvider, company: Company) -> list[str]:
    """Where the directory is not the company."""
    both: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (oracle.expected_departments(company), oracle.actual_departments(idp)),
        (oracle.expected_people(company), oracle.actual_people(idp)),
    ]
    wrong = [
        f"{key}: {wanted.get(key)} is {found.get(key)}"
        for wanted, found in both
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    ]
    if not wrong:
        try:
            oracle.assert_equal(idp, company)
        except AssertionError as error:
            wrong.append(f"the tree's numbers: {error}")
    return wrong


def _runs() -> dict[str, int]:
    ends = SyncRun.objects.order_by("breadth", "state").values_list("breadth", "state")
    return {f"{b} {state}": n for b, state, n in ends.annotate(Count("pk"))}
