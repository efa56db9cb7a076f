"""Account, Security: one's own second factor, password and sessions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import django_otp
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from identity import agents, audit, qr, second_factor, sessions
from identity.access import console_users
from identity.forms.problems import problems_of
from identity.models import LogonSession
from identity.proof import Proof, proven
from identity.views.second_step import said

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Place:
    """An open session of the account, as its holder knows it."""

    row: LogonSession
    browser: str
    here: bool


@require_safe
@console_users
def security(request: "ConsoleRequest") -> HttpResponse:
    """Show how the account is kept safe, and where it is logged on."""
    user = request.user
    context = {
        "device": second_factor.device_of(user),
        "left": second_factor.codes_left(user),
        "kept": second_factor.are_codes_kept(user),
        "places": _places(request),
    }
    return render(request, "identity/security.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@console_users
def enrol(request: "ConsoleRequest") -> HttpResponse:
    """Show what the app needs; with its first code, switch the second factor on."""
    if second_factor.device_of(request.user) is not None:
        return redirect("identity:security")
    proof, error, code = Proof(request), "", request.POST.get("code")
    posted = request.method == "POST"
    if not proof.given() if posted else proof.needed:
        return _enrolment(request, {"proof": proof}, wrong=posted)
    if code is not None:
        verdict = second_factor.confirm(request.user, code)
        if verdict.right:
            return _switched_on(request)
        error = said(verdict)
    device = second_factor.begun(request.user)
    secret = second_factor.secret_of(device)
    context = {
        "error": error,
        "qr": qr.svg(second_factor.address_of(device)),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    }
    return _enrolment(request, context, wrong=bool(error))


def _enrolment(
    request: "ConsoleRequest", context: dict[str, Any], *, wrong: bool
) -> HttpResponse:
    """The page; without the secret while it is not sure that its reader is the holder."""
    status = UNPROCESSABLE if wrong else 200
    return render(request, "identity/enrol.html", context, status=status)


def _switched_on(request: "ConsoleRequest") -> HttpResponse:
    """Sessions without it are over, but for this one, which has just shown it."""
    with transaction.atomic():
        codes = second_factor.new_codes(request.user)
        sessions.end(_others(request), sessions.SECOND_FACTOR)
        _record(request, "second_factor.add")
    django_otp.login(request, second_factor.device_of(request.user))
    return _codes(request, codes)


@require_POST
@console_users
@proven
def new_codes(request: "ConsoleRequest") -> HttpResponse:
    """Ten new recovery codes; the old ones are void."""
    if second_factor.device_of(request.user) is None:
        return redirect("identity:security")
    with transaction.atomic():
        codes = second_factor.new_codes(request.user)
        _record(request, "second_factor.codes")
    return _codes(request, codes)


@require_POST
@console_users
def kept(request: "ConsoleRequest") -> HttpResponse:
    """Somebody says that they have kept the codes, which are not shown again."""
    if request.POST.get("kept") == "on":
        second_factor.keep_codes(request.user)
        messages.success(request, _("The second factor is on."))
    return redirect("identity:security")


@require_http_methods(["GET", "HEAD", "POST"])
@console_users
def remove(request: "ConsoleRequest") -> HttpResponse:
    """Switch the second factor off: with the password, and a code of it."""
    user, proof, error = request.user, Proof(request, always=True), ""
    if second_factor.device_of(user) is None:
        return redirect("identity:security")
    if request.method == "POST" and proof.given():
        verdict = second_factor.verify_either(user, request.POST.get("code", ""))
        if verdict.right:
            with transaction.atomic():
                second_factor.remove(user)
                _record(request, "second_factor.remove")
            messages.success(request, _("The second factor is off."))
            return redirect("identity:security")
        error = said(verdict)
    context = {"proof": proof, "error": error}
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "identity/second_factor_off.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@console_users
def password(request: "ConsoleRequest") -> HttpResponse:
    """Change one's own password; other sessions are over then."""
    sent = request.POST if request.method == "POST" else None
    form, proof = SetPasswordForm(request.user, sent), Proof(request, always=True)
    if form.is_valid() and proof.given():
        with transaction.atomic():
            key, account = request.session.session_key, form.save()
            update_session_auth_hash(request, account)
            sessions.follow(request, key)
            sessions.end(_others(request), sessions.PASSWORD)
            _record(request, "account.password")
        messages.success(
            request, _("Your password was changed. You are logged on here.")
        )
        return redirect("identity:security")
    context = {
        "form": form,
        "proof": proof,
        "problems": [*proof.problems, *problems_of(form)],
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "identity/password.html", context, status=status)


@require_POST
@console_users
def end_session(request: "ConsoleRequest") -> HttpResponse:
    """End one of one's own sessions, or all but this one."""
    others, sid = _others(request), request.POST.get("sid", "")
    chosen = [row.pk for row in others if str(row.sid) == sid or sid == "others"]
    rows = LogonSession.objects.filter(pk__in=chosen)
    with transaction.atomic():
        if count := sessions.end(rows, sessions.BY_HAND):
            _record(request, "session.end", sessions=count)
    words = ngettext("%(count)s session ended.", "%(count)s sessions ended.", count)
    messages.success(request, words % {"count": count})
    return redirect("identity:security")


def _open(request: "ConsoleRequest") -> QuerySet[LogonSession]:
    """The account's sessions of the console that are not ended."""
    rows = LogonSession.objects.filter(account=request.user, idp=None, ended_at=None)
    return rows.order_by("-seen_at")


def _others(request: "ConsoleRequest") -> QuerySet[LogonSession]:
    return _open(request).exclude(session_key=request.session.session_key)


def _places(request: "ConsoleRequest") -> list[Place]:
    """The open sessions; those whose time is up are over, and only not cleared away."""
    here = request.session.session_key
    return [
        Place(row, agents.in_words(row.agent), row.session_key == here)
        for row in _open(request)
        if sessions.is_live(row)
    ]


def _record(request: "ConsoleRequest", action: str, **detail: int) -> None:
    by = request.user
    audit.record(action, by=by, target=by, detail=detail, request=request)


def _codes(request: "ConsoleRequest", codes: list[str]) -> HttpResponse:
    """The recovery codes, this once."""
    context = {"codes": "\n".join(codes)}
    return render(request, "identity/codes.html", context)
