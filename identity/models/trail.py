"""What happened: logons, sessions, and the audit trail."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.models.accounts import User
from identity.models.idp import IdentityProvider


class LogonAttempt(models.Model):
    """One try of an employee to log on, with the stages it passed."""

    trace_id = models.CharField(max_length=32, unique=True)
    idp = models.ForeignKey(IdentityProvider, null=True, on_delete=models.SET_NULL)
    account = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    way = models.CharField(max_length=16, default="")
    stage = models.CharField(max_length=32, default="")
    outcome = models.CharField(max_length=32, default="")
    address = models.CharField(max_length=64, default="")
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.trace_id


class LogonSession(models.Model):
    """An employee's session: one row that ends with the person's access."""

    account = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="logon_sessions"
    )
    idp = models.ForeignKey(IdentityProvider, null=True, on_delete=models.SET_NULL)
    session_key = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=32, blank=True, default="")

    def __str__(self) -> str:
        return f"session of {self.account_id}"


class AuditEvent(models.Model):
    """What an administrator did, or who logged on. Rows are added, never changed.

    `detail` holds before and after with secrets as "changed".
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(max_length=150, default="")
    action = models.CharField(max_length=48)
    target_type = models.CharField(max_length=32, default="")
    target_id = models.CharField(max_length=64, default="", db_index=True)
    target_label = models.CharField(max_length=200, default="")
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=64, default="")

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row; a row that stands is never changed."""
        if not self._state.adding:
            raise TypeError("audit rows are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused."""
        raise TypeError("audit rows are never deleted")
