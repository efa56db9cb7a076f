"""Writes the audit trail: one call per act, in the transaction of the act."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from identity import agents
from identity.models import AuditEvent, User


def record(
    action: str,
    *,
    by: User | None,
    target: Model | None = None,
    detail: Mapping[str, Any] | None = None,
    request: HttpRequest | None = None,
    origin: str = "",
) -> AuditEvent:
    """Add a line: who did what to what, from where.

    `action` is a dotted verb such as "idp.confirm". `detail` must hold no secret;
    a changed secret is written as "changed". `origin` says where from, if there is no
    request: "command".
    """
    return AuditEvent.objects.create(
        actor=by,
        actor_name=by.get_username() if by else "system",
        action=action,
        target_type=target._meta.model_name or "" if target else "",
        target_id=str(target.pk) if target else "",
        target_label=str(target)[:200] if target else "",
        detail=dict(detail or {}),
        address=agents.address_of(request) if request else origin,
    )


def record_change(
    idp: Model,
    changes: Mapping[str, Any],
    closing: Mapping[str, Any] | None,
    *,
    by: User | None,
    request: HttpRequest | None = None,
    origin: str = "",
) -> None:
    """One line for the closing, with whom it touches, and one for what else changed.

    `closing` is None unless the change of the status takes people's access away.
    """
    rest = dict(changes)
    about: dict[str, Any] = {
        "by": by,
        "target": idp,
        "request": request,
        "origin": origin,
    }
    if closing is not None:
        record("idp.close", detail={"status": rest.pop("status"), **closing}, **about)
    if rest:
        record("idp.change", detail=rest, **about)
