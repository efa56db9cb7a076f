"""Calls that a vendor made to an IdP's Request URL, as far as they tell how it stands."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.models.idp import IdentityProvider


class PushedCall(models.Model):
    """A call that verified the address, or one that was refused, and why.

    Only the last ones of an IdP are kept; events themselves wait in the inbox.
    """

    class Outcome(models.TextChoices):
        VERIFIED = "verified", _("Address verified")
        TOKEN = "token", _("The Encryption Token does not match")
        AES_KEY = "aes_key", _("The AES Encryption Key does not match")
        NO_KEYS = "no_keys", _("The keys are not set here yet")
        OWNER = "owner", _("It was made for another app or company")
        MALFORMED = "malformed", _("It was not a push of this vendor")

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="pushed_calls"
    )
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    address = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("pushed call")
        verbose_name_plural = _("pushed calls")
        indexes = [models.Index(fields=["idp", "-at"], name="pushed_call_latest")]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at:%Y-%m-%d %H:%M}"
