"""The synced directory, the runs that keep it true, and the inbox of notices."""

from sync.models.directory import Department, Employee, Membership
from sync.models.inbox import AccessCut, CatchUp, InboxEvent
from sync.models.outbox import (
    Alert,
    AlertDelivery,
    AlertRobot,
    AlertSettings,
    RobotMonth,
)
from sync.models.runs import Change, Kept, SyncRun, full_runs
from sync.models.stream import StreamState
from sync.models.webhooks import (
    WebhookCursor,
    WebhookEndpoint,
    WebhookMessage,
    WebhookSecret,
)

__all__ = [
    "AccessCut",
    "Alert",
    "AlertDelivery",
    "AlertRobot",
    "AlertSettings",
    "CatchUp",
    "Change",
    "Department",
    "Employee",
    "InboxEvent",
    "Kept",
    "Membership",
    "RobotMonth",
    "StreamState",
    "SyncRun",
    "WebhookCursor",
    "WebhookEndpoint",
    "WebhookMessage",
    "WebhookSecret",
    "full_runs",
]
