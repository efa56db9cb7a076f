"""Pushes events over WebSockets that the product opens, as DingTalk's stream mode does.

It hands out tickets, sends each event to one connection at random, waits 3 s for the
reply, and sends it again after LATER, after silence, and where nobody is connected.
What nobody took in the end goes to the failed list. developerpedia: learn/stream/protocol.
"""

import heapq
import itertools
import json
import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from identity.connectors.dingtalk.simulator.events import CURRENT, body
from identity.connectors.dingtalk.simulator.records import Event
from identity.connectors.dingtalk.simulator.state import Platform

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server, ServerConnection

quiet = logging.getLogger(__name__)
quiet.setLevel(logging.WARNING)

HOST = "127.0.0.1"
GAPS = (10.0, 30.0, 60.0, 120.0)
HEADER_KEYS = ("EventType", "EventTime", "CorpId", "BizId")
"""What HTTP push writes into the body, and stream mode into the headers."""


@dataclass
class _Notice:
    """An event on its way: each copy and each try has the same event id."""

    event: Event
    at: int
    headers: dict[str, str]
    data: str
    tries: int = 0


@dataclass
class Stream:
    """Stream mode of one app. Settings are plain attributes."""

    app: Platform
    ticket_lifetime: float = 90.0
    patience: float = 3.0
    """Seconds that a reply may take."""
    gaps: tuple[float, ...] = GAPS
    linger: float = 10.0
    """Seconds from `disconnect` to the end of the connection."""
    log: list[tuple[str, str]] = field(default_factory=list)
    """Each attempt: the event's kind, and SUCCESS, LATER, or what happened instead."""
    replies: list[dict[str, Any]] = field(default_factory=list)
    """Every reply, as it came."""
    _tickets: dict[str, float] = field(default_factory=dict)
    _links: list["ServerConnection"] = field(default_factory=list)
    _unanswered: dict[str, _Notice] = field(default_factory=dict)
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=itertools.count)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _server: "Server | None" = None
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._links)

    def open(self) -> tuple[str, str]:
        """An endpoint and a ticket for it; from the first one on, events are pushed."""
        with self._changed:
            server = self._server or self._start()
            ticket = secrets.token_hex(16)
            self._tickets[ticket] = time.monotonic() + self.ticket_lifetime
            port = server.socket.getsockname()[1]
        return f"ws://{HOST}:{port}/connect", ticket

    def push(self, event: Event, *, copies: int = 1) -> None:
        """Push an event, so many times under one event id."""
        at = time.time_ns() // 1_000_000
        content = body(event, self.app.corp_id, at, CURRENT)
        headers = {
            "eventType": event.kind,
            "eventId": content["eventId"],
            "eventBornTime": str(at),
            "eventCorpId": self.app.corp_id,
            "eventUnifiedAppId": "u1",
        }
        data = {k: v for k, v in content.items() if k not in HEADER_KEYS}
        if "diffInfo" in data:
            data["diffInfo"] = [data["diffInfo"]]  # a list, in a capture of 2025
        text = json.dumps(data, ensure_ascii=False)
        for _copy in range(copies):
            notice = _Notice(event, at, headers, text)
            self._later(0.0, partial(self._send, notice))

    def ping(self, opaque: str = "o-1") -> str:
        """Ask every connection if somebody is there; the message id."""
        return self.system("ping", {"opaque": opaque})

    def disconnect(self) -> None:
        """Tell every connection that it ends, and end it after a while."""
        links = list(self._links)
        self.system("disconnect", {"reason": "connection is expired"})
        for link in links:
            self._later(self.linger, partial(_close, link))

    def system(self, topic: str, data: dict[str, Any]) -> str:
        """Send a SYSTEM frame to every connection; the message id."""
        message_id, text = self._frame("SYSTEM", topic, {}, json.dumps(data))
        self.say(text)
        return message_id

    def say(self, message: str | bytes) -> None:
        """Send anything at all to every connection."""
        for link in list(self._links):
            link.send(message)

    def drop(self) -> None:
        """Break every connection off, without a word."""
        for link in list(self._links):
            link.close_socket()

    def stop(self) -> None:
        """End everything; what waits is dropped."""
        with self._changed:
            server, self._server = self._server, None
            self._due.clear()
            self._changed.notify()
        if server is None:
            return
        self.app.company.listeners.remove(self.push)
        self.drop()
        server.shutdown()
        for thread in self._threads:
            thread.join()

    # --- connections ---

    def _start(self) -> "Server":
        from websockets.sync.server import serve

        self._server = server = serve(
            self._hold,
            HOST,
            0,
            process_request=self._admit,
            close_timeout=0.5,
            logger=quiet,
        )
        self._threads = [
            threading.Thread(target=server.serve_forever, daemon=True),
            threading.Thread(target=self._work, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self.app.company.listeners.append(self.push)
        return server

    def _admit(self, link: "ServerConnection", request: "Request") -> "Response | None":
        """Let in whoever has a ticket that is neither used nor old."""
        given = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
        with self._changed:
            until = self._tickets.pop(given, 0.0)
        if until < time.monotonic():
            return link.respond(401, "ticket\n")
        return None

    def _hold(self, link: "ServerConnection") -> None:
        from websockets.exceptions import ConnectionClosed

        self._links.append(link)
        try:
            with suppress(ConnectionClosed):
                for message in link:
                    self._heard(json.loads(message))
        finally:
            self._links.remove(link)

    # --- events ---

    def _send(self, notice: _Notice) -> None:
        from websockets.exceptions import ConnectionClosed

        links = list(self._links)
        if not links:
            return self._again(notice, "nobody is connected")
        message_id, text = self._frame("EVENT", "*", notice.headers, notice.data)
        self._unanswered[message_id] = notice
        self._later(self.patience, partial(self._expire, message_id))
        with suppress(ConnectionClosed):
            random.choice(links).send(text)  # noqa: S311
        return None

    def _heard(self, reply: dict[str, Any]) -> None:
        self.replies.append(reply)
        notice = self._unanswered.pop(reply["headers"]["messageId"], None)
        if notice is None:
            return
        status = json.loads(reply["data"]).get("status")
        if reply["code"] == 200 and status == "SUCCESS":
            self.log.append((notice.event.kind, status))
        else:
            self._again(notice, status or str(reply["code"]))

    def _expire(self, message_id: str) -> None:
        if notice := self._unanswered.pop(message_id, None):
            self._again(notice, "timeout")

    def _again(self, notice: _Notice, why: str) -> None:
        self.log.append((notice.event.kind, why))
        if notice.tries < len(self.gaps):
            gap = self.gaps[notice.tries]
            notice.tries += 1
            self._later(gap, partial(self._send, notice))
        else:
            with self.app.company.lock:
                self.app.failed.add(notice.event, notice.at)

    def _frame(
        self, kind: str, topic: str, headers: dict[str, str], data: str
    ) -> tuple[str, str]:
        """A message id, and the frame that carries it."""
        message_id = secrets.token_hex(8)
        common = {
            "topic": topic,
            "messageId": message_id,
            "contentType": "application/json",
            "time": str(time.time_ns() // 1_000_000),
            "appId": "a1",
        }
        frame = {"specVersion": "1.0", "type": kind, "headers": common | headers}
        return message_id, json.dumps(frame | {"data": data}, ensure_ascii=False)

    # --- what is due ---

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        due = time.monotonic() + seconds
        with self._changed:
            heapq.heappush(self._due, (due, next(self._serial), action))
            self._changed.notify()

    def _work(self) -> None:
        while (action := self._next()) is not None:
            action()

    def _next(self) -> Callable[[], None] | None:
        """What is due next; None when it is time to stop."""
        with self._changed:
            while self._server is not None:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(self._due[0][0] - now if self._due else None)
        return None


def _close(link: "ServerConnection") -> None:
    link.close()
