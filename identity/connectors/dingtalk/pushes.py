"""Pushed notices: opened, and answered so that DingTalk counts them as delivered.

https://open.dingtalk.com/document/development/http-callback-overview
"""

import json
from collections.abc import Mapping

from identity.connectors.base import Opened, Push
from identity.connectors.dingtalk import events, shapes
from identity.connectors.dingtalk.crypto import (
    CannotOpen,
    Cipher,
    Damaged,
    InvalidKey,
    SignatureMismatch,
)
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.errors import PushFault, PushRefused

SIGNATURES = ("msg_signature", "signature")
"""The two names of the parameter; captures have either, or both with one value."""
LONGEST_PARAMETER = 512
SECONDS_BELOW = 100_000_000_000
"""A timestamp below this is in seconds, not milliseconds: so is a published one."""


def open_push(credentials: Mapping[str, str], push: Push) -> Opened:
    """Check the signature, decrypt, parse; raises PushRefused."""
    cipher = _cipher(credentials)
    signature, timestamp, nonce = _signed(push.query)
    encrypt = _encrypted(push.body)
    try:
        opened = cipher.open(
            encrypt, signature=signature, timestamp=timestamp, nonce=nonce
        )
    except SignatureMismatch:
        raise PushRefused(PushFault.TOKEN) from None
    except Damaged:
        raise PushRefused(PushFault.MALFORMED) from None
    except CannotOpen:
        raise PushRefused(PushFault.AES_KEY) from None
    if opened.owner not in _owners(credentials):
        raise PushRefused(PushFault.OWNER)
    try:
        event = events.parse(opened.message, sent_at=_milliseconds(timestamp))
    except Malformed:
        raise PushRefused(PushFault.MALFORMED) from None
    return Opened(event, opened.owner)


def acknowledgement(credentials: Mapping[str, str], owner: str) -> str:
    """The sealed "success"; raises PushRefused without keys."""
    return json.dumps(_cipher(credentials).seal("success", owner).body())


def _cipher(credentials: Mapping[str, str]) -> Cipher:
    aes_key, token = credentials.get("aes_key", ""), credentials.get("token", "")
    if not (aes_key and token):
        raise PushRefused(PushFault.NO_KEYS)
    try:
        return Cipher(aes_key, token)
    except InvalidKey:
        raise PushRefused(PushFault.NO_KEYS) from None


def _signed(query: Mapping[str, str]) -> tuple[str, str, str]:
    given = {query[name] for name in SIGNATURES if name in query}
    if len(given) != 1:
        raise PushRefused(PushFault.MALFORMED)
    parts = (given.pop(), query.get("timestamp", ""), query.get("nonce", ""))
    if not all(0 < len(part) <= LONGEST_PARAMETER for part in parts):
        raise PushRefused(PushFault.MALFORMED)
    return parts


def _encrypted(body: bytes) -> str:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise PushRefused(PushFault.MALFORMED) from None
    encrypt = content.get("encrypt") if isinstance(content, dict) else None
    if not isinstance(encrypt, str) or not encrypt.isascii():
        raise PushRefused(PushFault.MALFORMED)
    return encrypt


def _owners(credentials: Mapping[str, str]) -> set[str]:
    """AppKey for subscriptions made in the console, CorpId for those made by API."""
    return {credentials.get("app_key", ""), credentials.get("corp_id", "")} - {""}


def _milliseconds(timestamp: str) -> int:
    """When a copy was signed; 1970 for what is no time, so that it counts as late."""
    at = max(shapes.integer(timestamp) or 0, 0)
    return at * 1000 if at < SECONDS_BELOW else at
