"""Runs and the changes they made or plan to make."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.connectors.records import NOTES
from identity.models import IdentityProvider, User


class SyncRun(models.Model):
    """One pass over a scope. A row is claimed by its lease; nothing locks in Redis.

    `fence` grows with each claim; each applying transaction checks it again, so that
    a worker that woke up late can write nothing.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCESS = "success", _("Success")
        PARTIAL = "partial", _("Partial")
        FAILED = "failed", _("Failed")
        HELD = "held", _("Held")
        CANCELLED = "cancelled", _("Cancelled")
        ABANDONED = "abandoned", _("Abandoned")
        SUPERSEDED = "superseded", _("Superseded")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("Schedule")
        PERSON = "person", _("Started by hand")
        CONFIRM = "confirm", _("First synchronization")
        COMMAND = "command", _("Command line")
        EVENT = "event", _("Event")

    class Stage(models.TextChoices):
        FETCH = "fetch", _("Reading")
        COMPARE = "compare", _("Comparing")
        CONFIRM = "confirm", _("Asking for people who are missing")
        APPLY = "apply", _("Writing")
        DONE = "done", _("Done")

    class Purpose(models.TextChoices):
        """What becomes of its plan. The last two always wait for an administrator."""

        SYNC = "sync", _("Synchronization")
        PREVIEW = "preview", _("Preview")
        UNDO = "undo", _("Undo")

    class Company(models.TextChoices):
        """What the vendor said when it was asked whose company this is (T-47)."""

        UNASKED = "", _("Not asked")
        SAME = "same", _("The company of the settings")
        OTHER = "other", _("Another company")
        UNSURE = "unsure", _("The vendor did not say")

    class Breadth(models.TextChoices):
        FULL = "full", _("Full")
        NARROW = "narrow", _("Only what events named")
        UNDO = "undo", _("Only what a run had changed")

    OPEN = (State.QUEUED, State.RUNNING)

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="runs"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    trigger = models.CharField(max_length=12, choices=Trigger.choices)
    breadth = models.CharField(
        max_length=8,
        choices=Breadth.choices,
        default=Breadth.FULL,
        db_default=Breadth.FULL,
    )
    purpose = models.CharField(
        max_length=8,
        choices=Purpose.choices,
        default=Purpose.SYNC,
        db_default=Purpose.SYNC,
    )
    stage = models.CharField(
        max_length=12, choices=Stage.choices, blank=True, default=""
    )
    by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    people = models.BooleanField(default=True)
    """False: departments only (spec A6)."""
    although_closed = models.BooleanField(default=False)
    """Its IdP was closed already when it was asked for; else a closing stops it."""
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    first_read = models.BigIntegerField(default=0)
    fingerprint = models.CharField(max_length=32, blank=True, default="")
    """Of the credentials that it ran with."""
    company = models.CharField(
        max_length=8,
        choices=Company.choices,
        blank=True,
        default=Company.UNASKED,
        db_default=Company.UNASKED,
    )
    # Progress, written while it runs.
    departments_seen = models.PositiveIntegerField(default=0)
    departments_read = models.PositiveIntegerField(default=0)
    employees_read = models.PositiveIntegerField(default=0)
    changes_planned = models.PositiveIntegerField(default=0)
    changes_applied = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    # Outcome.
    counts = models.JSONField(default=dict, blank=True)
    """Of what was done: created, updated, left, out_of_scope, moved, departments_* ..."""
    faults = models.JSONField(default=list, blank=True)
    """What could not be read, and notes: kind, where, message, remedy."""
    unknown_fields = models.JSONField(default=list, blank=True)
    """Directory fields that came for nobody: kept, and by narrow reads too."""
    unannounced = models.JSONField(null=True, blank=True)
    """After a full run: changes that no event had announced, how many of each entity
    and the first of them; None where no event was ever taken."""
    held_because = models.JSONField(default=list, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    # What an administrator decided about its plan, while it was held.
    approved_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    left_out = models.JSONField(default=list, blank=True, db_default=[])
    """[entity, key] of each change that shall not be made all the same."""
    approves = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="approved_in",
    )
    """The held run whose approved plan this one carries out."""
    undoes = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="undone_in",
    )
    """The run whose changes this one takes back."""
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_cause = models.TextField(blank=True, default="")
    error_remedy = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["idp", "breadth"],
                name="one_open_run_per_breadth",
                condition=Q(state__in=["queued", "running"]),
            )
        ]
        indexes = [models.Index(fields=["idp", "-id"], name="run_history")]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def missing(self) -> list[dict[str, str]]:
        """Of what it met, the parts that could not be read."""
        return [fault for fault in self.faults if fault.get("kind") not in NOTES]

    @property
    def notes(self) -> list[dict[str, str]]:
        """Of what it met, that which is only worth a word."""
        return [fault for fault in self.faults if fault.get("kind") in NOTES]

    @property
    def held_by_guard(self) -> bool:
        """Whether it would have written, and the guard wants somebody to look first; a
        preview and an undo only wait because they always do."""
        return self.state == self.State.HELD and self.purpose == self.Purpose.SYNC

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in self.OPEN

    @property
    def seconds(self) -> float | None:
        """How long it took or has taken so far."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()


def full_runs() -> models.QuerySet[SyncRun]:
    """Runs over everything that an IdP covers, and not only over what events named."""
    return SyncRun.objects.filter(breadth=SyncRun.Breadth.FULL)


class Change(models.Model):
    """One change of a run: made (`applied`), or only planned by a held run.

    A create keeps no copy of its values: the row itself is the "after" until a later
    change keeps it as "before".

    Of a held run's removals `verdict` says what the vendor answered when it was asked for
    exactly that one, and `approved` that an administrator has agreed to it before.
    """

    class Verdict(models.TextChoices):
        LEFT = "left", _("Left the company")
        MOVED = "moved", _("Moved out of the chosen scope")
        HIDDEN = "hidden", _("No longer visible to the app")
        UNREADABLE = "unreadable", _("Could not be read")
        FOUND = "found", _("Still there")

    class Entity(models.TextChoices):
        DEPARTMENT = "department", _("Department")
        EMPLOYEE = "employee", _("Employee")
        MEMBERSHIP = "membership", _("Membership")

    class Kind(models.TextChoices):
        CREATE = "create", _("Created")
        UPDATE = "update", _("Updated")
        REPLACE = "replace", _("Another person")
        RETURN = "return", _("Returned")
        LEAVE = "leave", _("Left")
        OUT_OF_SCOPE = "out_of_scope", _("Out of scope")
        REMOVE = "remove", _("Removed")

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes")
    entity = models.CharField(max_length=12, choices=Entity.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=130)
    """source id, userid, or "userid/department id"."""
    place = models.CharField(max_length=64, blank=True, default="", db_default="")
    """The department that it is about, if it is not about a person alone."""
    label = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    applied = models.BooleanField(default=True)
    verdict = models.CharField(
        max_length=12, choices=Verdict.choices, blank=True, default="", db_default=""
    )
    approved = models.BooleanField(default=False, db_default=False)
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = [
            models.Index(fields=["run", "entity", "kind", "id"], name="change_of_run"),
            models.Index(fields=["entity", "key", "id"], name="change_history"),
            models.Index(
                fields=["entity", "kind", "id"],
                name="change_by_kind",
                condition=Q(applied=True),
            ),
            models.Index(
                fields=["place", "id"],
                name="change_of_place",
                condition=Q(applied=True) & ~Q(place=""),
            ),
            models.Index(fields=["at"], name="change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.entity} {self.key}"


class Kept(models.Model):
    """What an administrator left out of an approved plan: runs leave it as it is, until
    it is released, or the vendor says for certain that the person has left."""

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="kept"
    )
    entity = models.CharField(max_length=12, choices=Change.Entity.choices)
    key = models.CharField(max_length=130)
    label = models.CharField(max_length=200, blank=True, default="")
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("kept as it is")
        verbose_name_plural = _("kept as they are")
        constraints = [
            models.UniqueConstraint(fields=["idp", "entity", "key"], name="kept_once")
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.key} is kept"
