"""Web, worker, scheduler and push connections in one process, for the embedded broker.

The broker is this process's memory, so nothing may be forked. Losing it loses
nothing: the work list is in the database (design 2.8).
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import waitress
from celery import signals
from celery.beat import EmbeddedService
from django.conf import settings
from waitress.server import BaseWSGIServer

from sasebridge.celery import app
from sasebridge.wsgi import application
from sync import streams, tasks

logger = logging.getLogger(__name__)

QUEUES = ("events", "sync", "notify")
WEB_THREADS = 8
LONGEST_BODY = 4 * 1024 * 1024
"""Waitress takes a body in before anybody is asked; ours are far below this."""
WORKER_THREADS = 4
PATIENCE = 3.5
"""Seconds that running work gets to end after the signal to stop."""


def run(listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until a signal ends it; `ready` is called once all three parts are up."""
    server = _web_server(listener)
    threading.Thread(target=_serve, args=(server,), name="web", daemon=True).start()
    # Named here because the service does not read the setting; dues are in rows.
    beat: Any = EmbeddedService(
        app, thread=True, scheduler_cls=settings.CELERY_BEAT_SCHEDULER
    )
    beat.start()
    keeper = threading.Thread(
        target=streams.Keeper().run, args=(tasks.stopping,), name="streams", daemon=True
    )
    keeper.start()

    def up(**_: object) -> None:
        _stop_on_every_signal()
        ready()

    signals.worker_ready.connect(up)
    signals.worker_shutting_down.connect(_end_soon)
    _work()
    beat.stop()
    keeper.join(streams.FAREWELL)
    # Answers under way are finished; its own thread ends with the process.
    server.task_dispatcher.shutdown(timeout=1)


def _web_server(listener: socket.socket) -> BaseWSGIServer:
    return waitress.create_server(
        application,
        sockets=[listener],
        threads=WEB_THREADS,
        max_request_body_size=LONGEST_BODY,
        ident="",
        url_scheme="https" if settings.HTTPS else "http",
    )


def _serve(server: BaseWSGIServer) -> None:
    """Answer requests; if that ends unasked, the process ends too."""
    try:
        server.run()
    except Exception:
        logger.exception("The web server failed")
        os.kill(os.getpid(), signal.SIGTERM)


def _work() -> None:
    """Run tasks in the main thread, where Celery's signal handling works."""
    app.Worker(
        pool="threads",
        concurrency=WORKER_THREADS,
        queues=list(QUEUES),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    ).start()


def _stop_on_every_signal() -> None:
    """Ctrl-C and a closed terminal end it as SIGTERM does, not with Celery's dialogue."""
    stop = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, stop)


def _end_soon(**_: object) -> None:
    threading.Thread(target=_hasten, name="end", daemon=True).start()


def _hasten() -> None:
    """Hurry the end up, and bring it about even if a thread hangs.

    Celery's loop sees that it shall stop only after a message, or two pauses of 2 s:
    so it gets messages that nobody needs.
    """
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        app.send_task("sync.tasks.tick", expires=0)
        time.sleep(0.2)
    _end_now()


def _end_now() -> None:
    # Runs that did not end are taken up after their lease.
    logger.warning("Some work did not end in time; its run is closed and begun again")
    logging.shutdown()
    os._exit(0)
