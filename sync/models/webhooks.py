"""Webhooks: where changes of the directory are sent, and how far each address is.

The history is the outbox: a cursor says up to which change an endpoint has been given
the changes of an IdP, and a message is a range of them that is on its way.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.models import IdentityProvider, User, key_ring


def _message_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


class WebhookEndpoint(models.Model):
    """An address that hears of changes."""

    class State(models.TextChoices):
        ON = "on", _("On")
        PAUSED = "paused", _("Paused")
        OFF = "off", _("Switched off")

    class Because(models.TextChoices):
        """Why it was switched off without an administrator."""

        GONE = "gone", _("It answered that it wants nothing any more (410).")
        FAILING = "failing", _("It has taken nothing for five days.")

    name = models.CharField(_("Name"), max_length=100)
    address = models.TextField(_("Address"))
    types = models.JSONField(default=list, blank=True)
    """The types of change that it hears of; empty for all."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.ON)
    because = models.CharField(
        max_length=8, choices=Because.choices, blank=True, default=""
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class WebhookSecret(models.Model):
    """What its messages are signed with; two are valid for a day after a rotation."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="secrets"
    )
    sealed = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")

    def __str__(self) -> str:
        return f"secret of {self.endpoint_id}"

    def seal(self, key: bytes) -> None:
        """Seal a key into the row; the caller saves."""
        self.sealed = key_ring().seal_bytes(key, self._context)

    def reveal(self) -> bytes:
        """The key; raises CannotOpen."""
        return key_ring().open_bytes(self.sealed, self._context)

    @property
    def _context(self) -> str:
        return f"webhook:{self.endpoint_id}"


class WebhookCursor(models.Model):
    """Up to which change of an IdP messages to an endpoint have been made."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="cursors"
    )
    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="+"
    )
    position = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("webhook cursor")
        verbose_name_plural = _("webhook cursors")
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "idp"], name="webhook_cursor_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} at {self.position} of {self.idp_id}"


class WebhookMessage(models.Model):
    """The changes above `after` up to `through`; of an IdP one is on its way at a time."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="messages"
    )
    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="+"
    )
    message_id = models.CharField(max_length=40, unique=True, default=_message_id)
    after = models.BigIntegerField()
    through = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    failing_since = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "idp"],
                name="webhook_one_on_its_way",
                condition=Q(state="waiting"),
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="webhook_message_due",
                condition=Q(state="waiting"),
            )
        ]

    def __str__(self) -> str:
        return self.message_id
