"""Where a request came from, and headers that every answer carries."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from identity.policy import policy

View = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = policy()
PROBED = ("/healthz", "/readyz")
"""What a machine asks that stands beside the proxies."""


def address_behind_proxies(get_response: View) -> View:
    """Know a visitor by the address that the outermost of our own proxies saw.

    Each proxy appends to X-Forwarded-For whom it was called by; what stands before that
    anybody may have written, and is not looked at (T-40). A request without it came
    past the proxies, or the setting is wrong: it is refused, so that no limit is
    counted for the wrong address.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        proxies = settings.TRUSTED_PROXIES
        if proxies and request.path not in PROBED:
            told = request.headers.get("X-Forwarded-For", "").split(",")
            address = _address(told[-proxies]) if len(told) >= proxies else ""
            if not address:
                return HttpResponseBadRequest(
                    f"X-Forwarded-For must name {proxies} addresses or more, as "
                    "TRUSTED_PROXIES says.\n",
                    content_type="text/plain",
                )
            request.META["REMOTE_ADDR"] = address
        return get_response(request)

    return middleware


def _address(text: str) -> str:
    """An IP address in its usual form, without a port; "" if it is none."""
    text = text.strip()
    if text.startswith("[") and "]" in text:  # [::1]:443
        text = text[1 : text.index("]")]
    elif text.count(":") == 1:  # 192.0.2.1:443
        text = text.partition(":")[0]
    try:
        return str(ip_address(text)) if "%" not in text else ""
    except ValueError:
        return ""


def security_headers(get_response: View) -> View:
    """Add the content security policy, and keep people's data out of caches."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
