"""What holds for every request, and the headers that every answer carries."""

import codecs
import contextlib
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

View = Callable[[HttpRequest], HttpResponse]

# No nonce is needed because no page has an inline script or style.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)


def security_headers(get_response: View) -> View:
    """Add the content security policy, and keep people's data out of caches."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def utf8_only(get_response: View) -> View:
    """Refuse other encodings: Django believes any codec's name, "hex" too, and breaks."""

    def middleware(request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8")
        with contextlib.suppress(LookupError):  # Django ignores what it does not know
            if codecs.lookup(charset).name not in ("utf-8", "ascii"):
                raise BadRequest("Requests must be encoded in UTF-8.")
        return get_response(request)

    return middleware
