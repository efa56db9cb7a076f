"""Answers of both hosts about the app itself: tokens, range; and about logons."""

import secrets
import time
from dataclasses import replace
from functools import partial
from typing import Any

from identity.connectors.dingtalk.simulator.records import Person
from identity.connectors.dingtalk.simulator.routes import Route
from identity.connectors.dingtalk.simulator.shapes import myself
from identity.connectors.dingtalk.simulator.state import (
    BASE,
    CONTACT_READ,
    FIELD_EMAIL,
    FIELD_MOBILE,
    Pass,
    Platform,
    take,
)
from identity.connectors.dingtalk.simulator.wire import (
    Call,
    Refused,
    Reply,
    fine,
    modern,
    permission_missing,
    plain_error,
)

FIELDS = (
    "name", "userid", "department", "jobnumber", "position", "avatar", "isAdmin",
    "isLeader", "isHide", "deviceId",
)  # fmt: skip
REFRESH_LIFETIME = 30 * 86_400.0


def gettoken(app: Platform, call: Call) -> Reply:
    """The app token, first way."""
    key, secret = call.query.get("appkey"), call.query.get("appsecret")
    if not key or not secret:
        raise Refused(plain_error(40035, "缺少参数 corpid or appkey"))
    if (key, secret) != (app.app_key, app.app_secret):
        raise Refused(plain_error(40096, "不合法的appKey或appSecret"))
    return fine(
        access_token=app.issue_app_token().value, expires_in=int(app.token_lifetime)
    )


def access_token(app: Platform, call: Call) -> Reply:
    """The app token, second way."""
    _check_client(app, call, "appKey", "appSecret")
    token = app.issue_app_token().value
    return Reply(content={"accessToken": token, "expireIn": int(app.token_lifetime)})


def corp_token(app: Platform, call: Call) -> Reply:
    """The app token, third way: the address names the company as well."""
    values, corp_id = call.values, call.path_values["corpId"]
    client = (values.get("client_id"), values.get("client_secret"))
    right_client = client == (app.app_key, app.app_secret)
    if not corp_id.startswith("ding"):
        raise Refused(modern(500, "unknownError", "未知错误"))
    if not right_client:
        raise Refused(modern(400, "invalid.client", "client_id或client_secret不合法"))
    if values.get("grant_type") != "client_credentials":
        raise Refused(modern(400, "unsupported.grant.type", "不支持的grant_type"))
    if corp_id != app.corp_id:
        raise Refused(modern(401, "unauthorized.client", "该应用未被此企业授权"))
    token = app.issue_app_token().value
    return Reply(content={"access_token": token, "expires_in": int(app.token_lifetime)})


def scopes(app: Platform, call: Call) -> Reply:
    """The range, and hints which fields are open."""
    gated = {"mobile": FIELD_MOBILE, "email": FIELD_EMAIL}
    fields = [name for name, gate in gated.items() if gate in app.permissions]
    return fine(
        auth_user_field=[*FIELDS, *fields],
        condition_field=[],
        auth_org_scopes={
            "authed_user": sorted(app.authed_users),
            "authed_dept": sorted(app.authed_departments),
        },
    )


def failed_pushes(app: Platform, call: Call) -> Reply:
    """Events that were pushed in vain."""
    return fine(**app.failed.hand_out())


def user_access_token(app: Platform, call: Call) -> Reply:
    """A user token for a code of the logon page, or for a refresh token."""
    _check_client(app, call, "clientId", "clientSecret")
    values = call.values
    if values.get("grantType") == "refresh_token":
        found = take(app.refresh_tokens, str(values.get("refreshToken", "")))
    else:
        found = take(app.browser_codes, str(values.get("code", "")))
    if found is None:
        raise Refused(
            modern(400, "invalidParameter.authCode.notFound", "不合法的临时授权码")
        )
    token = _keep(app.user_tokens, found, app.token_lifetime)
    refresh = _keep(app.refresh_tokens, found, REFRESH_LIFETIME)
    content: dict[str, Any] = {
        "accessToken": token.value,
        "refreshToken": refresh.value,
        "expireIn": int(app.token_lifetime),
    }
    if "corpid" in found.scope.split():
        content["corpId"] = found.corp_id
    return Reply(content=content)


def users_me(app: Platform, call: Call) -> Reply:
    """Who the owner of a user token is."""
    value = call.headers.get("x-acs-dingtalk-access-token", "")
    if not value:
        raise Refused(missing_token_header())
    token = app.user_tokens.get(value)
    if token is None:
        raise Refused(modern(400, "InvalidAuthentication", "不合法的access_token"))
    if not token.good:
        raise Refused(modern(400, "accesstoken.expired", "access_token已过期"))
    if CONTACT_READ not in app.permissions:
        raise Refused(permission_missing(call, CONTACT_READ, app.app_key))
    return Reply(content=myself(app, _owner(app, token.unionid)))


def missing_token_header() -> Reply:
    """What the v1.0 host says without its header."""
    return modern(
        400,
        "AuthenticationFailed.MissingParameter",
        "缺少参数：x-acs-dingtalk-access-token",
    )


def _check_client(app: Platform, call: Call, key: str, secret: str) -> None:
    values = call.values
    for name in (key, secret):
        if not values.get(name):
            raise Refused(modern(400, f"Missing{name}", f"{name} is mandatory"))
    if (values[key], values[secret]) != (app.app_key, app.app_secret):
        raise Refused(
            modern(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        )


def _keep(passes: dict[str, Pass], of: Pass, lifetime: float) -> Pass:
    fresh = replace(of, value=secrets.token_hex(16), expires_at=time.time() + lifetime)
    passes[fresh.value] = fresh
    return fresh


def _owner(app: Platform, unionid: str) -> Person:
    outsider = app.company.outsiders.get(unionid)
    if outsider:
        return Person("", unionid, outsider.name, mobile=outsider.mobile)
    if person := app.company.with_unionid(unionid):
        return person
    raise Refused(modern(404, "invalidParameter.user.notFound", "用户不存在"))


_token_call = partial(Route, app_token=False, any_address=True)

ROUTES = {
    "/gettoken": _token_call(gettoken, "GET"),
    "/auth/scopes": Route(scopes, "GET", permission=BASE),
    "/call_back/get_call_back_failed_result": Route(
        failed_pushes, "GET", permission=BASE
    ),
    "/v1.0/oauth2/accessToken": _token_call(access_token),
    "/v1.0/oauth2/{corpId}/token": _token_call(corp_token),
    "/v1.0/oauth2/userAccessToken": _token_call(user_access_token),
    "/v1.0/contact/users/me": Route(users_me, "GET", app_token=False),
}
