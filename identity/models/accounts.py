"""Accounts and the enterprise they belong to."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from identity import access


class AccountManager(UserManager["User"]):
    """Keeps `createsuperuser` and the roles in step."""

    def create_superuser(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **extra: Any,
    ) -> "User":
        """An administrator."""
        extra["role"] = access.ADMINISTRATOR
        return super().create_superuser(username, email, password, **extra)


class User(AbstractUser):
    """Someone who can have a session: an administrator, a staff member or an employee."""

    class Role(models.TextChoices):
        ADMINISTRATOR = access.ADMINISTRATOR, _("Administrator")
        STAFF = access.STAFF, _("Staff")
        EMPLOYEE = access.EMPLOYEE, _("Employee")

    role = models.CharField(
        _("role"), max_length=16, choices=Role.choices, default=Role.EMPLOYEE
    )
    language = models.CharField(max_length=10, blank=True, default="")
    theme = models.CharField(max_length=8, blank=True, default="")

    sub: str = ""
    """How applications know the person: set by the backend that knows who it is."""

    objects: ClassVar[AccountManager] = AccountManager()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only administrators open Django's own admin."""
        self.is_staff = self.is_superuser = self.role == self.Role.ADMINISTRATOR
        super().save(*args, **kwargs)

    @property
    def is_administrator(self) -> bool:
        """Whether this account may change things (templates ask it)."""
        return self.role == self.Role.ADMINISTRATOR


def _new_identifier() -> str:
    """A random Enterprise Authentication Identifier: typeable, 10 characters, 49 bits."""
    return get_random_string(10, "abcdefghjkmnpqrstuvwxyz23456789")


class Enterprise(models.Model):
    """The one company of this installation (row 1)."""

    name = models.CharField(_("company name"), max_length=100, blank=True, default="")
    identifier = models.CharField(
        _("Enterprise Authentication Identifier"),
        max_length=64,
        default=_new_identifier,
        validators=[RegexValidator(r"\A[A-Za-z0-9_-]{3,64}\Z")],
    )

    history_days = models.PositiveIntegerField(
        _("Days that history is kept"),
        default=400,
        db_default=400,
        validators=[MinValueValidator(30), MaxValueValidator(3650)],
    )
    erase_after_days = models.PositiveIntegerField(
        _("Days after which the personal values of people who left are erased"),
        default=180,
        db_default=180,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )

    history_from = models.DateTimeField(null=True, blank=True, editable=False)
    """From when on history is whole: what was before may have been removed."""

    class Meta:
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")

    def __str__(self) -> str:
        return self.name or self.identifier

    def renew(self) -> None:
        """Give it another identifier, and save that."""
        self.identifier = _new_identifier()
        self.save(update_fields=["identifier"])

    @classmethod
    def load(cls) -> "Enterprise":
        """The row, made at first need."""
        return cls.objects.get_or_create(pk=1)[0]
