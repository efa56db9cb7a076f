"""The doorbell: tells a worker to look. It never makes anybody wait, and never raises.

A ring may be lost: what there is to do stands in the database, and the next tick finds
it (design 2.8).
"""

import atexit
import logging

from celery import current_app
from django.conf import settings

from identity.aside import Aside

log = logging.getLogger(__name__)
Ring = tuple[str, tuple[str | int, ...]]
"""A task's name and its arguments."""


def ring(task: str, *args: str | int) -> None:
    """Ask for a task once, however often this is called before a worker is asked."""
    if settings.EMBEDDED:
        _publish((task, args))  # in this process's memory: nothing can hang
    else:
        _bell.put((task, args))  # a frozen Redis would hold the caller


def _publish(ring: Ring) -> None:
    task, args = ring
    try:
        current_app.send_task(task, args, retry=False)
    except Exception as error:  # any broker fault
        log.warning("no worker was asked for %s: %s", task, type(error).__name__)


_bell: Aside[Ring] = Aside("ringing", _publish, most=1000)
atexit.register(_bell.settle, 1.0)  # a command that ends has just rung
