"""Stream mode: events over a connection that we open, so that no address of ours need
be public. It is opened again whenever it ends, each time with a new ticket.

developerpedia: learn/stream/protocol. DingTalk sends an event again that had no reply
for 3 s, so one that was kept twice is possible, and the inbox keeps it once.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from django.conf import settings

from identity.connectors.base import CrawlStopped, Gate
from identity.connectors.dingtalk import channel, frames
from identity.connectors.dingtalk.calling import Patience
from identity.connectors.dingtalk.channel import Channel
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.frames import Frame
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.errors import ConnectorError, Throttled
from identity.connectors.records import Event

LOOK = 0.2
"""Seconds between looks whether to stop, while nothing comes."""
LONGEST_PAUSE = 60.0
STEADY = 10.0
"""Seconds after which a connection counts as a good one: the pauses begin anew."""

logger = logging.getLogger(__name__)
Deliver = Callable[[Event], None]
Report = Callable[[ConnectorError | None], None]


def hold(
    credentials: Mapping[str, str],
    gate: Gate,
    deliver: Deliver,
    stop: Callable[[], bool],
    report: Report,
) -> None:
    """What `Connector.stream` promises."""
    stopped = _Stopped(stop)
    tries = 0
    while not stopped.is_set():
        line = _Line(credentials, gate, deliver, stopped)
        error = line.hold(report)
        if stopped.is_set():
            return
        tries = 0 if line.was_steady else tries + 1
        if error is not None:
            logger.info("no push connection: %s", error.code)
            report(error)
        if error is not None or tries:  # a good one that DingTalk replaces: at once
            _rest(_pause(tries, error), stopped)


class _Stopped(threading.Event):
    """Set once `asked` says so."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        super().__init__()
        self._asked = asked

    def is_set(self) -> bool:
        return super().is_set() or self._asked()


class _Line:
    """One connection, from its ticket to its end."""

    def __init__(
        self,
        credentials: Mapping[str, str],
        gate: Gate,
        deliver: Deliver,
        stopped: threading.Event,
    ) -> None:
        self._credentials, self._gate = credentials, gate
        self._deliver, self._stopped = deliver, stopped
        self._stands_since: float | None = None
        self._odd = 0

    @property
    def was_steady(self) -> bool:
        """Whether it stood for a while."""
        since = self._stands_since
        return since is not None and time.monotonic() - since >= STEADY

    def hold(self, report: Report) -> ConnectorError | None:
        """Until it is lost, replaced or not wanted any more; why, if it was lost."""
        try:
            with self._opened() as line:
                self._stands_since = time.monotonic()
                report(None)
                self._listen(line)
        except ConnectorError as error:
            return error
        except CrawlStopped:
            pass
        return None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Channel]:
        if trouble := channel.trouble():
            raise trouble
        once = Patience(unreachable=0, throttled=0)
        client = Client(
            self._credentials, self._gate, stopped=self._stopped, patience=once
        )
        try:
            gateway = client.open_stream().value
        finally:
            client.close()
        with channel.opened(gateway, self._stopped.is_set) as line:
            yield line

    def _listen(self, line: Channel) -> None:
        """Take what comes. After `disconnect` only what has come already: what is on
        its way is sent again to the next connection."""
        leaving = False
        while not self._stopped.is_set():
            raw = line.receive(0 if leaving else LOOK)
            if raw is None:
                if leaving:
                    return
                continue
            frame = self._read(raw)
            if frame is None:
                continue
            leaving = leaving or frame.disconnects
            reply = self._answer(frame, len(raw))
            if reply and frame.message_id:
                line.send(reply)

    def _read(self, raw: bytes) -> Frame | None:
        try:
            return frames.read(raw)
        except Malformed as error:
            self._note(str(error), len(raw))
            return None

    def _answer(self, frame: Frame, size: int) -> str:
        """The reply, "" for none. An event is kept before its reply is made."""
        if frame.disconnects:
            return ""
        if size > frames.LARGEST:
            self._note("too large", size)
            return frames.refused(frame)
        if frame.pings:
            return frames.pong(frame)
        return self._take(frame, size) if frame.tells else frames.unwanted(frame)

    def _take(self, frame: Frame, size: int) -> str:
        try:
            event = frame.event()
        except Malformed as error:
            self._note(str(error), size)
            return frames.refused(frame)
        try:
            self._deliver(event)
        except Exception:  # whatever it was, the event was not kept
            logger.exception("an event could not be kept; DingTalk sends it again")
            return frames.later(frame)
        return frames.taken(frame)

    def _note(self, why: str, size: int) -> None:
        """Say once for each connection that something odd came, and nothing of it."""
        self._odd += 1
        if self._odd == 1:
            logger.warning("a frame of %s bytes that is no event: %s", size, why)


def _pause(tries: int, error: ConnectorError | None) -> float:
    """Seconds before the next try: growing, jittered, and what DingTalk asks for."""
    longest: float = settings.DINGTALK_RETRY_BASE * 2 ** min(tries, 10)
    seconds = min(longest, LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311
    return max(seconds, error.retry_after) if isinstance(error, Throttled) else seconds


def _rest(seconds: float, stopped: threading.Event) -> None:
    until = time.monotonic() + seconds
    while not stopped.is_set() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, LOOK))
