"""Who may use the console: one decorator per kind of reader."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeGuard

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase

if TYPE_CHECKING:
    from identity.models import User

    class ConsoleRequest(HttpRequest):
        """A request whose sender may use the console."""

        user: User


P = ParamSpec("P")
View = Callable[Concatenate["ConsoleRequest", P], HttpResponseBase]
Guarded = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

ADMINISTRATOR, STAFF, EMPLOYEE = "administrator", "staff", "employee"


def administrators_only(view: View[P]) -> Guarded[P]:
    """Only administrators: everything that changes something."""
    return _only((ADMINISTRATOR,), view)


def console_users(view: View[P]) -> Guarded[P]:
    """Administrators and staff: everything that only shows."""
    return _only((ADMINISTRATOR, STAFF), view)


def is_administrator(user: object) -> bool:
    """Whether this account may change things."""
    return getattr(user, "role", "") == ADMINISTRATOR


def is_console_user(user: object) -> bool:
    """Whether this account may see the console at all."""
    return getattr(user, "role", "") in (ADMINISTRATOR, STAFF)


def is_employee(user: object) -> bool:
    """Whether this account is an employee's, who has the client and no console."""
    return getattr(user, "role", "") == EMPLOYEE


def _only(roles: tuple[str, ...], view: View[P]) -> Guarded[P]:
    @wraps(view)
    def guarded(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_logon(request)
        if not _may(request, roles):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def _may(request: HttpRequest, roles: tuple[str, ...]) -> "TypeGuard[ConsoleRequest]":
    return getattr(request.user, "role", "") in roles


def _to_logon(request: HttpRequest) -> HttpResponseBase:
    """Send a visitor to the console logon, and back here afterwards.

    A part of a page that htmx asks for is no place to come back to: the page reloads.
    """
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Refresh": "true"})
    # Imported late: that module needs the user model, which needs this one's roles.
    from django.contrib.auth.views import redirect_to_login

    return redirect_to_login(request.get_full_path())
