"""Refusals that DingTalk itself gives, on both hosts."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from identity.connectors.dingtalk.simulator.effects.base import Effect
from identity.connectors.dingtalk.simulator.wire import (
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

CHINA = timezone(timedelta(hours=8))


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


def code_unknown() -> Effect:
    """A logon code that is used, expired, or of the other kind."""

    def code_unknown(call: Call, answer: Callable[[], Reply]) -> Reply:
        if call.family == API:
            return modern(
                400, "invalidParameter.authCode.notFound", "不合法的临时授权码"
            )
        return plain_error(40078, "不存在的临时授权码")

    return code_unknown


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
        del reply.content["sub_code"], reply.content["sub_msg"]
        return reply

    return wrapper_without_fields
