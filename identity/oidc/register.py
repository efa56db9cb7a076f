"""Applications as administrators make and change them.

A secret leaves this module once, as the value of the call that made it; the database
has a hash of it.
"""

import secrets
from collections.abc import Mapping
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet

from identity.models import Application, Enterprise, LogonSession, LogoutNotice

GENERATED = 32
"""Bytes of a secret; written without characters that a Basic header would have to
escape, which not every program does (RFC 6749 2.3.1)."""
State = LogoutNotice.State


def blank(preset: str) -> Application:
    """An application of this kind that is not stored yet."""
    native = preset == Application.Preset.NATIVE
    return Application(
        preset=preset,
        client_type=(
            Application.CLIENT_PUBLIC if native else Application.CLIENT_CONFIDENTIAL
        ),
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        hash_client_secret=True,
        # A program on a device proves nothing about itself: its person has to agree.
        skip_authorization=not native,
    )


def locked(pk: int) -> Application | None:
    """The application, until the end of the transaction nobody else's to change.

    The row of the company goes first, so that a name is judged with nobody beside.
    """
    alone()
    found = Application.objects.select_for_update().filter(pk=pk).first()
    return cast(Application | None, found)


def alone() -> None:
    """Until the end of the transaction nobody else makes or changes an application."""
    enterprise = Enterprise.load()
    Enterprise.objects.select_for_update().get(pk=enterprise.pk)


def keep(application: Application, values: Mapping[str, Any]) -> dict[str, Any]:
    """Store these values; what changed, before and after."""
    changes = {
        name: {"before": getattr(application, name), "after": value}
        for name, value in values.items()
        if getattr(application, name) != value
    }
    for name, value in values.items():
        setattr(application, name, value)
    application.save()
    return changes


@transaction.atomic
def add(application: Application, values: Mapping[str, Any]) -> str:
    """Store a blank one with these values; its secret, as `renew_secret` gives it."""
    for name, value in values.items():
        setattr(application, name, value)
    return renew_secret(application)


def has_secret(application: Application) -> bool:
    """Whether it proves itself by one; a program on a device could not keep it."""
    return bool(application.client_type == Application.CLIENT_CONFIDENTIAL)


@transaction.atomic
def renew_secret(application: Application) -> str:
    """Give it a new secret, from now on the only one; the value, never to be had again.

    A public application's is known to nobody at all.
    """
    secret = secrets.token_urlsafe(GENERATED)
    application.client_secret = secret
    application.save()
    return secret if has_secret(application) else ""


def sessions_of(application: Application) -> QuerySet[LogonSession]:
    """The open sessions in which it was given something."""
    return LogonSession.objects.filter(
        ended_at=None, id_tokens__application=application
    ).distinct()


def last_failure(application: Application) -> LogoutNotice | None:
    """The newest notice that could not be delivered, unless a newer one could."""
    newest = LogoutNotice.objects.filter(application=application)
    newest = newest.exclude(state=State.WAITING, error="")
    found = newest.order_by("-pk").first()
    return found if found and found.state != State.SENT else None
