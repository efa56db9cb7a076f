"""The synced directory and the runs that keep it true."""

from sync.models.directory import Department, Employee, Membership
from sync.models.runs import Change, SyncRun

__all__ = ["Change", "Department", "Employee", "Membership", "SyncRun"]
