"""Pushes that failed for good, and the call that hands them out.

https://open.dingtalk.com/document/development/obtain-the-event-list-of-failed-push-messages
"""

import time
from dataclasses import dataclass, field
from typing import Any

from identity.connectors.dingtalk.simulator.records import Event

LARGEST_ANSWER = 200
KEPT = 7 * 86_400.0
"""Seconds that an item stays on the list."""


@dataclass
class FailedPushes:
    """The list. An item shows up `delay` seconds after it was added."""

    corp_id: str
    delay: float = 0.0
    kept: float = KEPT
    largest: int = LARGEST_ANSWER
    department_key: str = "deptid"
    """How departments' ids are called; no page says it: deptid, dept_id or deptId."""
    content_key: str = ""
    """Where the ids stand, e.g. callbackData; "" is under the event's own name."""
    items: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    _handed_out: list[dict[str, Any]] = field(default_factory=list)

    def add(self, event: Event, at: int) -> None:
        """Keep an event that nobody acknowledged; `at` is in milliseconds."""
        inner: dict[str, Any] = {"corpid": self.corp_id}
        if event.userids:
            inner["userid"] = list(event.userids)
        if event.department_ids:
            inner[self.department_key] = list(event.department_ids)
        item = {
            "call_back_tag": event.kind,
            "event_time": at,
            self.content_key or event.kind: inner,
        }
        self.items.append((time.time() + self.delay, item))

    def hand_out(self) -> dict[str, Any]:
        """The oldest ones. What the call before handed out is deleted only now."""
        now, done = time.time(), {id(item) for item in self._handed_out}
        self.items = [
            (shows_at, item)
            for shows_at, item in self.items
            if id(item) not in done and now < shows_at + self.kept
        ]
        ready = [item for shows_at, item in self.items if shows_at <= now]
        self._handed_out = ready[: self.largest]
        return {
            "has_more": len(ready) > self.largest,
            "failed_list": self._handed_out,
        }
