"""What goes wrong on the way: no answer, another's answer, a late or damaged one."""

import gzip
from collections.abc import Callable, Iterator

from identity.connectors.dingtalk.simulator.effects.base import Effect, whole
from identity.connectors.dingtalk.simulator.wire import Call, Reply

MEGABYTE = b" " * (1 << 20)
_HTML = {"Content-Type": "text/html; charset=utf-8"}


class Broken(Exception):
    """No answer at all: dns, refused, tls, reset or timeout."""


def banned_page() -> Effect:
    """An HTML page with 200: this address is banned for five minutes."""
    html = "<html><body><h1>Sorry, you have been blocked</h1></body></html>"
    return lambda call, answer: Reply(body=html.encode(), headers=dict(_HTML))


def banned_json() -> Effect:
    """The ban as JSON without an errcode."""
    content = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "x"}
    return lambda call, answer: Reply(content=content)


def http_error(status: int = 502) -> Effect:
    """A gateway's error page."""
    html = f"<html><head><title>{status}</title></head></html>"
    return lambda call, answer: Reply(status, body=html.encode(), headers=dict(_HTML))


def broken(kind: str = "reset") -> Effect:
    """No answer: dns, refused, tls, reset or timeout. A port can only show reset."""

    def broken(call: Call, answer: Callable[[], Reply]) -> Reply:
        raise Broken(kind)

    return broken


def slow(seconds: float = 4.0) -> Effect:
    """The answer comes late."""

    def slow(call: Call, answer: Callable[[], Reply]) -> Reply:
        call.sleep(seconds)
        return answer()

    return slow


def drip(seconds: float = 1.0) -> Effect:
    """The answer comes byte by byte, so many seconds apart."""

    def drip(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        reply.body = _dripping(whole(reply), seconds, call.sleep)
        return reply

    return drip


def truncated() -> Effect:
    """Half the JSON, with an honest length."""

    def truncated(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        body = whole(reply)
        reply.body = body[: len(body) // 2]
        return reply

    return truncated


def cut_off() -> Effect:
    """Half the bytes that Content-Length promises, then the connection ends."""

    def cut_off(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        body = whole(reply)
        reply.headers["Content-Length"] = str(len(body))
        reply.body = body[: len(body) // 2]
        return reply

    return cut_off


def huge(megabytes: int = 100) -> Effect:
    """The true answer after so many megabytes of blanks."""

    def huge(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        tail = whole(reply)
        reply.body = _padded(megabytes, tail)
        return reply

    return huge


def gzip_bomb(megabytes: int = 100) -> Effect:
    """Few bytes that unpack to so many megabytes."""

    def gzip_bomb(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        reply.headers["Content-Encoding"] = "gzip"
        reply.body = b"".join(
            gzip.compress(part) for part in _padded(megabytes, whole(reply))
        )
        return reply

    return gzip_bomb


def deep(levels: int = 100_000) -> Effect:
    """JSON nested so deep that a recursive reader dies."""
    body = b'{"errcode":0,"result":' + b"[" * levels + b"]" * levels + b"}"

    def deep(call: Call, answer: Callable[[], Reply]) -> Reply:
        return Reply(body=body)

    return deep


def _dripping(
    whole: bytes, seconds: float, sleep: Callable[[float], None]
) -> Iterator[bytes]:
    for position in range(len(whole)):
        sleep(seconds)
        yield whole[position : position + 1]


def _padded(megabytes: int, tail: bytes) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield MEGABYTE
    yield tail
