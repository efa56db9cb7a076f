"""Sends changes of the directory to the webhooks (Standard Webhooks 1.0.0).

At least once, and per endpoint and IdP in order: the next message is made when the one
before it was taken. A worker claims a message by moving its due time; one that dies
leaves it to the next, which sends it with the same id.
"""

import base64
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from identity import audit, outgoing
from identity.fields import CannotOpen
from identity.models import IdentityProvider, User
from identity.outgoing import Undelivered
from identity.redirects import Kind
from sync import alerts, feed
from sync.models import (
    Alert,
    WebhookCursor,
    WebhookEndpoint,
    WebhookMessage,
    WebhookSecret,
)

log = logging.getLogger(__name__)
State, Waiting = WebhookEndpoint.State, WebhookMessage.State.WAITING
HOUR = 3600
PAUSES = (5, 30, 120, 600, 1800, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR)
"""Seconds after each try until the next; the last one again and again."""
PATIENCE = timedelta(days=5)
"""After so long without a success an endpoint is switched off."""
CLAIM = timedelta(seconds=60)
"""For which a message is its worker's: much longer than a call may last."""
BOTH = timedelta(hours=24)
"""For which a replaced secret goes on signing."""
LONGEST_WAIT = 24 * HOUR
AT_ONCE, MOST = 4, 16
"""Messages that are sent at a time, and that are claimed at a time."""
KEPT = 50
"""Messages of an endpoint that were sent, for its page."""
PREFIX, KEY_BYTES = "whsec_", 32


@dataclass(frozen=True, slots=True)
class Call:
    """A message ready to be sent."""

    address: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


# --- endpoints ---


def add(
    name: str, address: str, types: list[str], *, from_now: bool, by: User | None
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, and its secret in words: nobody can read that later.

    It hears of what changes from now on, or of everything that the history has.
    """
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.create(
            name=name, address=address, types=types, created_by=by
        )
        WebhookCursor.objects.bulk_create(
            WebhookCursor(
                endpoint=endpoint, idp=idp, position=feed.last(idp) if from_now else 0
            )
            for idp in IdentityProvider.objects.all()
        )
        return endpoint, _new_secret(endpoint)


def rotate(endpoint: WebhookEndpoint) -> str:
    """A new secret in words; the one before it signs beside it for a day."""
    with transaction.atomic():
        present = endpoint.secrets.filter(valid_until=None)
        present.update(valid_until=timezone.now() + BOTH)
        return _new_secret(endpoint)


def switch(endpoint: WebhookEndpoint, on: bool) -> bool:
    """Pause it, or go on where it stopped; whether that changed anything."""
    wanted = State.ON if on else State.PAUSED
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(state=wanted)
    changed: bool = rows.update(state=wanted, because="") == 1
    if changed and on:
        _hurry(endpoint)
    return changed


def test(endpoint: WebhookEndpoint) -> str:
    """Send a message without changes now; what went wrong, "" if it was taken."""
    content = {
        "type": "webhook.test",
        "timestamp": timezone.now().isoformat(),
        "data": {},
    }
    try:
        call = _call(endpoint, f"msg_{secrets.token_hex(16)}", content)
    except CannotOpen:
        return "secret"
    return _send(call)[0]


def prune() -> None:
    """Forget messages that were sent long ago, and secrets that sign no more."""
    WebhookSecret.objects.filter(valid_until__lt=timezone.now()).delete()
    for endpoint in WebhookEndpoint.objects.all():
        sent = endpoint.messages.exclude(state=Waiting).order_by("-pk")
        kept = list(sent.values_list("pk", flat=True)[:KEPT])
        if len(kept) == KEPT:
            sent.filter(pk__lt=kept[-1]).delete()


def _hurry(endpoint: WebhookEndpoint) -> None:
    endpoint.messages.filter(state=Waiting).update(
        attempts=0, due_at=timezone.now(), failing_since=None
    )


def _new_secret(endpoint: WebhookEndpoint) -> str:
    key = secrets.token_bytes(KEY_BYTES)
    row = WebhookSecret(endpoint=endpoint)
    row.seal(key)
    row.save()
    return PREFIX + base64.b64encode(key).decode()


# --- the way out ---


def is_due() -> bool:
    """Whether a message waits to be sent now."""
    return _due().exists()


def in_use() -> bool:
    """Whether anybody hears of changes."""
    return WebhookEndpoint.objects.filter(state=State.ON).exists()


def deliver(stop: Callable[[], bool] = lambda: False) -> int:
    """Send what is due until nothing is; how many messages were taken."""
    taken, done = 0, set[tuple[int, Any]]()
    with ThreadPoolExecutor(AT_ONCE, "webhooks") as pool:
        while not stop():
            mine = [row for row in _next(done)[:MOST] if _claim(row)]
            if not mine:
                break
            calls = [(row, call) for row in mine if (call := _prepared(row))]
            told = pool.map(_send, [call for _row, call in calls])
            for (row, _sent), (fault, wait) in zip(calls, told, strict=True):
                _note(row, fault, wait)
                taken += not fault
    return taken


def _due() -> QuerySet[WebhookMessage]:
    now = timezone.now()
    return WebhookMessage.objects.filter(
        state=Waiting, due_at__lte=now, endpoint__state=State.ON
    )


def _next(done: set[tuple[int, Any]]) -> list[WebhookMessage]:
    """One message for each endpoint and IdP that has one, due or made now. `done` are
    those that had nothing more when they were looked at."""
    found = list(_due().select_related("endpoint", "idp").order_by("due_at"))
    busy = set(
        WebhookMessage.objects.filter(state=Waiting).values_list("endpoint", "idp")
    )
    idps = list(IdentityProvider.objects.filter(confirmed_at__isnull=False))
    for endpoint in WebhookEndpoint.objects.filter(state=State.ON):
        for idp in idps:
            pair = (endpoint.pk, idp.pk)
            if pair in busy or pair in done:
                continue
            if message := _made(endpoint, idp):
                found.append(message)
            else:
                done.add(pair)
    return found


def _made(endpoint: WebhookEndpoint, idp: IdentityProvider) -> WebhookMessage | None:
    """The next message; None if there is nothing to tell, or another worker made it."""
    while True:
        with transaction.atomic():
            rows = WebhookCursor.objects.select_for_update()
            cursor = rows.get_or_create(endpoint=endpoint, idp=idp)[0]
            if endpoint.messages.filter(idp=idp, state=Waiting).exists():
                return None
            changes = feed.after(idp, cursor.position)
            if not changes:
                cursor.position = feed.passed(idp, cursor.position)
                cursor.save(update_fields=["position"])
                return None
            before, cursor.position = cursor.position, changes[-1].pk
            cursor.save(update_fields=["position"])
            if wanted := feed.chosen(changes, endpoint.types):
                return WebhookMessage.objects.create(
                    endpoint=endpoint,
                    idp=idp,
                    after=before,
                    through=cursor.position,
                    count=len(wanted),
                )


def _claim(row: WebhookMessage) -> bool:
    """Whether this try is ours."""
    mine = WebhookMessage.objects.filter(
        pk=row.pk, state=Waiting, attempts=row.attempts, due_at=row.due_at
    )
    row.attempts, row.due_at = row.attempts + 1, timezone.now() + CLAIM
    return mine.update(attempts=row.attempts, due_at=row.due_at) == 1


def _prepared(row: WebhookMessage) -> Call | None:
    """The message as it is now; None, and noted, if it cannot be signed."""
    changes = feed.after(row.idp, row.after, row.through)
    content = feed.body(row.idp, changes, row.endpoint.types)
    try:
        return _call(row.endpoint, row.message_id, content)
    except CannotOpen:
        _note(row, "secret", 0.0)
        return None


def _call(endpoint: WebhookEndpoint, message_id: str, content: dict[str, Any]) -> Call:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "sasebridge",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signatures(endpoint, message_id, stamp, body)),
    }
    return Call(endpoint.address, body, headers)


def _signatures(
    endpoint: WebhookEndpoint, message_id: str, stamp: str, body: bytes
) -> Iterator[str]:
    """One for each secret that is valid now, the present one first."""
    valid = Q(valid_until=None) | Q(valid_until__gt=timezone.now())
    for secret in endpoint.secrets.filter(valid).order_by("-pk"):
        text = f"{message_id}.{stamp}.".encode() + body
        digest = hmac.new(secret.reveal(), text, hashlib.sha256).digest()
        yield f"v1,{base64.b64encode(digest).decode()}"


def _send(call: Call) -> tuple[str, float]:
    """What went wrong, and the seconds that the receiver asks for. Asks no database."""
    try:
        answer = outgoing.send(call.address, call.body, call.headers, kind=Kind.WEBHOOK)
    except Undelivered as fault:
        return str(fault), 0.0
    if 200 <= answer.status < 300:
        return "", 0.0
    asked = answer.retry_after
    plain = asked.isascii() and asked.isdigit() and len(asked) <= 6
    return f"status:{answer.status}", min(float(asked), LONGEST_WAIT) if plain else 0.0


def _note(row: WebhookMessage, fault: str, wait: float) -> None:
    """Keep how a try ended, unless a later one has begun."""
    mine = WebhookMessage.objects.filter(
        pk=row.pk, state=Waiting, attempts=row.attempts
    )
    now = timezone.now()
    if not fault:
        mine.update(state=WebhookMessage.State.SENT, sent_at=now, error="")
        return
    log.warning("webhook %s, try %s: %s", row.endpoint_id, row.attempts, fault)
    since = row.failing_since or now
    pause = PAUSES[min(row.attempts, len(PAUSES)) - 1] * (
        1 + secrets.randbelow(100) / 1000
    )
    due = now + timedelta(seconds=max(wait, pause))
    mine.update(due_at=due, error=fault[:120], failing_since=since)
    if fault == "status:410":
        _switch_off(row.endpoint, WebhookEndpoint.Because.GONE)
    elif now - since >= PATIENCE:
        _switch_off(row.endpoint, WebhookEndpoint.Because.FAILING)


@transaction.atomic
def _switch_off(endpoint: WebhookEndpoint, because: str) -> None:
    """Send nothing more, and tell administrators."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, state=State.ON)
    if rows.update(state=State.OFF, because=because):
        detail = {"because": because}
        audit.record("webhook.off", by=None, target=endpoint, detail=detail)
        cause = f"{endpoint.pk}:{timezone.now().isoformat()}"
        alerts.note(Alert.Kind.WEBHOOK, cause, name=endpoint.name)
