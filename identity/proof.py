"""The password entered again before a dangerous act (T-48).

Who finds a browser open, or has taken over its session, can look; what takes access away
or hands out secrets needs the password of the last ten minutes. A logon counts.

A page whose form does something dangerous makes a `Proof`, shows it by
`parts/_proof.html`, and acts only if it is `given()`; otherwise it answers 422 with what
was typed. A button without a page of its own takes the decorator `proven`.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from identity import audit, second_factor, sessions, throttle
from identity.forms.problems import Problem
from identity.models import LogonSession, User

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

P = ParamSpec("P")
View = Callable[Concatenate["ConsoleRequest", P], HttpResponseBase]

FRESH = timedelta(minutes=10)
FIELD = "own_password"
TRIES = 10
"""So many an account has in a minute, wherever from."""
UNPROCESSABLE = 422
SECRET = re.compile(r"((new|old|own)_)?password\d?|code|.*(secret|token).*")
"""Names of fields that a page never repeats."""


class Proof:
    """Whether the account's holder is there: asked by one request."""

    def __init__(self, request: HttpRequest, *, always: bool = False) -> None:
        self._request = request
        self._session = sessions.present(request)
        self.needed = always or not _is_fresh(self._session)
        """Whether the form must have the field."""
        self.always, self.error = always, ""

    @property
    def takes_codes(self) -> bool:
        """Whether a code of the second factor does as well."""
        user = cast(User, self._request.user)
        return not self.always and second_factor.device_of(user) is not None

    def given(self) -> bool:
        """Whether the password was entered just now, or is with this request.

        A wrong one is counted, written down and said in `error`.
        """
        if not self.needed:
            return True
        self.error = self._judged(self._request.POST.get(FIELD, ""))
        if not self.error and self._session is not None:
            rows = LogonSession.objects.filter(pk=self._session.pk)
            rows.update(confirmed_at=timezone.now())
            self.needed = False
        return not self.needed

    def _judged(self, typed: str) -> str:
        """What is wrong with what was typed; "" if nothing is."""
        user = cast(User, self._request.user)
        if not typed:
            return _("Nothing was done yet: enter your password to confirm.")
        wait = throttle.wait(f"proof:{user.pk}", most=TRIES)
        if wait:
            return _("Too many wrong passwords. Try again in %(seconds)s seconds.") % {
                "seconds": wait
            }
        if not user.check_password(typed) and not self._is_code(user, typed):
            audit.record("proof.failed", by=user, target=user, request=self._request)
            return _("This is not your password. Nothing was done.")
        throttle.forget(f"proof:{user.pk}")
        return ""

    def _is_code(self, user: User, typed: str) -> bool:
        # A mistyped password is no wrong code, which the next logon would wait for.
        if not self.takes_codes or not second_factor.is_of_app(typed):
            return False
        return second_factor.verify(user, typed).right

    @property
    def problems(self) -> list[Problem]:
        """The line of the summary of errors at the top of a page."""
        label = _("Your password")
        return [Problem(f"id_{FIELD}", label, self.error)] if self.error else []


def asked_first(request: HttpRequest) -> HttpResponse | None:
    """The page that asks for the password and repeats what was sent (no secrets), to be
    answered instead of acting; None if the request may go on."""
    proof = Proof(request)
    if request.method != "POST" or proof.given():
        return None
    sent = [
        (name, value)
        for name in request.POST
        if not SECRET.fullmatch(name)
        for value in request.POST.getlist(name)
    ]
    context = {"proof": proof, "sent": sent}
    return render(request, "identity/proof.html", context, status=UNPROCESSABLE)


def proven(view: View[P]) -> View[P]:
    """For views that act on every POST; below `administrators_only`."""

    @wraps(view)
    def asking(
        request: "ConsoleRequest", /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        return asked_first(request) or view(request, *args, **kwargs)

    return asking


def _is_fresh(session: LogonSession | None) -> bool:
    if session is None or session.confirmed_at is None:
        return False
    return timezone.now() - session.confirmed_at < FRESH
