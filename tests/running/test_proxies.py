"""T-40, I-86: whose address counts behind proxies, and that nobody can choose it."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from sasebridge.middleware import address_behind_proxies

pytestmark = pytest.mark.alone


def seen(told: str | None, path: str = "/client/") -> str:
    """The address that a view sees, "refused" if none is asked."""
    headers = {} if told is None else {"X-Forwarded-For": told}
    request = RequestFactory().get(path, headers=headers, REMOTE_ADDR="10.0.0.9")
    middleware = address_behind_proxies(_echo)
    answer = middleware(request)
    return "refused" if answer.status_code == 400 else answer.content.decode()


def _echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.META["REMOTE_ADDR"])


@pytest.mark.parametrize("told", [None, "203.0.113.7", "odd", "203.0.113.7, 10.0.0.1"])
def test_without_a_proxy_nobody_is_believed(told: str | None) -> None:
    assert seen(told) == "10.0.0.9"


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (1, "odd, 203.0.113.7", "203.0.113.7"),
        (2, "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7,10.0.0.1", "203.0.113.7"),
        (1, "203.0.113.7:51000", "203.0.113.7"),
        (1, "[2001:DB8::7]:51000", "2001:db8::7"),
        (1, "2001:DB8::7", "2001:db8::7"),
        (1, None, "refused"),
        (1, "", "refused"),
        (1, "a", "refused"),
        (1, "203.0.113.7, ", "refused"),
        (1, "fe80::1%eth0", "refused"),
        (1, "unknown", "refused"),
        (1, "9" * 10_000, "refused"),
        (2, "203.0.113.7", "refused"),
    ],
)
def test_behind_proxies_the_outermost_of_ours_says_who_it_was(
    settings: Any, proxies: int, told: str | None, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert seen(told) == address


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_needs_no_proxy(settings: Any, path: str) -> None:
    settings.TRUSTED_PROXIES = 1
    assert seen(None, path) == "10.0.0.9"
