"""Requests and answers as values, and DingTalk's envelopes for both hosts."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

OAPI, API, LOGIN, CONTROL = "oapi", "api", "login", "control"
APPLY = "https://open-dev.dingtalk.com/appscope/apply?content={app_key}%23{scope}"


@dataclass
class Call:
    """One request, taken apart."""

    family: str
    path: str
    method: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str
    sleep: Callable[[float], None] = time.sleep
    path_values: Mapping[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """The body's values, JSON or form; {} for anything else."""
        if self.headers.get("content-type", "").startswith("application/x-www-form"):
            return self.form
        try:
            parsed = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def form(self) -> dict[str, str]:
        """The body's values if it is a form."""
        return parse_query(self.body.decode(errors="replace"))


def parse_query(text: str) -> dict[str, str]:
    """A query string as a mapping; the last of equal names counts."""
    return dict(parse_qsl(text, keep_blank_values=True))


@dataclass
class Reply:
    """One answer. `content` is JSON to be; `body` wins over it if set."""

    status: int = 200
    content: Any = None
    body: bytes | Iterable[bytes] | None = None
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json;charset=utf-8"}
    )

    def encoded(self) -> bytes | Iterable[bytes]:
        """The bytes to send."""
        if self.body is not None:
            return self.body
        try:
            return json.dumps(self.content, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # a lone surrogate can only be escaped
            return json.dumps(self.content).encode()


class Refused(Exception):
    """An answer other than the wished one; handlers raise it with the reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.content)
        self.reply = reply


def request_id() -> str:
    """A new id, as each answer carries one."""
    return uuid.uuid4().hex[:13]


def fine(result: Any = None, **more: Any) -> Reply:
    """A legacy success."""
    envelope: dict[str, Any] = {"errcode": 0, "errmsg": "ok"} | more
    if result is not None:
        envelope["result"] = result
    return Reply(content=envelope | {"request_id": request_id()})


def legacy(call: Call, code: str, text: str, *, tail: str = "") -> Reply:
    """A platform's refusal on the legacy host: wrapped in 88 on /topapi, else bare."""
    if not call.path.startswith("/topapi/"):
        content = {"errcode": int(code), "errmsg": text}
        return Reply(content=content | {"request_id": request_id()})
    content = {
        "errcode": 88,
        "sub_code": code,
        "sub_msg": text,
        "errmsg": f"ding talk error[subcode={code},submsg={text}{tail}]",
    }
    return Reply(content=content | {"request_id": request_id()})


def plain_error(code: int, text: str) -> Reply:
    """A refusal by the API itself (no such department ...), which is never wrapped."""
    content = {"errcode": code, "errmsg": text, "request_id": request_id()}
    return Reply(content=content)


def modern(status: int, code: str, message: str, **more: Any) -> Reply:
    """A refusal on the v1.0 host."""
    content = {"requestid": str(uuid.uuid4()).upper(), "code": code, "message": message}
    return Reply(status, content | more)


def platform_error(
    call: Call, code: str, text: str, status: int, name: str, message: str = ""
) -> Reply:
    """The same refusal in the words of the host that was asked."""
    if call.family == API:
        return modern(status, name, message or text)
    return legacy(call, code, text)


def permission_missing(call: Call, scope: str, app_key: str) -> Reply:
    """60011 or 403, naming the scope and where to apply for it."""
    link = APPLY.format(app_key=app_key, scope=scope)
    text = f"应用尚未开通所需的权限：[{scope}]，点击链接申请并开通即可：{link}"
    if call.family == API:
        return modern(
            403,
            "Forbidden.AccessDenied.AccessTokenPermissionDenied",
            text,
            accessdenieddetail={"requiredScopes": [scope]},
        )
    return legacy(call, "60011", text, tail=f", {{requiredScopes=[{scope}]}}")


def address_rejected(call: Call, app_key: str) -> Reply:
    """60020 or 403, with the caller's address in the text."""
    text = f"访问ip不在白名单之中,request ip={call.address} appKey({app_key})"
    return platform_error(
        call, "60020", text, 403, "Forbidden.AccessDenied.IpNotInWhiteList"
    )


def throttled(call: Call, limit: int = 20) -> Reply:
    """90018 or 403: this app calls this API too often."""
    text = f"您的应用触发了qps流控，当前接口每秒请求总次数超过 {limit} 次"
    return platform_error(
        call, "90018", text, 403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"
    )
