"""What can go wrong with one call. Each function here makes one effect.

An effect of your own is a function of a `Call` and a way to the true `Reply`.
`NAMED` lists those that need no settings, for the control page and by name in tests.
"""

from collections.abc import Callable

from identity.connectors.dingtalk.simulator.effects.base import Effect
from identity.connectors.dingtalk.simulator.effects.refusals import (
    address_refused,
    app_stopped,
    backend_timeout,
    busy,
    code_unknown,
    error,
    permission_withdrawn,
    platform_busy,
    quota_used_up,
    token_invalid,
    too_fast,
    wrapper_without_fields,
)
from identity.connectors.dingtalk.simulator.effects.shapes import (
    altered,
    cursor_back,
    empty,
    endless,
    errcode_text,
    everything_text,
    no_result,
    result_a_list,
    result_null,
    stuck_cursor,
    twice,
    without,
)
from identity.connectors.dingtalk.simulator.effects.transport import (
    Broken,
    banned_json,
    banned_page,
    broken,
    cut_off,
    deep,
    drip,
    gzip_bomb,
    http_error,
    huge,
    slow,
    truncated,
)
from identity.connectors.dingtalk.simulator.wire import Call, Reply

NAMED: dict[str, Callable[[], Effect]] = {
    maker.__name__: maker
    for maker in (
        too_fast, platform_busy, quota_used_up, busy, backend_timeout, token_invalid,
        code_unknown, permission_withdrawn, address_refused, app_stopped,
        wrapper_without_fields, banned_page, banned_json, http_error, broken, slow, drip, truncated, cut_off,
        huge, gzip_bomb, deep, result_null, no_result, result_a_list, errcode_text,
        everything_text, empty, stuck_cursor, cursor_back, endless, twice,
    )
}  # fmt: skip

__all__ = [
    "NAMED",
    "Broken",
    "Call",
    "Effect",
    "Reply",
    "address_refused",
    "altered",
    "app_stopped",
    "backend_timeout",
    "banned_json",
    "banned_page",
    "broken",
    "busy",
    "code_unknown",
    "cursor_back",
    "cut_off",
    "deep",
    "drip",
    "empty",
    "endless",
    "errcode_text",
    "error",
    "everything_text",
    "gzip_bomb",
    "http_error",
    "huge",
    "no_result",
    "permission_withdrawn",
    "platform_busy",
    "quota_used_up",
    "result_a_list",
    "result_null",
    "slow",
    "stuck_cursor",
    "token_invalid",
    "too_fast",
    "truncated",
    "twice",
    "without",
    "wrapper_without_fields",
]
