"""Console logon and log off: a plain form, for administrators and staff only."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth import forms as auth_forms
from django.contrib.auth import views as auth_views
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity import access, audit, guessing, sessions
from identity.models import User
from identity.views.entering import enter_without, is_place

FAILED = "logon.console.failed"


EMPTY = {
    "username": _("The user name is empty. Enter it."),
    "password": _("The password is empty. Enter it."),
}


WHY_ENDED = {
    sessions.IDLE: _(
        "You were logged off because nothing was done for 30 minutes. Log on, and you "
        "are where you were."
    ),
    sessions.EXPIRED: _(
        "You were logged off because a session lasts 12 hours at most. Log on, and you "
        "are where you were."
    ),
    sessions.BY_HAND: _(
        "You were logged off because this session was ended elsewhere."
    ),
    sessions.PASSWORD: _("You were logged off because the password was changed."),
    sessions.SECOND_FACTOR: _(
        "You were logged off because the second factor of this account was changed."
    ),
}
"""What the logon page says about the session before."""


class LogonForm(auth_forms.AuthenticationForm):
    """User name and password; employees are told where they belong."""

    error_messages = {
        "invalid_login": _("User name or password is wrong."),
        "inactive": _("User name or password is wrong."),
        "employee": _(
            "This account is an employee's: it logs on in the SASE client, not in the "
            "console. The console is for administrators and staff."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, text in EMPTY.items():
            self.fields[name].error_messages["required"] = text

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse accounts whose role has no place in the console."""
        super().confirm_login_allowed(user)
        if not access.is_console_user(user):
            raise ValidationError(self.error_messages["employee"], code="employee")


class Logon(auth_views.LoginView):
    """The logon page; goes back to where the visitor came from."""

    authentication_form = LogonForm
    template_name = "registration/login.html"

    @property
    def redirect_authenticated_user(self) -> bool:  # type: ignore[override]
        """Who is at home here is sent on; an employee may log on as somebody else."""
        return access.is_console_user(self.request.user)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password, unless there were too many tries just now."""
        self.guess = guessing.Guess(request, request.POST.get("username", ""))
        if seconds := self.guess.wait():
            return _locked(request, seconds)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: auth_forms.AuthenticationForm) -> HttpResponse:
        """Go on to the console, or to the page that asks for the second factor."""
        self.guess.was_right()
        user, target = form.get_user(), self.get_success_url()
        return enter_without(self.request, user, target)

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Where the visitor came from, if that is a page of ours (I-81)."""
        target = super().get_redirect_url()
        return target if is_place(target) else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say why somebody has to log on again."""
        why = self.request.session.get(sessions.ENDED, "")
        return super().get_context_data(**kwargs) | {"ended": WHY_ENDED.get(why, "")}

    def form_invalid(self, form: auth_forms.AuthenticationForm) -> HttpResponse:
        """Write the failure down; of the password nothing, of a name only if it exists."""
        name = guessing.read(form.data.get("username", ""))
        account = guessing.account_named(name)
        reason = "role" if form.has_error("__all__", "employee") else "credentials"
        audit.record(
            FAILED,
            by=None,
            target=account,
            detail={"reason": reason},
            request=self.request,
        )
        return super().form_invalid(form)


class LogOff(auth_views.LogoutView):
    """Ends the session; POST only."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Write it down while the account is still known."""
        if isinstance(request.user, User):
            user = request.user
            audit.record("logoff.console", by=user, target=user, request=request)
        return super().post(request, *args, **kwargs)


def admin_logon(request: HttpRequest) -> HttpResponseBase:
    """Django's admin has no logon of its own: this one is throttled and written down."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", "/admin/"))


def admin_password(request: HttpRequest) -> HttpResponseBase:
    """Nor a page for one's own password: ours counts tries, and ends other sessions."""
    return redirect("identity:password")


def locked(
    request: HttpRequest,
    original_response: HttpResponse | None = None,
    credentials: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """What axes answers when it locks: until when, and nothing about whom."""
    username = (credentials or {}).get("username") or ""
    return _locked(request, guessing.locked_for(request, username) or 1)


def _locked(request: HttpRequest, seconds: int) -> HttpResponse:
    until = timezone.now() + timedelta(seconds=seconds)
    context = {"seconds": seconds, "until": until}
    response = render(request, "registration/locked.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
