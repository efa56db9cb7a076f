"""Lets nobody act in a session that is over."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from identity import sessions

View = Callable[[HttpRequest], HttpResponse]


def open_sessions(get_response: View) -> View:
    """Make a visitor anonymous whose session was ended, or lasted too long."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not sessions.is_open(request):
            request.session.flush()
            request.user = AnonymousUser()
        return get_response(request)

    return middleware
