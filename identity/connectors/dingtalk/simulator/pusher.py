"""Pushes events to a Request URL, as DingTalk's HTTP push does.

It waits 2.5 s for the sealed "success", tries twice more after 10 s and 30 s, and then
puts the event on the failed list. This module alone of the simulator sends requests.
"""

import heapq
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import requests

from identity.connectors.dingtalk.crypto import CannotOpen, Cipher, Sealed
from identity.connectors.dingtalk.simulator.events import CURRENT, body
from identity.connectors.dingtalk.simulator.records import Event
from identity.connectors.dingtalk.simulator.state import Platform

TIME_LIMIT = 2.5
GAPS = (10.0, 30.0)
BAD_ANSWER = "HTTP请求结果校验返回字段值失败"
BAD_STATUS = "url地址访问异常,错误原因为:http statusCode is:{status}"
TIMED_OUT = "timedout"
REDIRECTED = "URL地址在安全黑名单中不允许使用"
UNREACHABLE = "url地址访问异常"


@dataclass(frozen=True)
class Subscription:
    """What the console's page of event subscription holds, and how pushes look."""

    url: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    spelling: str = CURRENT
    signatures: tuple[str, ...] = ("signature", "msg_signature")
    """The query parameters that carry the signature; captures have both."""
    owner: str = ""
    """What events are sealed for; "" is the AppKey, as for console subscriptions."""


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; `reason` is the console's own text."""

    fine: bool
    reason: str = ""
    seconds: float = 0.0


@dataclass
class _Push:
    """One event on its way: always the same text, and so the same event id."""

    event: Event
    at: int
    text: str
    tries: int = 0
    fine: bool = False


class Pusher:
    """Pushes for one subscription, in the caller's thread or in one of its own."""

    def __init__(
        self,
        app: Platform,
        subscription: Subscription,
        *,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self.subscription = subscription
        self.log: list[tuple[str, Outcome]] = []
        """Each attempt: the event's kind and how it ended."""
        self._cipher = Cipher(subscription.aes_key, subscription.token)
        self._owner = subscription.owner or app.app_key
        self._session = session or requests.Session()
        self._session.trust_env = False
        self._sleep = sleep
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, _Push]] = []
        self._serial = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def check_url(self) -> Outcome:
        """What saving in the console does: one push of check_url, no retry."""
        return self.attempt("check_url", json.dumps({"EventType": "check_url"}))

    def deliver(self, event: Event) -> bool:
        """Push one event with its retries; False if it went to the failed list."""
        push = self._made(event)
        while (gap := self._try(push)) is not None:
            self._sleep(gap)
        return push.fine

    def deliver_all(
        self, events: Iterable[Event], *, copies: int = 1, shuffle: int | None = None
    ) -> None:
        """Push several, each so many times under one event id; `shuffle` is a seed."""
        at = time.time_ns() // 1_000_000
        texts = [(e.kind, self.text(e, at + i)) for i, e in enumerate(events)] * copies
        if shuffle is not None:
            random.Random(shuffle).shuffle(texts)  # noqa: S311 - repeatable disorder
        for kind, text in texts:
            self.attempt(kind, text)

    def text(self, event: Event, at: int) -> str:
        """The plaintext of an event in the subscription's spelling."""
        content = body(event, self.app.corp_id, at, self.subscription.spelling)
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    def attempt(self, kind: str, text: str) -> Outcome:
        """Send one plaintext once, sealed afresh."""
        begun = self._clock()
        reason = self._send(self._cipher.seal(text, self._owner))
        seconds = self._clock() - begun
        if not reason and seconds > TIME_LIMIT:
            reason = TIMED_OUT
        outcome = Outcome(not reason, reason, seconds)
        self.log.append((kind, outcome))
        return outcome

    def start(self) -> None:
        """From now on push what happens in the company, in a thread of its own."""
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="pusher", daemon=True)
        self._thread.start()
        self.app.company.listeners.append(self._enqueue)

    def stop(self) -> None:
        """End the thread; what waits for a retry is dropped."""
        if self._thread is None:
            return
        self.app.company.listeners.remove(self._enqueue)
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()
        self._thread = None

    def _enqueue(self, event: Event) -> None:
        self._wait(self._made(event), 0.0)

    def _wait(self, push: "_Push", seconds: float) -> None:
        with self._changed:
            due = time.monotonic() + seconds
            heapq.heappush(self._waiting, (due, next(self._serial), push))
            self._changed.notify()

    def _work(self) -> None:
        while (push := self._next()) is not None:
            if (gap := self._try(push)) is not None:
                self._wait(push, gap)

    def _next(self) -> "_Push | None":
        """The next push that is due; None when it is time to stop."""
        with self._changed:
            while True:
                now = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    return heapq.heappop(self._waiting)[2]
                if self._stopping:
                    return None
                self._changed.wait(self._waiting[0][0] - now if self._waiting else None)

    def _made(self, event: Event) -> "_Push":
        at = time.time_ns() // 1_000_000
        return _Push(event, at, self.text(event, at))

    def _try(self, push: "_Push") -> float | None:
        """Send it once; the seconds to the next try, None if there is none to come."""
        push.fine = self.attempt(push.event.kind, push.text).fine
        if push.fine:
            return None
        if push.tries < len(GAPS):
            push.tries += 1
            return GAPS[push.tries - 1]
        with self.app.company.lock:
            self.app.failed.add(push.event, push.at)
        return None

    def _send(self, sealed: Sealed) -> str:
        """Why the push failed, "" if it did not."""
        query = dict.fromkeys(self.subscription.signatures, sealed.signature)
        try:
            response = self._session.post(
                self.subscription.url,
                params=query | {"timestamp": sealed.timestamp, "nonce": sealed.nonce},
                json={"encrypt": sealed.encrypt},
                timeout=TIME_LIMIT,
                allow_redirects=False,
            )
        except requests.Timeout:
            return TIMED_OUT
        except requests.RequestException:
            return UNREACHABLE
        if response.is_redirect:
            return REDIRECTED
        if response.status_code != 200:
            return BAD_STATUS.format(status=response.status_code)
        return "" if self._acknowledged(response) else BAD_ANSWER

    def _acknowledged(self, response: requests.Response) -> bool:
        try:
            answer = response.json()
            opened = self._cipher.open(
                answer["encrypt"],
                signature=answer["msg_signature"],
                timestamp=answer["timeStamp"],
                nonce=answer["nonce"],
            )
        except (ValueError, LookupError, TypeError, AttributeError, CannotOpen):
            return False
        return opened.message == "success" and opened.owner == self._owner
