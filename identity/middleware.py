"""Lets nobody act in a session that is over, or without the second factor that is asked."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from identity import access, second_factor, sessions
from identity.models import User

View = Callable[[HttpRequest], HttpResponse]

ENROLMENT = "/account/second-factor/"
WITHOUT = (ENROLMENT, "/accounts/", "/admin/logout/", "/choices/", "/static/")
"""What who has yet to set a second factor up may open."""


def open_sessions(get_response: View) -> View:
    """Make a visitor anonymous whose session was ended, or lasted too long; looked at
    when somebody asks who it is, so that machines' addresses pay nothing for it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        request.user = SimpleLazyObject(lambda: _who(request, user))  # type: ignore[assignment]
        return get_response(request)

    return middleware


def _who(request: HttpRequest, user: User | AnonymousUser) -> User | AnonymousUser:
    if user.is_authenticated and not sessions.is_open(request):
        request.session.flush()
        user = AnonymousUser()
    if not user.is_authenticated and (why := sessions.why_ended(request)):
        request.session[sessions.ENDED] = why
    return user


def second_factor_first(get_response: View) -> View:
    """Lead console accounts to where they set a second factor up, and nowhere else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if (
            not settings.REQUIRE_SECOND_FACTOR
            or not access.is_console_user(request.user)
            or request.user.is_verified()  # type: ignore[union-attr]  # OTPMiddleware's
            or request.path.startswith(WITHOUT)
        ):
            return get_response(request)
        if "HX-Request" in request.headers:
            return HttpResponse(headers={"HX-Refresh": "true"})
        if second_factor.device_of(request.user):  # type: ignore[arg-type]
            request.session.flush()  # a session from before: log on again, with a code
            return redirect("login")
        return redirect(ENROLMENT)

    return middleware
