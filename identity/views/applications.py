"""Settings > Applications: what trusts our logon, and the values to paste into it."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from identity import audit
from identity.access import administrators_only, console_users
from identity.forms.application import ApplicationForm
from identity.forms.problems import problems_of
from identity.models import Application, IDToken
from identity.oidc import register
from identity.proof import Proof
from identity.views.application_words import cause_of, example_for, values_for

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE, CONFLICT = 422, 409


@require_safe
@console_users
def applications(request: "ConsoleRequest") -> HttpResponse:
    """All of them; when each was last used is when it was last given an ID token."""
    given = IDToken.objects.filter(application=OuterRef("pk")).order_by("-pk")
    rows = Application.objects.annotate(
        last_used=Subquery(given.values("created")[:1])
    ).order_by("name", "pk")
    return render(request, "identity/applications.html", {"rows": rows})


@require_safe
@console_users
def show(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """One, with what to paste into it."""
    application = get_object_or_404(Application, pk=pk)
    failed = register.last_failure(application)
    context = {
        "application": application,
        "values": values_for(application),
        "example": example_for(application),
        "has_secret": register.has_secret(application),
        "sessions": register.sessions_of(application).count(),
        "failed": failed,
        "cause": cause_of(failed.error) if failed else "",
    }
    return render(request, "identity/application.html", context)


@require_safe
@administrators_only
def choose(request: "ConsoleRequest") -> HttpResponse:
    """Which kind of program the new application is."""
    return render(request, "identity/application_new.html")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: "ConsoleRequest", preset: str) -> HttpResponse:
    """A new one, after the password: it may ask for everybody's logon. Its secret is a part of the answer to this POST and of nothing else:
    nothing keeps it for a page that comes after."""
    if preset not in Application.Preset:
        raise Http404
    application = register.blank(preset)
    form, proof = (
        ApplicationForm(request.POST or None, application=application),
        Proof(request),
    )
    if request.method != "POST":
        return _form(request, form, proof)
    with transaction.atomic():
        register.alone()
        if not form.is_valid() or not proof.given():
            return _form(request, form, proof, status=UNPROCESSABLE)
        secret = register.add(application, form.cleaned_data)
        audit.record(
            "application.create",
            by=request.user,
            target=application,
            detail={"preset": preset, **form.cleaned_data},
            request=request,
        )
    if not secret:
        messages.success(request, _("The application was added."))
        return redirect("identity:application", pk=application.pk)
    context = {"application": application, "secret": secret, "fresh": True}
    return render(request, "identity/application_secret.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def edit(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Change what the form says; not over somebody else's newer change (I-85)."""
    application, proof = get_object_or_404(Application, pk=pk), Proof(request)
    if request.method != "POST":
        return _form(request, ApplicationForm(application=application), proof)
    with transaction.atomic():
        found = register.locked(pk)
        if found is None:
            return redirect("identity:applications")
        form = ApplicationForm(request.POST, application=found)
        if request.POST.get("version", version_of(found)) != version_of(found):
            return _form(request, form, proof, status=CONFLICT)
        if not form.is_valid() or not proof.given():
            return _form(request, form, proof, status=UNPROCESSABLE)
        changes = register.keep(found, form.cleaned_data)
        if changes:
            audit.record(
                "application.change",
                by=request.user,
                target=found,
                detail=changes,
                request=request,
            )
    messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
    return redirect("identity:application", pk=pk)


def version_of(application: Application) -> str:
    """Tells one state of an application from the next."""
    return str(application.updated.isoformat()) if application.pk else ""


def _form(
    request: "ConsoleRequest", form: ApplicationForm, proof: Proof, status: int = 200
) -> HttpResponse:
    overtaken = status == CONFLICT
    context = {
        "form": form,
        "application": form.application,
        "problems": [] if overtaken else problems_of(form) + proof.problems,
        "proof": proof,
        "overtaken": overtaken,
        "version": version_of(form.application),
    }
    return render(request, "identity/application_form.html", context, status=status)
