"""Settings > Webhooks: who hears of changes of the directory, and how that goes."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from identity import audit
from identity.access import administrators_only
from identity.forms.problems import problems_of
from identity.proof import Proof
from sync import feed, tasks, webhooks
from sync.models import WebhookEndpoint
from sync.views.webhook_forms import NOW, WebhookForm
from sync.views.webhook_words import fault_of

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE, CONFLICT = 422, 409
SHOWN = 20


@require_safe
@administrators_only
def listed(request: "ConsoleRequest") -> HttpResponse:
    """All of them."""
    rows = WebhookEndpoint.objects.annotate(last=Max("messages__sent_at"))
    return render(request, "sync/webhooks.html", {"rows": rows})


@require_safe
@administrators_only
def show(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """One, with the last messages."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    context = {
        "endpoint": endpoint,
        "types": [feed.TYPES[one] for one in endpoint.types if one in feed.TYPES],
        "rows": [
            (row, fault_of(row.error) if row.error else "")
            for row in endpoint.messages.select_related("idp")[:SHOWN]
        ],
        "rotating": endpoint.secrets.exclude(valid_until=None).last(),
    }
    return render(request, "sync/webhook.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: "ConsoleRequest") -> HttpResponse:
    """A new one. Its secret is a part of the answer to this POST and of nothing else."""
    form, proof = WebhookForm(request.POST or None), Proof(request)
    if not form.is_valid() or not proof.given():
        return _form(request, form, proof)
    values = form.cleaned_data
    with transaction.atomic():
        endpoint, secret = webhooks.add(
            values["name"],
            values["address"],
            values["types"],
            from_now=values["start"] == NOW,
            by=request.user,
        )
        audit.record(
            "webhook.create",
            by=request.user,
            target=endpoint,
            detail=values,
            request=request,
        )
    tasks.ring_webhooks()
    context = {"endpoint": endpoint, "secret": secret, "fresh": True}
    return render(request, "sync/webhook_secret.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def edit(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Change what the form says."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    form = WebhookForm(request.POST or None, endpoint=endpoint)
    proof = Proof(request)
    if not form.is_valid() or not proof.given():
        return _form(request, form, proof)
    with transaction.atomic():
        if changes := form.changes():
            rows = WebhookEndpoint.objects.filter(pk=pk)
            rows.update(**{name: form.cleaned_data[name] for name in changes})
            audit.record(
                "webhook.change",
                by=request.user,
                target=endpoint,
                detail=changes,
                request=request,
            )
    messages.success(request, _("Saved."))
    return redirect("sync:webhook", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def rotate(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Ask, then show a new secret in the answer to the POST, and nowhere else.

    The form names the secret it was shown for: loading the answer again makes none.
    """
    endpoint, proof = get_object_or_404(WebhookEndpoint, pk=pk), Proof(request)
    with transaction.atomic():
        WebhookEndpoint.objects.select_for_update().get(pk=pk)
        newest = endpoint.secrets.latest("pk").pk
        overtaken = request.POST.get("version") != str(newest)
        if request.method != "POST" or overtaken or not proof.given():
            overtaken = overtaken and request.method == "POST"
            status = CONFLICT if overtaken else UNPROCESSABLE
            context = {
                "endpoint": endpoint,
                "version": newest,
                "proof": proof,
                "overtaken": overtaken,
            }
            return render(
                request,
                "sync/webhook_rotate.html",
                context,
                status=status if request.method == "POST" else 200,
            )
        secret = webhooks.rotate(endpoint)
        audit.record(
            "webhook.secret",
            by=request.user,
            target=endpoint,
            detail={"secret": "changed"},
            request=request,
        )
    context = {"endpoint": endpoint, "secret": secret, "fresh": False}
    return render(request, "sync/webhook_secret.html", context)


def _form(request: "ConsoleRequest", form: WebhookForm, proof: Proof) -> HttpResponse:
    context = {
        "form": form,
        "endpoint": form.endpoint,
        "proof": proof,
        "problems": [*problems_of(form), *proof.problems] if form.is_bound else [],
    }
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "sync/webhook_form.html", context, status=status)
