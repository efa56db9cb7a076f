"""Settings > Alerts: who is told when something needs an administrator."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from identity import audit
from identity.access import administrators_only
from identity.connectors import registry
from identity.connectors.alerting import AlertChannel
from identity.forms.problems import problems_of
from identity.models import User
from identity.proof import Proof
from sync import alerts, notify, tasks
from sync.models import Alert, AlertDelivery, AlertRobot, AlertSettings
from sync.views.alert_forms import AlertForm

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE = 422
SHOWN = 30


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot as the page shows it; nothing of its secrets."""

    kind: str
    channel: type[AlertChannel]
    row: AlertRobot | None
    used: int

    @property
    def is_set_up(self) -> bool:
        """Whether its values are stored."""
        return self.row is not None and bool(self.row.sealed)

    @property
    def runs_out(self) -> bool:
        """Whether most of the month's free calls are used."""
        free = self.channel.free_a_month
        return bool(free) and self.used >= free * notify.WARN


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def show(request: "ConsoleRequest") -> HttpResponse:
    """Who is told, by what, and how the last alerts went."""
    chosen = AlertSettings.load()
    form, proof = AlertForm(request.POST or None, chosen=chosen), Proof(request)
    if request.method == "POST" and form.is_valid() and proof.given():
        _save(request, chosen, form)
        messages.success(request, _("Saved."))
        return redirect("sync:alerts")
    ways = AlertDelivery.objects.select_related("alert__idp").order_by("-pk")[:SHOWN]
    accounts = User.objects.filter(role=User.Role.ADMINISTRATOR, is_active=True)
    context = {
        "form": form,
        "proof": proof,
        "problems": [*problems_of(form), *proof.problems] if form.is_bound else [],
        "mail": alerts.mail_is_set_up(),
        "without": accounts.filter(email="").count(),
        "robots": robots(),
        "deliveries": [
            (way, _channel_name(way), alerts.words(way.alert)) for way in ways
        ],
        "targets": alerts.targets(),
    }
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "sync/alerts.html", context, status=status)


@require_POST
@administrators_only
def test(request: "ConsoleRequest") -> HttpResponse:
    """Send a test to everyone now, and say how it went."""
    alert = alerts.note(Alert.Kind.TEST, uuid.uuid4().hex)
    if alert is None or not alert.ways.exists():
        messages.error(request, _("There is nobody to be told yet. Nothing was sent."))
        return redirect("sync:alerts")
    audit.record("alerts.test", by=request.user, target=alert, request=request)
    notify.deliver(alert=alert)
    fine = alert.ways.filter(state=AlertDelivery.State.SENT).count()
    failed = alert.ways.exclude(error="").first()
    if failed is None:
        words = ngettext(
            "The test was sent to %(count)s place.",
            "The test was sent to %(count)s places.",
            fine,
        )
        messages.success(request, words % {"count": fine})
    else:
        words = _("The test did not reach everyone: %(fault)s See the list below.")
        messages.error(request, words % {"fault": failed.error})
    return redirect("sync:alerts")


@require_POST
@administrators_only
def again(request: "ConsoleRequest", delivery_id: int) -> HttpResponse:
    """Try a failed delivery once more, from the beginning."""
    delivery = get_object_or_404(AlertDelivery, pk=delivery_id)
    if notify.again(delivery):
        alert = delivery.alert
        audit.record("alerts.again", by=request.user, target=alert, request=request)
        tasks.ring_alerts()
        messages.success(request, _("It is sent again."))
    else:
        messages.info(request, _("This one has not failed, so nothing was changed."))
    return redirect("sync:alerts")


def robots() -> list[Robot]:
    """Every robot that a connector brings, set up or not."""
    rows = {row.kind: row for row in AlertRobot.objects.all()}
    return [
        Robot(kind, channel, rows.get(kind), notify.used(kind))
        for kind, channel in registry.alert_channels().items()
    ]


def _channel_name(delivery: AlertDelivery) -> Any:
    if delivery.way == AlertDelivery.MAIL:
        return delivery.to
    found = registry.alert_channels().get(delivery.way)
    return found.label if found else delivery.way


@transaction.atomic
def _save(request: "ConsoleRequest", chosen: AlertSettings, form: AlertForm) -> None:
    """Keep what changed, and write down what it was before."""
    changes = form.changes(chosen)
    for name in changes:
        setattr(chosen, name, form.cleaned_data[name])
    if changes:
        chosen.save()
        audit.record(
            "alerts.change",
            by=request.user,
            target=chosen,
            detail=changes,
            request=request,
        )
