"""Answers of the wrong shape, and paging that does not end."""

import json
from collections.abc import Callable
from typing import Any

from identity.connectors.dingtalk.simulator.effects.base import Effect, whole
from identity.connectors.dingtalk.simulator.wire import Call, Reply


def altered(change: Callable[[dict[str, Any]], Any]) -> Effect:
    """The true answer's JSON after `change`, which edits it or returns another."""

    def altered(call: Call, answer: Callable[[], Reply]) -> Reply:
        reply = answer()
        content = json.loads(whole(reply))
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
