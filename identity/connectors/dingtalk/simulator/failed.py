"""Pushes that failed for good, and the call that hands them out.

https://open.dingtalk.com/document/development/obtain-the-event-list-of-failed-push-messages
"""

import time
from dataclasses import dataclass, field
from typing import Any

from identity.connectors.dingtalk.simulator.records import Event

LARGEST_ANSWER = 200


@dataclass
class FailedPushes:
    """The list. An item shows up `delay` seconds after it was added."""

    corp_id: str
    delay: float = 0.0
    items: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    _handed_out: int = 0

    def add(self, event: Event, at: int) -> None:
        """Keep an event that nobody acknowledged; `at` is in milliseconds."""
        inner: dict[str, Any] = {"corpid": self.corp_id}
        if event.userids:
            inner["userid"] = list(event.userids)
        if event.department_ids:
            inner["deptid"] = list(event.department_ids)
        item = {"call_back_tag": event.kind, "event_time": at, event.kind: inner}
        self.items.append((time.time() + self.delay, item))

    def hand_out(self) -> dict[str, Any]:
        """The oldest ones. What the call before handed out is deleted only now."""
        del self.items[: self._handed_out]
        ready = [item for shows_at, item in self.items if shows_at <= time.time()]
        self._handed_out = min(len(ready), LARGEST_ANSWER)
        return {
            "has_more": len(ready) > LARGEST_ANSWER,
            "failed_list": ready[:LARGEST_ANSWER],
        }
