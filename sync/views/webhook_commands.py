"""What an administrator does to a webhook: pause, go on, test, delete."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from identity import audit
from identity.access import administrators_only
from identity.proof import proven
from sync import tasks, webhooks
from sync.models import WebhookEndpoint
from sync.views.webhook_words import fault_of

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@require_POST
@administrators_only
def switch(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Pause it, or go on: what changed meanwhile is sent then. The button says which."""
    endpoint, on = get_object_or_404(WebhookEndpoint, pk=pk), "on" in request.POST
    with transaction.atomic():
        if webhooks.switch(endpoint, on):
            action = "webhook.on" if on else "webhook.pause"
            audit.record(action, by=request.user, target=endpoint, request=request)
    if on:
        tasks.ring_webhooks()
    words = _("%(name)s goes on where it stopped.") if on else _("%(name)s is paused.")
    messages.success(request, words % {"name": endpoint})
    return redirect("sync:webhook", pk=pk)


@require_POST
@administrators_only
def test(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Send a message without changes now, and say how it went."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    audit.record("webhook.test", by=request.user, target=endpoint, request=request)
    if fault := webhooks.test(endpoint):
        words = _("The test was not taken: %(fault)s.")
        messages.error(request, words % {"fault": fault_of(fault)})
    else:
        messages.success(request, _("The test was taken."))
    return redirect("sync:webhook", pk=pk)


@require_POST
@administrators_only
@proven
@transaction.atomic
def delete(request: "ConsoleRequest", pk: int) -> HttpResponse:
    """Forget it, with its secret and with how far it was."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    audit.record(
        "webhook.delete",
        by=request.user,
        target=endpoint,
        detail={"address": endpoint.address},
        request=request,
    )
    endpoint.delete()
    messages.success(request, _("%(name)s was deleted.") % {"name": endpoint.name})
    return redirect("sync:webhooks")
