"""How guesses at the console's passwords are slowed down (T-41, G-24).

Three limits, the first two of this module, the last one of django-axes:

- an account has ten tries a minute, wherever they come from, counted before the password
  is looked at, so that fifty at once are no more;
- a network address has sixty, whomever they are about;
- an account and an address together have five failures.

Nobody is locked out for longer than a minute after the last try that was judged. While
somebody else guesses on and on, the account's holder still comes in: a browser in which
this account has logged on before has tries of its own (a "device cookie", OWASP). Names
that are nobody's are counted like accounts, so that being slowed down tells nothing.
"""

import ipaddress
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.forms import UsernameField
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import get_random_string

from identity import access, throttle
from identity.models import User, key_ring

OF_ACCOUNT, OF_ADDRESS, OF_BROWSER = 10, 60, 5
"""Tries a minute: of an account, of an address, of a browser that is known to one."""
KNOWN_FOR = timedelta(days=90)
NAME = UsernameField(max_length=150)
"""Reads a name as the form does, so that " bob" and "ｂｏｂ" are counted as bob."""
SALT = "identity.guessing"


class Guess:
    """One try to log on: takes what there is of tries, and gives back what was right."""

    def __init__(self, request: HttpRequest, username: str) -> None:
        self._request, self._name = request, read(username)
        own = known(request, account_named(self._name))
        if own:
            self._limits = [(f"logon:browser:{own}", OF_BROWSER)]
        else:
            self._limits = [
                (f"logon:from:{throttle.network_of(request)}", OF_ADDRESS),
                (f"logon:{_digest(self._name)}", OF_ACCOUNT),
            ]

    def wait(self) -> int:
        """Take a try; 0, or the seconds after which there are some again."""
        if seconds := locked_for(self._request, self._name):
            return seconds  # the account's own tries are left to other addresses
        for key, most in self._limits:
            if seconds := throttle.wait(key, most=most):
                return seconds
        return 0

    def was_right(self) -> None:
        """It was no guess: what it took is there again."""
        for key, _most in self._limits:
            throttle.forget(key)


class ConsoleHandler(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """Counts passwords that are tried at the console, and nothing else: employees log
    on by what their vendor vouches for, and no guess at it is ever locked out."""

    def is_allowed(
        self, request: HttpRequest, credentials: Mapping[str, Any] | None = None
    ) -> bool:
        """Whether this password may be looked at."""
        return not _counts(request, credentials) or super().is_allowed(
            request, credentials
        )

    def user_login_failed(
        self,
        sender: Any,
        credentials: Mapping[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        """Count it."""
        if request is not None and _counts(request, credentials):
            super().user_login_failed(sender, credentials, request, **kwargs)

    def user_logged_in(
        self, sender: Any, request: HttpRequest, user: User, **kwargs: Any
    ) -> None:
        """Forget the failures of this account from this address."""
        if access.is_console_user(user):
            super().user_logged_in(sender, request, user, **kwargs)

    def user_logged_out(self, *args: Any, **kwargs: Any) -> None:
        """Keep nothing: the audit trail has it."""


def locked_for(request: HttpRequest, username: str) -> int:
    """The seconds for which axes refuses this name from this address; 0 if it does not."""
    credentials = {"username": username, "password": "?"}
    if AxesProxyHandler.is_allowed(request, credentials):
        return 0
    last = (
        AccessAttempt.objects.filter(
            username=counted_as(request, credentials), ip_address=address_of(request)
        )
        .order_by("-attempt_time")
        .first()
    )
    until = last.attempt_time + settings.AXES_COOLOFF_TIME if last else timezone.now()
    return max(1, math.ceil((until - timezone.now()).total_seconds()))


def counted_as(
    request: HttpRequest | None, credentials: Mapping[str, Any] | None
) -> str:
    """How axes writes a name down: an account by its own, so that its command can unlock
    it; what is nobody's by a keyed digest, since people type passwords there."""
    name = read(str((credentials or {}).get("username") or ""))
    return name if account_named(name) else f"?{_digest(name)}"


def address_of(request: HttpRequest) -> str | None:
    """The network address of the other end, whatever headers say of it (T-40); None if
    it is none: a socket without addresses."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    return str(address).partition("%")[0]


def read(username: str) -> str:
    """A name as the form reads it."""
    return str(NAME.to_python(username) or "")


def account_named(name: str) -> User | None:
    """The account of this name, if there is one."""
    if len(name) > 150 or "\0" in name:  # PostgreSQL cannot even look for a NUL
        return None
    return User.objects.filter(username=name).first()


def remember(request: HttpRequest, response: HttpResponse, account: User) -> None:
    """Know this browser as one in which the account has logged on."""
    if known(request, account):
        return
    value = signing.dumps([account.pk, get_random_string(16)], salt=SALT)
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE,
        value,
        max_age=KNOWN_FOR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def known(request: HttpRequest, account: User | None) -> str:
    """What this browser is known by to an account; "" if it is not."""
    value = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE, "")
    try:
        of, name = signing.loads(value, salt=SALT, max_age=KNOWN_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return f"{of}:{name}" if account is not None and of == account.pk else ""


def _counts(request: HttpRequest, credentials: Mapping[str, Any] | None) -> bool:
    """Whether a try is one of a password, in a browser that has no tries of its own."""
    credentials = credentials or {}
    if credentials.get("password") is None:
        return False
    return not known(request, account_named(read(str(credentials.get("username")))))


def _digest(name: str) -> str:
    return key_ring().fingerprint(name, "logon name")
