"""The synced directory, the runs that keep it true, and the inbox of notices."""

from sync.models.directory import Department, Employee, Membership
from sync.models.inbox import AccessCut, CatchUp, InboxEvent
from sync.models.runs import Change, SyncRun, full_runs

__all__ = [
    "AccessCut",
    "CatchUp",
    "Change",
    "Department",
    "Employee",
    "InboxEvent",
    "Membership",
    "SyncRun",
    "full_runs",
]
