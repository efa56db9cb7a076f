"""What an administrator does to an application: switch, new secret, delete."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from identity import audit
from identity.access import administrators_only
from identity.forms.application import NameForm
from identity.models import Application
from identity.oidc import register
from identity.proof import Proof, proven
from identity.views.applications import CONFLICT, UNPROCESSABLE, version_of

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@require_POST
@administrators_only
@proven
@transaction.atomic
def switch(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Enable or disable: a disabled one gets nothing, and what it has is worth nothing.

    The button says which, so that pressing it twice does it once.
    """
    application = _locked(pk)
    enabled = request.POST.get("enabled") == "on"
    if changes := register.keep(application, {"enabled": enabled}):
        audit.record(
            "application.enable" if enabled else "application.disable",
            by=request.user,
            target=application,
            detail=changes,
            request=request,
        )
    words = _("%(name)s is enabled.") if enabled else _("%(name)s is disabled.")
    messages.success(request, words % {"name": application})
    return redirect("identity:application", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def secret(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Ask, then show a new secret in the answer to the POST, and nowhere else.

    The form names the state it was shown in: loading the answer again renews nothing.
    """
    application = get_object_or_404(Application, pk=pk)
    if not register.has_secret(application):
        raise Http404
    proof = Proof(request)
    if request.method != "POST":
        return _ask(request, application, proof)
    with transaction.atomic():
        application = _locked(pk)
        if request.POST.get("version") != version_of(application):
            return _ask(request, application, proof, status=CONFLICT)
        if not proof.given():
            return _ask(request, application, proof, status=UNPROCESSABLE)
        fresh = register.renew_secret(application)
        audit.record(
            "application.secret",
            by=request.user,
            target=application,
            detail={"client_secret": "changed"},
            request=request,
        )
    context = {"application": application, "secret": fresh, "fresh": False}
    return render(request, "identity/application_secret.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def delete(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """With its name typed, remove it and all that was given to it."""
    application = get_object_or_404(Application, pk=pk)
    form = NameForm(request.POST or None, name=str(application))
    proof = Proof(request)
    if request.method != "POST" or not (form.is_valid() and proof.given()):
        context = {
            "proof": proof,
            "application": application,
            "form": form,
            "sessions": register.sessions_of(application).count(),
        }
        status = 200 if request.method != "POST" else UNPROCESSABLE
        return render(
            request, "identity/application_delete.html", context, status=status
        )
    with transaction.atomic():
        application = _locked(pk)
        audit.record(
            "application.delete",
            by=request.user,
            target=application,
            detail={
                "client_id": application.client_id,
                "redirect_uris": application.redirect_uris,
            },
            request=request,
        )
        application.delete()
    messages.success(request, _("%(name)s was deleted.") % {"name": application})
    return redirect("identity:applications")


def _locked(pk: int) -> Application:
    application = register.locked(pk)
    if application is None:
        raise Http404
    return application


def _ask(
    request: "ConsoleRequest",
    application: Application,
    proof: Proof,
    status: int = 200,
) -> HttpResponse:
    context = {
        "application": application,
        "version": version_of(application),
        "proof": proof,
        "overtaken": status == CONFLICT,
    }
    return render(request, "identity/application_renew.html", context, status=status)
