"""How an IdP is synchronized by itself: which part, how often, and when next."""

from datetime import datetime, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from identity.cycle import latest, offset_of


class Automatic(models.Model):
    """The part of an IdP that its cycle is about. `sync.schedule` moves the dues."""

    auto_sync = models.BooleanField(_("Automatic Synchronization"), default=True)
    sync_users = models.BooleanField(_("Synchronize User Information"), default=True)
    sync_interval_hours = models.PositiveSmallIntegerField(
        _("Automatic Synchronization Cycle"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(24)],
    )
    next_due_at = models.DateTimeField(null=True, blank=True)
    failed_runs = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Full runs in a row that failed; the next one waits the longer."""
    retry_at = models.DateTimeField(null=True, blank=True)
    """While they fail: when the next one is tried by itself, whatever the cycle says."""

    class Meta:
        abstract = True

    @property
    def cycle(self) -> timedelta:
        """How long it is from one automatic synchronization to the next."""
        return timedelta(hours=self.sync_interval_hours)

    def schedule(self, now: datetime) -> None:
        """Set when the next synchronization is due: never later than a cycle from now,
        and not at all without Automatic Synchronization."""
        furthest = latest(now, self.cycle, offset_of(self.pk))
        due = min(self.next_due_at or furthest, furthest)
        self.next_due_at = due if self.auto_sync else None
        self.retry_at = self.retry_at if self.auto_sync else None

    def retry(self, now: datetime) -> None:
        """What made the last runs fail may be mended: try at once, not after the wait."""
        if self.failed_runs:
            self.retry_at = now if self.auto_sync else None
        self.failed_runs = 0
