"""Holds the push connections of the IdPs that chose stream mode: one thread each.

Which they are, the database says; it is looked at every few seconds, so that an IdP
that is enabled, closed or changed needs no word to this process. Several processes do
no harm: a notice that comes twice is kept once.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError, close_old_connections, connections
from django.db.models.functions import Now
from django.utils import timezone

from identity.connection import connector_for
from identity.connectors.errors import ConnectorError
from identity.connectors.records import Event
from identity.fields import CannotOpen
from identity.models import IdentityProvider
from sync import catchup, inbox, tasks
from sync.models import InboxEvent, StreamState

LOOK = 2.0
"""Seconds between looks at the rows."""
SIGN = 20.0
"""Seconds between signs of life in the rows."""
FAREWELL = 1.5
"""Seconds that the threads are given to end."""
AWAY = 180.0
"""Seconds without a connection after which the vendor may have given up events."""
AGAIN = 30.0
"""Seconds before a thread is replaced that ended by an error of ours."""

log = logging.getLogger(__name__)
Say = Callable[[str], None]


def chosen(only: UUID | None = None) -> list[IdentityProvider]:
    """The IdPs whose connections are to be held; `only` that one, if it is one."""
    works = IdentityProvider.objects.filter(
        confirmed_at__isnull=False, status=IdentityProvider.Status.ENABLED
    )
    rows = works if only is None else works.filter(pk=only)
    return [idp for idp in rows if idp.streams]


class Keeper:
    """Keeps a line for each IdP that wants one. `say` is told what happens to them."""

    def __init__(self, only: UUID | None = None, say: Say = log.info) -> None:
        self._only, self._say = only, say
        self._lines: dict[UUID, _Line] = {}
        self._signed = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Hold them until `stopping` is set; never raises."""
        try:
            while not stopping.is_set():
                try:
                    close_old_connections()
                    self.tend()
                except Exception:  # the next look may find the database in order
                    log.exception("the rows of the IdPs could not be looked at")
                stopping.wait(LOOK)
        finally:
            self.end()
            connections.close_all()

    def tend(self) -> None:
        """End the lines that nobody wants any more, and begin those that are missing.

        One that changed begins only once the old one has said its last word.
        """
        wanted = {idp.pk: (idp, _mark(idp)) for idp in chosen(self._only)}
        for pk, line in list(self._lines.items()):
            _idp, mark = wanted.get(pk, (None, None))
            if mark != line.mark or line.over:
                line.stopped.set()
                if not line.thread.is_alive():
                    del self._lines[pk]
        for pk, (idp, mark) in wanted.items():
            if pk not in self._lines:
                self._lines[pk] = _Line(idp, mark, self._say)
        self._sign()

    def end(self) -> None:
        """Close every line, and wait a moment for it."""
        for line in self._lines.values():
            line.stopped.set()
        until = time.monotonic() + FAREWELL
        for line in self._lines.values():
            line.thread.join(max(0.0, until - time.monotonic()))
        self._lines = {}

    def _sign(self) -> None:
        if self._lines and time.monotonic() - self._signed >= SIGN:
            self._signed = time.monotonic()
            StreamState.objects.filter(idp__in=self._lines).update(seen_at=Now())


def _mark(idp: IdentityProvider) -> str:
    """Changes when a line must begin anew."""
    try:
        return idp.credentials_fingerprint()
    except CannotOpen:
        return ""


class _Line:
    """The connection of one IdP, held by a thread that begins at once."""

    def __init__(self, idp: IdentityProvider, mark: str, say: Say) -> None:
        self.mark = mark
        self.stopped = threading.Event()
        self._idp, self._say = idp, say
        self._words = ""
        self._ended: float | None = None
        # Here and not in the thread: a sign of life that comes first would hide it.
        self._lost_at: float | None = time.monotonic() - self._away_before()
        self.thread = threading.Thread(
            target=self._run, name=f"stream {idp.pk}", daemon=True
        )
        self.thread.start()

    @property
    def over(self) -> bool:
        """Whether it ended by itself, a while ago."""
        return self._ended is not None and time.monotonic() - self._ended > AGAIN

    def _run(self) -> None:
        try:
            connector_for(self._idp).stream(
                partial(deliver, self._idp.pk), self.stopped.is_set, self._report
            )
            self._write("closed", stands=False)
        except CannotOpen as error:
            words = f"A stored secret cannot be read: {error}"
            self._fail("secret", words)
        except Exception:
            log.exception("the push connection of %s", self._idp.pk)
            self._fail("internal", "An error of the product: its log says more.")
        finally:
            self._ended = time.monotonic()
            connections.close_all()

    def _report(self, error: ConnectorError | None) -> None:
        if error is not None:
            self._fail(error.code, error.words)
        else:
            self._make_up()
            self._write(
                "connected",
                stands=True,
                connected_at=Now(),
                error_code="",
                error_cause="",
            )

    def _away_before(self) -> float:
        """Seconds that nobody listened before this line; 0 if nobody ever did."""
        before = StreamState.objects.filter(idp_id=self._idp.pk).first()
        if before is None or before.connected_at is None:
            return 0.0
        if before.error_code:
            return AWAY  # nobody knows since when
        return (timezone.now() - before.seen_at).total_seconds()

    def _make_up(self) -> None:
        """Ask for a full run if nobody listened for long: what was sent meanwhile may
        be sent no more."""
        lost_at, self._lost_at = self._lost_at, None
        if lost_at is None or time.monotonic() - lost_at < AWAY:
            return
        try:
            close_old_connections()
            catchup.owe(self._idp.pk)
        except DatabaseError as error:  # the list of failed pushes is looked at later
            log.warning("an outage was not noted: %s", type(error).__name__)

    def _fail(self, code: str, cause: str) -> None:
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        words = f"not connected: {cause}"
        self._write(words, stands=False, error_code=code[:64], error_cause=cause)

    def _write(self, words: str, **values: Any) -> None:
        """Tell and keep how it stands; a database that is away takes nothing away."""
        if words != self._words:
            self._say(f"{self._idp}: {words}")
        self._words = words
        try:
            close_old_connections()
            StreamState.objects.update_or_create(
                idp_id=self._idp.pk, defaults=values | {"seen_at": Now()}
            )
        except DatabaseError as error:  # or the IdP was deleted
            log.warning("the state of a stream was not kept: %s", type(error).__name__)


def deliver(idp_id: UUID, event: Event) -> None:
    """Keep a notice, and ring for it. Raises unless it was kept."""
    close_old_connections()
    idp = IdentityProvider.objects.get(pk=idp_id)
    inbox.receive(idp, [event], InboxEvent.Way.STREAM)
    tasks.ring_events(idp_id)
