"""What a pushed event says, in the two spellings that exist."""

import itertools
from collections.abc import Iterable
from typing import Any

from identity.connectors.dingtalk.simulator.records import Event

CURRENT, CLASSIC = "current", "classic"
"""The official form of today, and the one of real captures until 2022."""
_ids = itertools.count(1)


def body(
    event: Event, corp_id: str, at: int, spelling: str = CURRENT
) -> dict[str, Any]:
    """An event as JSON; `at` is in milliseconds. Every call makes a new event id."""
    if spelling == CLASSIC:
        return _classic(event, corp_id, at)
    content: dict[str, Any] = {
        "EventType": event.kind,
        "EventTime": at,
        "CorpId": corp_id,
        "BizId": str(at),
        "eventId": f"{at:x}{next(_ids):08x}",
        "timeStamp": str(at),
    }
    if event.userids:
        content["userId"] = list(event.userids)
    if event.department_ids:
        content["deptId"] = list(event.department_ids)
    if event.diff:
        content["diffInfo"] = {"userid": event.userids[0]} | event.diff
    return content


def _classic(event: Event, corp_id: str, at: int) -> dict[str, Any]:
    content: dict[str, Any] = {"CorpId": corp_id, "EventType": event.kind}
    if event.userids:
        content["UserId"] = list(event.userids)
    if event.department_ids:
        content["DeptId"] = list(event.department_ids)
    return content | {"OptStaffId": "admin01", "TimeStamp": str(at)}


def batched(events: Iterable[Event]) -> list[Event]:
    """Events of one kind that follow each other, joined into one with several ids."""
    joined = []
    for kind, group in itertools.groupby(events, key=lambda event: event.kind):
        several = list(group)
        userids = dict.fromkeys(u for event in several for u in event.userids)
        numbers = dict.fromkeys(n for event in several for n in event.department_ids)
        joined.append(Event(kind, tuple(userids), tuple(numbers)))
    return joined
