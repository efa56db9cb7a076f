"""DingTalk's logon: its page, and who is behind the code that comes back from it.

https://open.dingtalk.com/document/development/obtain-identity-credentials

A code of the page proves a person, not a company: whoever has DingTalk can scan it. So
three things must hold (T-10): the token names our company; our own app's token finds
the person in it, as one of its people; and the directory has them, which the core asks.
A code of DingTalk's client is taken by our own app's token, which knows only our company.
"""

import time
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings

from identity.connectors.base import Gate, LogonWatch
from identity.connectors.dingtalk import rows
from identity.connectors.dingtalk.answers import Contact, Myself
from identity.connectors.dingtalk.calling import Patience
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.deadline import Limits
from identity.connectors.dingtalk.errcodes import CodeUnknown
from identity.connectors.dingtalk.permissions import CONTACT_MOBILE, CONTACT_READ
from identity.connectors.errors import (
    Gone,
    LogonFault,
    LogonRefused,
    PermissionMissing,
)
from identity.connectors.records import CheckStatus, Identity, LogonStage, LogonWay

BUDGET = 9.0
"""Seconds for all calls of a logon together, so that its page comes within 10 (F-80)."""
PATIENCE = Patience(unreachable=1, throttled=1, longest_wait=1.5)
LONGEST_CODE = 512
SCOPE = "openid corpid"
"""Without `corpid` the token would not name the company."""


def origin() -> str:
    """Scheme and host of DINGTALK_LOGIN_URL."""
    parts = urlsplit(settings.DINGTALK_LOGIN_URL)
    return f"{parts.scheme}://{parts.netloc}"


def page(
    credentials: Mapping[str, str], way: LogonWay, callback: str, state: str
) -> str:
    """The address of DingTalk's logon page, whole or made for a frame.

    `corpId` spares the choice of a company. `org_type` has only one documented value,
    which leaves out all companies that the person does not administer: employees could
    not log on, so it is never sent.
    """
    corp_id = credentials.get("corp_id", "")
    query = {
        "redirect_uri": callback,
        "response_type": "code",
        "client_id": credentials.get("app_key", ""),
        "scope": SCOPE,
        "prompt": "consent",
        "state": state,
        "corpId": corp_id,
    }
    if credentials.get("dingtalk_type") == "dedicated":
        query |= {"exclusiveLogin": "true", "exclusiveCorpId": corp_id}
    if way is LogonWay.QR:
        query["iframe"] = "true"
    base = str(settings.DINGTALK_LOGIN_URL).rstrip("/")
    return f"{base}/oauth2/auth?{urlencode(query, quote_via=quote)}"


def identify(
    credentials: Mapping[str, str],
    gate: Gate,
    code: str,
    way: LogonWay,
    watch: LogonWatch,
    budget: float = BUDGET,
) -> Identity:
    """Who is behind a code; see `Connector.identify`. Ends within `budget` seconds."""
    if not code or len(code) > LONGEST_CODE:  # nothing that DingTalk ever gave out
        raise LogonRefused(LogonFault.CODE)
    limits = Limits(connect=2.0, read=5.0, whole=6.0, until=time.monotonic() + budget)
    client = Client(credentials, gate, limits=limits, patience=PATIENCE)
    try:
        if way is LogonWay.SILENT:
            return _visitor(client, code, watch)
        return _owner(client, credentials.get("corp_id", ""), code, watch)
    except CodeUnknown as error:
        raise LogonRefused(LogonFault.CODE, code=error.code) from None
    finally:
        client.close()


def _visitor(client: Client, code: str, watch: LogonWatch) -> Identity:
    """Who opened our page inside DingTalk: somebody of the app's own company."""
    try:
        found = client.by_code(code)
    except CodeUnknown:
        raise
    except Gone as error:
        watch.passed(LogonStage.EXCHANGE)
        watch.passed(LogonStage.IDENTITY)
        raise LogonRefused(LogonFault.STRANGER, code=error.code) from None
    for stage in (LogonStage.EXCHANGE, LogonStage.IDENTITY, LogonStage.COMPANY):
        watch.passed(stage)
    return Identity(found.userid, found.unionid, found.name)


def _owner(client: Client, corp_id: str, code: str, watch: LogonWatch) -> Identity:
    """Who chose our company on DingTalk's page, if they are one of its people."""
    token = client.user_token(code)
    watch.passed(LogonStage.EXCHANGE)
    me = _myself(client, token.value, watch)
    watch.passed(LogonStage.IDENTITY)
    if not corp_id or token.corp_id != corp_id:
        raise LogonRefused(LogonFault.COMPANY)
    found = _contact(client, me.unionid)
    if not found.own:
        raise LogonRefused(LogonFault.EXTERNAL)
    watch.passed(LogonStage.COMPANY)
    return Identity(found.userid, me.unionid, me.name)


def _myself(client: Client, token: str, watch: LogonWatch) -> Myself:
    """Whose token it is; what this proves about the two permissions is reported."""

    def verdict(scope: str, status: CheckStatus) -> None:
        watch.verdict(rows.at_logon(scope, status, client.app_key))

    try:
        me = client.me(token)
    except PermissionMissing:
        verdict(CONTACT_READ, CheckStatus.FAIL)
        raise
    except Gone as error:
        raise LogonRefused(LogonFault.STRANGER, code=error.code) from None
    verdict(CONTACT_READ, CheckStatus.PASS)
    verdict(CONTACT_MOBILE, CheckStatus.PASS if me.mobile else CheckStatus.WARN)
    return me


def _contact(client: Client, unionid: str) -> Contact:
    """Whom our own app finds in our company by this unionid."""
    try:
        return client.by_unionid(unionid)
    except Gone as error:
        raise LogonRefused(
            LogonFault.STRANGER, code=error.code, unionid=unionid
        ) from None
