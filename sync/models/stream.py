"""How the push connection of an IdP stands, for pages."""

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.models import IdentityProvider

FRESH = timedelta(seconds=60)
"""A connection of which nobody has said for so long that it stands, does not."""


class StreamState(models.Model):
    """The newest that the holder of an IdP's push connection said of it.

    `connected_at` is when it was last opened; `seen_at` when somebody last held it, or
    tried to; `error_*` why it does not stand, "" while it does.
    """

    idp = models.OneToOneField(
        IdentityProvider, on_delete=models.CASCADE, related_name="stream_state"
    )
    stands = models.BooleanField(default=False)
    connected_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_cause = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("state of a stream")
        verbose_name_plural = _("states of streams")

    def __str__(self) -> str:
        return f"stream of {self.idp_id}"

    @classmethod
    def of(cls, idp: IdentityProvider) -> "StreamState":
        """An IdP's state; an unsaved one if nobody ever held its connection."""
        return cls.objects.filter(idp=idp).first() or cls(idp=idp)

    @property
    def held(self) -> bool:
        """Whether somebody holds it, or tries to, just now."""
        return not self._state.adding and timezone.now() - self.seen_at < FRESH

    @property
    def up(self) -> bool:
        """Whether it stands, as far as anybody knows."""
        return self.stands and self.held
