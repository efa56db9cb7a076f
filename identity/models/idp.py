"""IdPs, their secrets, and the connection reports that vouch for them."""

import contextlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from identity.connectors import registry
from identity.connectors.base import PUSH_METHOD, Connector, PushMethod
from identity.fields import CannotOpen, KeyRing, key_of
from identity.models.accounts import User
from identity.models.automatic import Automatic

TESTED = "credentials"
"""What the fingerprint of all tested values together is bound to."""


def key_ring() -> KeyRing:
    """The keys that secrets are sealed with, from ENCRYPTION_KEYS."""
    return KeyRing(settings.ENCRYPTION_KEYS)


class IdentityProvider(Automatic):
    """One configured identity source. A draft until `confirmed_at` is set.

    `settings` holds the connector's plain settings; secrets stand in IdentitySecret.
    `departments` are the vendor's ids of a partial scope; `mapping` is the list that
    `identity.mapping` reads, empty for the default.
    """

    class Status(models.TextChoices):
        ENABLED = "enabled", _("Enabled")
        CLOSED = "closed", _("Closed")

    class ScopeChoice(models.TextChoices):
        ALL = "all", _("Synchronize All")
        PARTIAL = "partial", _("Partially Synchronize")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32, choices=registry.choices)
    name = models.CharField(_("IdP Name"), max_length=100, blank=True, default="")
    description = models.CharField(
        _("Description"), max_length=100, blank=True, default=""
    )
    status = models.CharField(
        _("IdP Status"), max_length=8, choices=Status.choices, default=Status.ENABLED
    )
    settings = models.JSONField(default=dict, blank=True)
    scope = models.CharField(
        max_length=8, choices=ScopeChoice.choices, default=ScopeChoice.ALL
    )
    departments = models.JSONField(default=list, blank=True)
    department_labels = models.JSONField(default=dict, blank=True)
    """Name and ancestors of each of `departments`, to show them without a call."""
    mapping = models.JSONField(default=list, blank=True)
    guard_people_min = models.PositiveIntegerField(default=5)
    guard_people_percent = models.PositiveSmallIntegerField(
        default=10, validators=[MaxValueValidator(100)]
    )
    guard_departments_min = models.PositiveIntegerField(default=3)
    guard_departments_percent = models.PositiveSmallIntegerField(
        default=20, validators=[MaxValueValidator(100)]
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("IdP")
        verbose_name_plural = _("IdPs")
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="idp_name_unique", condition=~models.Q(name="")
            ),
            models.CheckConstraint(
                condition=models.Q(auto_sync=True) | models.Q(sync_users=False),
                name="idp_sync_users_needs_auto_sync",
            ),
            models.CheckConstraint(
                condition=models.Q(sync_interval_hours__range=(1, 24)),
                name="idp_interval_1_to_24",
            ),
        ]

    def __str__(self) -> str:
        words = gettext("draft %(number)s")
        return self.name or words % {"number": str(self.id)[:8]}

    @classmethod
    def named(cls, text: str) -> "IdentityProvider":
        """The IdP with this name (any case) or public id; raises DoesNotExist."""
        with contextlib.suppress(ValueError):
            return cls.objects.get(pk=uuid.UUID(text))
        return cls.called(text).get(confirmed_at__isnull=False)

    @classmethod
    def called(cls, text: str) -> models.QuerySet["IdentityProvider"]:
        """Those with this name, in any case, drafts too; nobody if it is no text."""
        try:
            text.encode()
        except UnicodeEncodeError:  # bytes of a command line that are not UTF-8
            return cls.objects.none()
        return cls.objects.filter(name__iexact=text)

    @property
    def is_draft(self) -> bool:
        """Whether Confirm was never pressed."""
        return self.confirmed_at is None

    @property
    def connector_class(self) -> type[Connector]:
        """The code that speaks to this vendor."""
        return registry.get(self.kind)

    @property
    def next_attempt_at(self) -> datetime | None:
        """When it is synchronized by itself next; None if it is not."""
        enabled = self.status == self.Status.ENABLED and not self.is_draft
        automatic = enabled and self.auto_sync
        return (self.retry_at or self.next_due_at) if automatic else None

    def set_secret(self, name: str, value: str) -> None:
        """Keep a secret, replacing the present one; the caller writes the audit line."""
        self.secrets.filter(name=name).delete()
        if value:
            IdentitySecret.seal(self, name, value).save()

    def rotate_secret(self, name: str, value: str, until: datetime) -> None:
        """Keep a secret, and let the one before it stay valid until then.

        Those before that one keep the time that they were given. A blank value takes
        all of them away; the present value changes nothing.
        """
        present = self.present_secrets().filter(name=name).last()
        if not value or present is None:
            self.set_secret(name, value)
        elif not present.holds(value):
            self._forget_former(name, value)
            self.secrets.filter(name=name, valid_until=None).update(valid_until=until)
            IdentitySecret.seal(self, name, value).save()

    def _forget_former(self, name: str, value: str) -> None:
        """Remove replaced rows whose time is over, or whose value comes back."""
        now = timezone.now()
        for row in self.secrets.filter(name=name, valid_until__isnull=False):
            if (row.valid_until or now) <= now or row.holds(value):
                row.delete()

    def present_secrets(self) -> models.QuerySet["IdentitySecret"]:
        """One row for each secret that is set, without those that were replaced.

        In the order in which they were set: if two were set at one moment, the last
        of a name counts.
        """
        return self.secrets.filter(valid_until=None).order_by("pk")

    def valid_secrets(self, names: Sequence[str]) -> dict[str, list[str]]:
        """For each name the values that are valid now, the present one first.

        What cannot be opened is left out: it is as good as not set.
        """
        unended = models.Q(valid_until=None) | models.Q(valid_until__gt=timezone.now())
        found: dict[str, list[str]] = {name: [] for name in names}
        for row in self.secrets.filter(unended, name__in=names).order_by("-pk"):
            with contextlib.suppress(CannotOpen):
                found[row.name].append(row.reveal())
        return found

    def secret(self, name: str) -> str:
        """The present value of a secret, "" if none. For connectors only."""
        row = self.present_secrets().filter(name=name).last()
        return row.reveal() if row else ""

    def plain(self) -> dict[str, str]:
        """Every plain setting; one that was never set has the connector's default."""
        kind = self.connector_class
        return {
            name: self.settings.get(name) or kind.setting_defaults.get(name, "")
            for name in kind.plain_settings
        }

    @property
    def streams(self) -> bool:
        """Whether its notices come over a connection that we hold."""
        chosen = self.plain().get(PUSH_METHOD)
        return self.connector_class.streams and chosen == PushMethod.STREAM

    def credentials(self) -> dict[str, str]:
        """Plain settings and secrets together: what a connector is built from."""
        secrets = self.connector_class.secret_settings
        return self.plain() | {name: self.secret(name) for name in secrets}

    def credentials_fingerprint(self) -> str:
        """Changes when a value changes that the connectivity test vouches for."""
        return fingerprint_of(self.connector_class, self.credentials())

    def has_credentials(self, fingerprint: str) -> bool:
        """Whether a fingerprint, by any key of the ring, is of the present credentials.

        Raises CannotOpen.
        """
        return fingerprint in fingerprints_of(self.connector_class, self.credentials())

    def has_secret(self, name: str) -> bool:
        """Whether a value is set, without opening it."""
        return self.present_secrets().filter(name=name).exists()


def fingerprint_of(connector: type[Connector], credentials: Mapping[str, str]) -> str:
    """A keyed digest of the tested values in `credentials`."""
    return key_ring().fingerprint(_tested(connector, credentials), TESTED)


def fingerprints_of(
    connector: type[Connector], credentials: Mapping[str, str]
) -> list[str]:
    """Every digest that a row may hold of these values, the newest key's first."""
    return key_ring().fingerprints(_tested(connector, credentials), TESTED)


def _tested(connector: type[Connector], credentials: Mapping[str, str]) -> str:
    tested = {name: credentials.get(name, "") for name in connector.tested_settings}
    return json.dumps(tested, sort_keys=True)


class IdentitySecret(models.Model):
    """An encrypted value of an IdP.

    `valid_until` is set once another one has replaced it, and until then that one is
    the present one; while keys are being changed both are valid.
    """

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="secrets"
    )
    name = models.CharField(max_length=32)
    sealed = models.TextField()
    fingerprint = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["idp", "name"])]

    def __str__(self) -> str:
        return f"{self.name} of {self.idp_id}"

    @classmethod
    def seal(cls, idp: IdentityProvider, name: str, value: str) -> "IdentitySecret":
        """An unsaved row that holds `value` encrypted for this IdP and name."""
        ring, context = key_ring(), _context(idp.pk, name)
        return cls(
            idp=idp,
            name=name,
            sealed=ring.seal(value, context),
            fingerprint=ring.fingerprint(value, context),
        )

    def reveal(self) -> str:
        """The plaintext; raises CannotOpen if the row or the key is not the right one."""
        return key_ring().open(self.sealed, _context(self.idp_id, self.name))

    def holds(self, value: str) -> bool:
        """Whether it opens, and to this value. Keys may have come and gone meanwhile,
        and what does not open any more is worth replacing by the same value."""
        try:
            return hmac.compare_digest(self.reveal().encode(), value.encode())
        except CannotOpen:
            return False


def secret_fingerprints(idp: IdentityProvider, name: str, value: str) -> list[str]:
    """Every fingerprint that a row with this value may have, the newest key's first."""
    return key_ring().fingerprints(value, _context(idp.pk, name))


def lacking_keys() -> set[str]:
    """Ids of the keys that present secrets of IdPs need, and ENCRYPTION_KEYS has not."""
    present = IdentitySecret.objects.filter(valid_until=None)
    needed = {key_of(sealed) for sealed in present.values_list("sealed", flat=True)}
    ring = key_ring()
    return {key for key in needed if key not in ring}


def _context(idp_id: uuid.UUID, name: str) -> str:
    """The row and the name that a secret is bound to."""
    return f"{idp_id}:{name}"


class ConnectionReport(models.Model):
    """One connectivity test: its checks, and the credentials it vouches for."""

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="reports"
    )
    fingerprint = models.CharField(max_length=32)
    checks = models.JSONField(default=list)
    passed = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("connection report")
        verbose_name_plural = _("connection reports")
        indexes = [models.Index(fields=["idp", "-started_at"])]

    def __str__(self) -> str:
        return f"report {self.pk} of {self.idp_id}"
