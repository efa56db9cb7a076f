"""What a reader chooses: language and theme, kept in a cookie and with the account."""

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from identity.models import User
from sasebridge.console.frame import THEME_COOKIE, THEMES

YEAR = 365 * 24 * 3600


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Django's switch; the account remembers it for the next browser."""
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        _remember(request, language=chosen)
    return set_language(request)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the system; back to the page it was chosen on."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        raise BadRequest("There is no such theme.")
    _remember(request, theme=chosen)
    response = redirect(_way_back(request))
    response.set_cookie(
        THEME_COOKIE, chosen, max_age=YEAR, secure=settings.HTTPS, samesite="Lax"
    )
    return response


def _way_back(request: HttpRequest) -> str:
    """The page named by `next`, unless it is somebody else's."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else "/"


def _remember(request: HttpRequest, **choice: str) -> None:
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(**choice)
