"""Logons under way, what was found out at them, and limits for public addresses."""

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.connectors.records import CheckStatus, LogonWay
from identity.models.accounts import User
from identity.models.idp import IdentityProvider


class LogonState(models.Model):
    """One logon that began: what the vendor's answer must match (T-18).

    Of the state that goes to the vendor and back only `digest` is kept, of the cookie
    that names the browser only `browser`: SHA-256, in hex. `onward` is the path of our
    own that the person wants to reach, "" for the client's home. `tester` is the
    administrator who tries it out: nobody is logged on then.
    """

    LIFETIME = timedelta(minutes=10)

    digest = models.CharField(max_length=64, unique=True)
    idp = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE)
    browser = models.CharField(max_length=64)
    way = models.CharField(max_length=8, choices=[(w.value, w.value) for w in LogonWay])
    onward = models.TextField(blank=True, default="")
    tester = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)
    uses = models.PositiveSmallIntegerField(default=0)
    """How often it was taken: once more after the vendor could not be reached (F-80)."""

    def __str__(self) -> str:
        return f"state {self.pk}"


class LogonVerdict(models.Model):
    """What a logon proved about a check that no test can make by itself.

    `check_key` is the key of the connectivity check, `fingerprint` that of the
    credentials: with other ones the verdict is void.
    """

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="verdicts"
    )
    check_key = models.CharField(max_length=64)
    status = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in CheckStatus]
    )
    fingerprint = models.CharField(max_length=32)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("logon verdict")
        verbose_name_plural = _("logon verdicts")
        constraints = [
            models.UniqueConstraint(fields=["idp", "check_key"], name="verdict_once")
        ]

    def __str__(self) -> str:
        return f"{self.check_key} {self.status}"


class Tally(models.Model):
    """How often an address did something in a minute: what public pages are limited by."""

    key = models.CharField(max_length=120, unique=True)
    count = models.PositiveIntegerField(default=0)
    minute = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
