"""Headers that every answer carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from identity.policy import policy

View = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = policy()


def security_headers(get_response: View) -> View:
    """Add the content security policy, and keep people's data out of caches."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
