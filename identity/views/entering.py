"""The last steps into the console: a session, or first a second page for the code.

Between password and code nobody is logged on: the session only remembers whose password
was right, so that no page of the console can mistake that for more.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from identity import access, audit, guessing, second_factor, sessions
from identity.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
HALF = "console_half_way"
PATIENCE = timedelta(minutes=10)
LONGEST = 2000


def enter(
    request: HttpRequest, account: User, target: str, device: Any = None
) -> HttpResponse:
    """Open the session, in the language of the account, and go where it leads."""
    if device is not None:
        account.otp_device = device  # type: ignore[attr-defined]  # django_otp's way
    login(request, account, backend=BACKEND)
    for name in (HALF, sessions.ENDED):
        request.session.pop(name, None)
    detail = {"second_factor": True} if device is not None else {}
    audit.record(
        "logon.console", by=account, target=account, detail=detail, request=request
    )
    response = redirect(target)
    guessing.remember(request, response, account)
    if account.language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            account.language,
            secure=settings.HTTPS,
            samesite="Lax",
        )
    return response


@transaction.atomic
def enter_without(request: HttpRequest, account: User, target: str) -> HttpResponse:
    """Likewise with the password alone, unless the account has a second factor.

    Setting one up holds the account too: it ends a session that was opened before, or
    is seen here.
    """
    User.objects.select_for_update().get(pk=account.pk)
    if second_factor.device_of(account) is not None:
        return half_way(request, account, target)
    return enter(request, account, target)


def half_way(request: HttpRequest, account: User, target: str) -> HttpResponse:
    """The password was right; the code is asked for on a page of its own.

    In a new session: the key of the one before may be known to whoever had it.
    """
    if request.user.is_authenticated:
        logout(request)
    else:
        request.session.cycle_key()
    request.session[HALF] = {
        "account": account.pk,
        "password": account.get_session_auth_hash(),
        "until": (timezone.now() + PATIENCE).timestamp(),
        "target": target,
    }
    return redirect("login-code")


def waiting(request: HttpRequest) -> tuple[User, str] | None:
    """Whose code is waited for, and where they want to go; None if nobody's is.

    Asked again each time: whoever was closed, demoted or given another password
    meanwhile begins anew.
    """
    half = request.session.get(HALF)
    if not half or timezone.now().timestamp() > half["until"]:
        return None
    account = User.objects.filter(pk=half["account"], is_active=True).first()
    if account is None or not access.is_console_user(account):
        return None
    if not constant_time_compare(account.get_session_auth_hash(), half["password"]):
        return None
    return account, half["target"]


def is_place(target: str) -> bool:
    """Whether a path is one of ours, so that nobody is led astray after the logon."""
    try:
        resolve(target.partition("?")[0].partition("#")[0])
    except Resolver404:
        return False
    return len(target) <= LONGEST
