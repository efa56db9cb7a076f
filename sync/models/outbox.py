"""Alerts: to whom they go, what happened, and what is still to be delivered of it."""

import json
from collections.abc import Mapping

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.connectors import registry
from identity.models import IdentityProvider, key_ring
from sync.models.runs import SyncRun


class AlertSettings(models.Model):
    """Who is told by e-mail, and in which language whoever has no account (row 1)."""

    administrators = models.BooleanField(default=True)
    """Whether each administrator with an e-mail address is."""
    recipients = models.JSONField(default=list, blank=True)
    """Addresses beside those."""
    language = models.CharField(max_length=10, default="en")

    class Meta:
        verbose_name = _("alert settings")
        verbose_name_plural = _("alert settings")

    def __str__(self) -> str:
        return "alert settings"

    @classmethod
    def load(cls) -> "AlertSettings":
        """The row, made at first need."""
        return cls.objects.get_or_create(pk=1)[0]


class AlertRobot(models.Model):
    """A robot of a vendor's chat that alerts go to; its settings are sealed as one."""

    kind = models.CharField(max_length=32, unique=True, choices=registry.choices)
    sealed = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("robot")
        verbose_name_plural = _("robots")

    def __str__(self) -> str:
        return f"robot of {self.kind}"

    def keep(self, settings: Mapping[str, str]) -> None:
        """Seal these settings into the row; the caller saves."""
        self.sealed = key_ring().seal(json.dumps(dict(settings)), self._context)
        self.changed_at = timezone.now()

    def reveal(self) -> dict[str, str]:
        """The settings; raises CannotOpen."""
        found: dict[str, str] = json.loads(key_ring().open(self.sealed, self._context))
        return found

    @property
    def _context(self) -> str:
        return f"robot:{self.kind}"


class RobotMonth(models.Model):
    """How many calls a robot has made in a calendar month of its vendor."""

    kind = models.CharField(max_length=32)
    month = models.CharField(max_length=7)
    """E.g. 2026-11."""
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("calls of a month")
        verbose_name_plural = _("calls of months")
        constraints = [
            models.UniqueConstraint(fields=["kind", "month"], name="robot_month_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.month}: {self.count}"


class Alert(models.Model):
    """Something that administrators shall hear of: once for each `cause`."""

    class Kind(models.TextChoices):
        HELD = "held", _("A synchronization is held")
        FAILING = "failing", _("Synchronizations fail")
        WORKING = "working", _("Synchronizations work again")
        SILENT = "silent", _("Events have gone silent")
        LEAVERS = "leavers", _("Leave events wait for a decision")
        DEAD = "dead", _("Events could not be processed")
        WEBHOOK = "webhook", _("A webhook was switched off")
        QUOTA = "quota", _("The robot's calls of the month run out")
        TEST = "test", _("Test")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    cause = models.CharField(max_length=160)
    """What tells this occasion from another of its kind."""
    idp = models.ForeignKey(
        IdentityProvider,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="alerts",
    )
    run = models.ForeignKey(SyncRun, null=True, blank=True, on_delete=models.SET_NULL)
    facts = models.JSONField(default=dict, blank=True)
    """Numbers and names of settings for its words; nothing of a person."""
    at = models.DateTimeField(default=timezone.now)
    over_at = models.DateTimeField(null=True, blank=True)
    """When what it is about had ended, where that is watched."""

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "cause"], name="alert_once")
        ]
        indexes = [models.Index(fields=["idp", "kind", "-id"], name="alert_of_idp")]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause}"


class AlertDelivery(models.Model):
    """An alert on its way to one address: the outbox.

    `to` is an e-mail address, or "" for the robot of the connector kind `way`.
    """

    MAIL = "mail"

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="ways")
    way = models.CharField(max_length=32)
    to = models.CharField(max_length=254, blank=True, default="")
    language = models.CharField(max_length=10, default="en")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("delivery of an alert")
        verbose_name_plural = _("deliveries of alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "way", "to"], name="alert_delivery_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="alert_delivery_due",
                condition=models.Q(state="waiting"),
            )
        ]

    def __str__(self) -> str:
        return f"alert {self.alert_id} by {self.way}"
