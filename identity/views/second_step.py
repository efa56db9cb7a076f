"""The second page of the logon: the code of the app, or a recovery code."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from identity import audit, second_factor
from identity.models import User
from identity.second_factor import Verdict
from identity.views.accounts import FAILED
from identity.views.entering import enter, waiting

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for it; open the session with it, and only with it."""
    found = waiting(request)
    if found is None:
        return redirect("login")
    account, target = found
    device = second_factor.device_of(account)
    if device is None:  # it was reset meanwhile: that took the password's word, too
        return redirect("login")
    recovery = "recovery" in request.GET
    if request.method != "POST":
        return _page(request, recovery)
    typed = request.POST.get("recovery_code" if recovery else "code", "")
    judge = second_factor.verify_recovery if recovery else second_factor.verify
    verdict = judge(account, typed)
    if not verdict.right:
        _write_down(request, account, verdict)
        return _page(request, recovery, said(verdict, recovery=recovery), UNPROCESSABLE)
    response = enter(request, account, target, device)
    if recovery:
        _warn(request, account)
    return response


def _write_down(request: HttpRequest, account: User, verdict: Verdict) -> None:
    if not verdict.wait:
        detail = {"reason": "code"}
        audit.record(FAILED, by=None, target=account, detail=detail, request=request)


def said(verdict: Verdict, *, recovery: bool = False) -> str:
    """What was wrong with a code."""
    if verdict.wait:
        words = ngettext(
            "The last code was wrong, so this one was not looked at. Wait %(count)s "
            "second, and enter the one that your app shows then.",
            "The last codes were wrong, so this one was not looked at. Wait %(count)s "
            "seconds, and enter the one that your app shows then.",
            verdict.wait,
        )
        return words % {"count": verdict.wait}
    if recovery:
        return _("This is none of your recovery codes, or it was used already.")
    return _(
        "This code is wrong, or was used already. Enter the one that your app shows "
        "now; if that is refused too, set the clock of your phone."
    )


def _warn(request: HttpRequest, account: User) -> None:
    """Who came by a recovery code has one less."""
    left = second_factor.codes_left(account)
    words = ngettext(
        "You logged on with a recovery code. %(count)s is left; you get new ones "
        "under Account, Security.",
        "You logged on with a recovery code. %(count)s are left; you get new ones "
        "under Account, Security.",
        left,
    )
    messages.warning(request, words % {"count": left})


def _page(
    request: HttpRequest, recovery: bool, error: str = "", status: int = 200
) -> HttpResponse:
    context = {"recovery": recovery, "error": error}
    return render(request, "registration/code.html", context, status=status)
