"""What can go wrong with one call. An effect gets the call and a way to the true answer.

Each function here makes one effect; `NAMED` lists them for the control page.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from .wire import (
    API,
    Call,
    Reply,
    address_rejected,
    legacy,
    modern,
    permission_missing,
    plain_error,
    platform_error,
    throttled,
)

Effect = Callable[[Call, Callable[[], Reply]], Reply]
CHINA = timezone(timedelta(hours=8))
MEGABYTE = b" " * (1 << 20)
_HTML = {"Content-Type": "text/html; charset=utf-8"}


class Broken(Exception):
    """No answer at all: dns, refused, tls, reset or timeout."""


# --- refusals of the platform ---


def too_fast() -> Effect:
    """90018: this app called this API too often."""
    return lambda call, answer: throttled(call)


def platform_busy(wait: float = 1.0) -> Effect:
    """90002: the API is called too often by everybody; the text tells until when."""

    def platform_busy(call: Call, answer: Callable[[], Reply]) -> Reply:
        now = datetime.now(CHINA)
        ends = now + timedelta(seconds=wait)
        text = (
            f"{call.path.strip('/').replace('/', '.')} 从 {now:%Y-%m-%d %H:%M:%S} 到 "
            f"{now + timedelta(seconds=1):%Y-%m-%d %H:%M:%S} 请求总次数超过 1200 次, "
            f"限制将在 {ends:%Y-%m-%d %H:%M:%S} 结束."
        )
        return platform_error(
            call, "90002", text, 403, "Forbidden.AccessDenied.QpsLimitForApi"
        )

    return platform_busy


def quota_used_up() -> Effect:
    """90020: the month's calls are used up."""
    return lambda call, answer: platform_error(
        call,
        "90020",
        "企业当月API调用次数已达上限",
        403,
        "Forbidden.AccessDenied.ApiCountLimitForOrg",
    )


def busy() -> Effect:
    """-1: try again."""

    def busy(call: Call, answer: Callable[[], Reply]) -> Reply:
        if call.family == API:
            return modern(500, "system.busy", "系统繁忙")
        return plain_error(-1, "系统繁忙")

    return busy


def backend_timeout() -> Effect:
    """errcode 15: DingTalk's own backend took more than 3 s."""

    def backend_timeout(call: Call, answer: Callable[[], Reply]) -> Reply:
        if call.family == API:
            return modern(504, "ServiceTimeout", "service timeout")
        reply = plain_error(15, "Remote service error")
        reply.content["sub_code"] = "isp.top-remote-connection-timeout"
        return reply

    return backend_timeout


def token_invalid(code: str = "40014") -> Effect:
    """40014 or 42001: the token is no good, or no longer."""
    text = {"40014": "不合法的access_token", "42001": "access_token超时"}[code]
    return lambda call, answer: platform_error(
        call, code, text, 400, "InvalidAuthentication"
    )


def permission_withdrawn(scope: str = "qyapi_get_department_list") -> Effect:
    """60011, naming the scope."""
    return lambda call, answer: permission_missing(call, scope, "dingsimulated")


def address_refused() -> Effect:
    """60020: the caller's address is not on the list."""
    return lambda call, answer: address_rejected(call, "dingsimulated")


def app_stopped() -> Effect:
    """50003: the app was stopped."""
    return error("50003", "应用已停用")


def error(code: str, text: str = "simulated", *, wrapped: bool = True) -> Effect:
    """Any legacy code; wrapped in 88 where DingTalk wraps it, or bare."""

    def error(call: Call, answer: Callable[[], Reply]) -> Reply:
        return legacy(call, code, text) if wrapped else plain_error(int(code), text)

    return error


def wrapper_without_fields(code: str = "40014") -> Effect:
    """88 whose code stands only inside errmsg, as some captures show."""

    def wrapper_without_fields(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = legacy(call, code, "simulated")
        return Reply(content=_without(reply.content, "sub_code", "sub_msg"))

    return wrapper_without_fields


# --- not DingTalk at all ---


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


# --- slow ---


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
        reply.body = _dripping(_bytes(reply), seconds, call.sleep)
        return reply

    return drip


# --- damaged ---


def truncated() -> Effect:
    """Half the JSON, with an honest length."""

    def truncated(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        whole = _bytes(reply)
        reply.body = whole[: len(whole) // 2]
        return reply

    return truncated


def cut_off() -> Effect:
    """Half the bytes that Content-Length promises, then the connection ends."""

    def cut_off(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        whole = _bytes(reply)
        reply.headers["Content-Length"] = str(len(whole))
        reply.body = whole[: len(whole) // 2]
        return reply

    return cut_off


def huge(megabytes: int = 100) -> Effect:
    """The true answer after so many megabytes of blanks."""

    def huge(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        tail = _bytes(reply)
        reply.body = _padded(megabytes, tail)
        return reply

    return huge


def gzip_bomb(megabytes: int = 100) -> Effect:
    """Few bytes that unpack to so many megabytes."""

    def gzip_bomb(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        reply.headers["Content-Encoding"] = "gzip"
        reply.body = b"".join(
            gzip.compress(part) for part in _padded(megabytes, _bytes(reply))
        )
        return reply

    return gzip_bomb


def deep(levels: int = 100_000) -> Effect:
    """JSON nested so deep that a recursive reader dies."""
    body = b'{"errcode":0,"result":' + b"[" * levels + b"]" * levels + b"}"

    def deep(call: Call, answer: Callable[[], Reply]) -> Reply:
        return Reply(body=body)

    return deep


# --- the wrong shape ---


def altered(change: Callable[[dict[str, Any]], Any]) -> Effect:
    """The true answer's JSON after `change`, which edits it or returns another."""

    def altered(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        content = json.loads(_bytes(reply))
        replaced = change(content)
        reply.content, reply.body = content if replaced is None else replaced, None
        return reply

    return altered


def result_null() -> Effect:
    """`result` is null."""
    return altered(lambda content: content | {"result": None})


def no_result() -> Effect:
    """errcode 0 and no result."""
    return altered(lambda content: _without(content, "result"))


def result_a_list() -> Effect:
    """`result` is a list where an object is due, and the other way round."""
    return altered(
        lambda content: (
            content | {"result": {} if isinstance(content.get("result"), list) else []}
        )
    )


def without(*keys: str) -> Effect:
    """Keys of `result` are missing, e.g. list or has_more."""
    return altered(
        lambda content: content | {"result": _without(content["result"], *keys)}
    )


def errcode_text() -> Effect:
    """errcode as text, as the documentation prints it."""
    return altered(lambda content: content | {"errcode": str(content.get("errcode"))})


def everything_text() -> Effect:
    """Each number and switch as text, as the documentation prints them."""
    return altered(_as_text)


def empty() -> Effect:
    """errcode 0 and nothing in it: an empty list, or a page without people."""
    return altered(
        lambda content: (
            content
            | {
                "result": []
                if isinstance(content.get("result"), list)
                else {"has_more": False, "list": []}
            }
        )
    )


# --- paging ---


def stuck_cursor() -> Effect:
    """There is always more, at the cursor that was just asked for."""

    def stuck_cursor(call: Call, answer: Callable[[], Reply]) -> Reply:
        cursor = int(call.values.get("cursor", 0))
        return _paged(answer(), cursor)

    return stuck_cursor


def cursor_back() -> Effect:
    """There is always more, at the beginning."""
    return lambda call, answer: _paged(answer(), 0)


def endless() -> Effect:
    """There is always more, at ever new cursors."""

    def endless(call: Call, answer: Callable[[], Reply]) -> Reply:
        cursor = int(call.values.get("cursor", 0))
        return _paged(answer(), cursor + int(call.values.get("size", 100)))

    return endless


def twice() -> Effect:
    """Everybody stands in the page twice."""

    def change(content: dict[str, Any]) -> None:
        content["result"]["list"] *= 2

    return altered(change)


def _paged(reply: Reply, cursor: int) -> Reply:
    if isinstance(reply.content.get("result"), dict):
        reply.content["result"] |= {"has_more": True, "next_cursor": cursor}
    return reply


def _bytes(reply: Reply) -> bytes:
    body = reply.encoded()
    return body if isinstance(body, bytes) else b"".join(body)


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


def _without(content: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in keys}


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


NAMED: dict[str, Callable[[], Effect]] = {
    maker.__name__: maker
    for maker in (
        too_fast, platform_busy, quota_used_up, busy, backend_timeout, token_invalid,
        permission_withdrawn, address_refused, app_stopped, wrapper_without_fields,
        banned_page, banned_json, http_error, broken, slow, drip, truncated, cut_off,
        huge, gzip_bomb, deep, result_null, no_result, result_a_list, errcode_text,
        everything_text, empty, stuck_cursor, cursor_back, endless, twice,
    )
}  # fmt: skip
