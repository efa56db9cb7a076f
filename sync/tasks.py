"""Celery tasks: the doorbell. They carry ids only and look into the database."""

import logging
import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import Error, connection, transaction

from identity import drafts, pruning, sessions
from identity.oidc import backchannel, outdated
from sync import (
    alerts,
    approving,
    catchup,
    doorbell,
    erasure,
    handling,
    notify,
    outworn,
    retention,
    runs,
    schedule,
    webhooks,
    worklist,
)
from sync.models import SyncRun

log = logging.getLogger(__name__)

stopping = threading.Event()
"""Set when this process is asked to end: work stops between two steps."""


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    stopping.set()


@shared_task
def tick() -> None:
    """Find what is due, and what nobody was rung for."""
    if ended := approving.end_old():
        log.info("%s held plans ended: nobody decided about them", ended)
    for run in (*schedule.restart_dead(), *schedule.start_due()):
        log.info("run %s queued by the schedule", run.pk)
    for run_id in schedule.waiting():
        _ring(run_id)
    for idp in drafts.remove_old():
        log.info("draft %s removed: nobody touched it for a week", idp.pk)
    for idp_id in catchup.due():
        doorbell.ring("sync.tasks.catch_up", str(idp_id))


@shared_task
def perform_run(run_id: int) -> None:
    """Carry out a queued run; nothing happens if another worker has it."""
    run = SyncRun.objects.select_related("idp").filter(pk=run_id).first()
    if run is not None and run.state == SyncRun.State.QUEUED:
        runs.perform(run, stop=stopping.is_set)
        _ring_events(str(run.idp_id))  # what waited for it, and what it has covered
        doorbell.ring("sync.tasks.find_alerts")


@shared_task
def handle_events(idp_id: str) -> None:
    """Work on the events of an IdP that are due."""
    handling.work(idp_id, stop=stopping.is_set)
    if webhooks.in_use():
        doorbell.ring("sync.tasks.send_webhooks")


@shared_task
def sweep() -> None:
    """Find events that are due and that nobody was rung for."""
    for idp_id in worklist.idps_with_work():
        _ring_events(idp_id)
    if backchannel.is_due():
        doorbell.ring("sync.tasks.send_logouts")
    if notify.is_due():
        doorbell.ring("sync.tasks.send_alerts")
    if webhooks.is_due():
        doorbell.ring("sync.tasks.send_webhooks")


@shared_task
def find_alerts() -> None:
    """See what administrators are to be told, and tell them."""
    for alert in alerts.find():
        log.info("alert %s: %s", alert.pk, alert.kind)
    if webhooks.in_use():
        doorbell.ring("sync.tasks.send_webhooks")
    notify.deliver(stop=stopping.is_set)


@shared_task
def send_webhooks() -> None:
    """Send changes to the webhooks; nothing if there are none."""
    webhooks.deliver(stop=stopping.is_set)


@shared_task
def send_alerts() -> None:
    """Deliver alerts; nothing if none is due."""
    notify.deliver(stop=stopping.is_set)


@shared_task
def send_logouts() -> None:
    """Tell applications which sessions have ended; nothing if none is due."""
    backchannel.deliver(stop=stopping.is_set)


@shared_task
def end_overdue() -> None:
    """End sessions whose browsers never came back, and remove what outlived them."""
    sessions.end_overdue()
    outdated.remove()


@shared_task
def prune() -> None:
    """Remove or empty what has been over for long."""
    if removed := pruning.prune(stop=stopping.is_set):
        log.info("%s old traces and sessions removed", removed)
    if removed := retention.prune(stop=stopping.is_set):
        log.info("%s old rows of the history removed", removed)
    if erased := erasure.erase(stop=stopping.is_set):
        log.info("the values of %s people who left were erased", erased)
    if emptied := outworn.empty(stop=stopping.is_set):
        log.info("%s old notices, plans and reports emptied", emptied)
    notify.prune()
    webhooks.prune()


@shared_task
def catch_up(idp_id: str) -> None:
    """Fetch what the vendor could not deliver to an IdP; nothing if it is not due."""
    look = catchup.look(idp_id, stop=stopping.is_set)
    if look.found:
        ring_events(idp_id)
    if look.run is not None:
        ring(look.run)


@worker_ready.connect
def _hurry_catch_up(**_: Any) -> None:
    """What was pushed while nobody ran waits on the vendor's list."""
    try:
        catchup.hurry()
    except Error as error:  # the database is away: the routine look comes
        log.warning("catch-up was not hurried: %s", type(error).__name__)
    finally:
        connection.close()


def ring_events(idp_id: object) -> None:
    """Call a worker for an IdP's notices once they are committed; as `ring`."""
    key = str(idp_id)
    transaction.on_commit(lambda: _ring_events(key))


def _ring_events(key: str) -> None:
    doorbell.ring("sync.tasks.handle_events", key)


def ring_logouts() -> None:
    """Call a worker for the outbox of logout notices once it is committed; as `ring`."""
    transaction.on_commit(lambda: doorbell.ring("sync.tasks.send_logouts"))


def ring_webhooks() -> None:
    """Call a worker for the webhooks once it is committed; as `ring`."""
    transaction.on_commit(lambda: doorbell.ring("sync.tasks.send_webhooks"))


def ring_alerts() -> None:
    """Call a worker for the outbox of alerts once it is committed; as `ring`."""
    transaction.on_commit(lambda: doorbell.ring("sync.tasks.send_alerts"))


def ring(run: SyncRun) -> None:
    """Call a worker for a run once it is committed. Never waits, never raises:

    if the broker is away, the next tick finds the row.
    """
    run_id = run.pk
    transaction.on_commit(lambda: _ring(run_id))


def _ring(run_id: int) -> None:
    doorbell.ring("sync.tasks.perform_run", run_id)
