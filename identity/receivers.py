"""Keeps a row of each session that Django opens, whoever opens it."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from identity import sessions
from identity.models import User


@receiver(user_logged_in)
def open_session(request: HttpRequest, user: User, **_: Any) -> None:
    """Its row begins, and the password was entered just now."""
    sessions.begin(request, user)


@receiver(user_logged_out)
def close_session(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Its row ends, and with it what was given out in it."""
    sessions.close(request)
