"""Receives identity's signals."""

from typing import Any

from django.dispatch import receiver

from identity.models import IdentityProvider, User
from identity.signals import idp_confirmed
from sync import runs, tasks
from sync.models import SyncRun


@receiver(idp_confirmed)
def start_first_run(idp: IdentityProvider, by: User, first: bool, **_: Any) -> None:
    """Confirm starts a run at once, so that the administrator sees the company come."""
    trigger = SyncRun.Trigger.CONFIRM if first else SyncRun.Trigger.PERSON
    try:
        run = runs.enqueue(idp, trigger=trigger, by=by)
    except runs.AlreadyRunning:
        return
    tasks.ring(run)
