"""Notices of vendors, and access that was cut because of one."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.connectors.records import Event, EventKind
from identity.models import IdentityProvider
from identity.models.idp import key_ring
from sync.models.directory import Employee
from sync.models.runs import SyncRun


class InboxEvent(models.Model):
    """One notice, kept before the vendor hears that it was taken. A work list, not a log:
    whoever finds a pending row that is due works on it.

    `key` is the same for each copy, so that a notice is kept once. `number` is that of
    the newest read when it came: a read confirms something about it only with a higher
    one. While `run` is open the notice is in work.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        HELD = "held", _("Held")
        PARKED = "parked", _("Parked")
        APPLIED = "applied", _("Applied")
        IGNORED = "ignored", _("Ignored")
        DEAD = "dead", _("Failed")

    class Way(models.TextChoices):
        PUSH = "push", _("HTTP push")
        STREAM = "stream", _("Stream mode")
        FAILED = "failed", _("List of failed pushes")
        LOGON = "logon", _("Logon")  # our own, about somebody who logs on
        CONSOLE = "console", _("Console")  # our own: an administrator asked for it

    OWN = (Way.LOGON, Way.CONSOLE)
    """Ways of notices that no vendor sent: they announce nothing, and break no silence."""

    class Outcome(models.TextChoices):
        """What became of a notice that is over, in more detail than its state."""

        READ = "read", _("Read again: the directory is up to date")
        LEFT = "left", _("They have left")
        RESTORED = "restored", _("They are there: access was given back")
        NOT_THERE = "not_there", _("There is no such person or department")
        OUTSIDE = "outside", _("Outside of the chosen scope")
        COVERED = "covered", _("A full synchronization read it")
        VERIFY = "verify", _("The address was verified")
        UNKNOWN = "unknown", _("Nothing here depends on this kind")
        EMPTY = "empty", _("It names nobody and nothing")

    WAITING = (State.PENDING, State.HELD)

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="events"
    )
    key = models.CharField(max_length=64)
    kind = models.CharField(
        max_length=24, choices=[(kind.value, kind.value) for kind in EventKind]
    )
    name = models.CharField(max_length=64)
    """The vendor's word for its kind."""
    userids = models.JSONField(default=list)
    departments = models.JSONField(default=list)
    sealed = models.TextField(blank=True, default="")
    """What came, encrypted: it may hold personal values."""
    way = models.CharField(max_length=8, choices=Way.choices, default=Way.PUSH)
    late = models.BooleanField(default=False)
    """Made long before it came: a hint to read, which cuts nobody's access by itself."""
    copies = models.PositiveIntegerField(default=1)
    """How often it came."""
    number = models.BigIntegerField(default=0)
    received_at = models.DateTimeField(default=timezone.now)
    born_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    outcome = models.CharField(
        max_length=12, choices=Outcome.choices, blank=True, default=""
    )
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    """Tries that failed."""
    alone = models.BooleanField(default=False)
    """Its handling met an error of ours: it is tried by itself, so others go on."""
    approved = models.BooleanField(default=False)
    """An administrator let it pass the guard."""
    run = models.ForeignKey(
        SyncRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="events"
    )
    handled_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_cause = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["idp", "key"], name="event_once")
        ]
        indexes = [
            models.Index(fields=["idp", "-id"], name="event_history"),
            models.Index(fields=["idp", "-received_at"], name="event_latest"),
            models.Index(fields=["idp", "state", "-id"], name="event_of_idp_by_state"),
            models.Index(fields=["state", "-id"], name="event_by_state"),
            models.Index(fields=["kind", "-id"], name="event_by_kind"),
            models.Index(
                fields=["due_at", "id"],
                name="event_due",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["idp", "number"],
                name="event_unsettled",
                condition=models.Q(state__in=["pending", "held", "parked", "dead"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"

    @property
    def own(self) -> bool:
        """Whether it is a notice of ours, and not the vendor's."""
        return self.way in self.OWN

    @property
    def objects_named(self) -> int:
        """How many people and departments it names."""
        return len(self.userids) + len(self.departments)

    def seal(self, event: Event) -> None:
        """Keep what came, encrypted for this row."""
        self.sealed = key_ring().seal(event.body, _context(self.idp_id, self.key))

    def reveal(self) -> str:
        """What came, as text; raises CannotOpen."""
        if not self.sealed:
            return ""
        return key_ring().open(self.sealed, _context(self.idp_id, self.key))


def _context(idp_id: uuid.UUID, key: str) -> str:
    return f"event of {idp_id}: {key}"


class AccessCut(models.Model):
    """An active person whom a notice says to have left, until a read knows (design 2.9).

    While the row is there the person may not log on. `number` is of the newest read
    when the notice came; `rejoined` likewise for a newer notice that they joined;
    `found_at` is when the first read was over that found them all the same.
    """

    employee = models.OneToOneField(
        Employee, on_delete=models.CASCADE, related_name="cut"
    )
    at = models.DateTimeField(default=timezone.now)
    number = models.BigIntegerField(default=0)
    born_at = models.DateTimeField(null=True, blank=True)
    rejoined = models.BigIntegerField(null=True, blank=True)
    found_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("cut access")
        verbose_name_plural = _("cut accesses")

    def __str__(self) -> str:
        return f"cut of {self.employee_id}"


class CatchUp(models.Model):
    """When an IdP's list of failed pushes was last asked for, and what it gave."""

    idp = models.OneToOneField(
        IdentityProvider, on_delete=models.CASCADE, related_name="catch_up"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(null=True, blank=True)
    found = models.PositiveIntegerField(default=0)
    """Notices of the last time that were not known here."""
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_cause = models.TextField(blank=True, default="")
    owed = models.BooleanField(default=False)
    """A full run is to be queued: a portion of the list may have been lost."""

    class Meta:
        verbose_name = _("catch-up")
        verbose_name_plural = _("catch-ups")

    def __str__(self) -> str:
        return f"catch-up of {self.idp_id}"
