"""What happened: logons, sessions, and the audit trail."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.models.accounts import User
from identity.models.idp import IdentityProvider


class LogonAttempt(models.Model):
    """One try of an employee to log on, with the stages it passed.

    `stages` is a list of {"stage", "at"} of those that were passed, in order; `stage`
    is the one that failed, "" if none did; `outcome` says how it ended, in the words
    of `identity.logon`; `facts` are what its sentences name. Nothing of it is secret.
    `account` and `userid` are only known if the attempt came so far.
    """

    trace_id = models.CharField(max_length=32, unique=True)
    idp = models.ForeignKey(IdentityProvider, null=True, on_delete=models.SET_NULL)
    account = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="logon_attempts"
    )
    way = models.CharField(max_length=16, default="")
    stages = models.JSONField(default=list)
    stage = models.CharField(max_length=32, blank=True, default="")
    outcome = models.CharField(max_length=32, default="")
    facts = models.JSONField(default=dict)
    userid = models.CharField(max_length=64, blank=True, default="")
    name = models.CharField(max_length=200, blank=True, default="")
    test = models.BooleanField(default=False)
    """An administrator tried it out: no session was opened."""
    address = models.CharField(max_length=64, default="")
    agent = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("logon")
        verbose_name_plural = _("logons")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["idp", "-at"], name="logon_of_idp"),
            models.Index(fields=["idp", "userid", "-id"], name="logon_of_person"),
        ]

    def __str__(self) -> str:
        return self.trace_id


class LogonSession(models.Model):
    """A session of an account, of the console or of the client: it is over once
    `ended_at` is set, whatever a cookie says; so are the tokens given out in it.

    `idp` is None for sessions of the console. `sid` names it towards applications,
    `sub` its person. `confirmed_at` is when the password was last entered.
    """

    account = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="logon_sessions"
    )
    idp = models.ForeignKey(
        IdentityProvider,
        null=True,
        on_delete=models.SET_NULL,
        related_name="logon_sessions",
    )
    sid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sub = models.CharField(max_length=64, blank=True, default="")
    way = models.CharField(max_length=8, blank=True, default="")
    session_key = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=32, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")
    agent = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["seen_at"],
                name="logon_session_open",
                condition=models.Q(ended_at=None),
            )
        ]

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
