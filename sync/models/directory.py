"""Departments, employees and memberships: a company as it was last read.

Rows are written by `sync.staging` in bulk; nothing else changes them.
"""

import uuid
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.models import IdentityProvider, User
from sync.sound import LIMIT


class Folded(Func):
    """A text with ASCII letters, and no others, in lower case, on both databases."""

    function = "LOWER"

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        """PostgreSQL folds as SQLite does if it is told the collation "C"."""
        template = '%(function)s((%(expressions)s) COLLATE "C")'
        return self.as_sql(compiler, connection, template=template, **context)


class Department(models.Model):
    """A department. `source_id` is the vendor's id; the root's is "1".

    `path` is the chain of source ids from the top, "/1/501/777/"; `direct` and `total`
    count active employees in it and in its subtree, each person once. All three are
    computed by the sync and stored, never at page time.
    """

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="directory_departments"
    )
    source_id = models.CharField(max_length=64)
    parent_source_id = models.CharField(max_length=64, blank=True, default="")
    name = models.CharField(max_length=200)
    sound = models.CharField(
        max_length=LIMIT, blank=True, default="", db_default="", editable=False
    )
    order = models.BigIntegerField(default=0)
    path = models.TextField(default="")
    depth = models.PositiveIntegerField(default=0)
    direct = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    children = models.PositiveIntegerField(default=0)
    """How many direct sub-departments."""
    read_number = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints = [
            models.UniqueConstraint(
                fields=["idp", "source_id"], name="department_unique"
            )
        ]
        indexes = [
            models.Index(
                fields=["idp", "parent_source_id", "order"], name="department_children"
            ),
            models.Index(fields=["idp", "path"], name="department_path"),
        ]

    def __str__(self) -> str:
        return self.name


class Employee(models.Model):
    """An employee. Keys are (IdP, userid) and unionid; all else are attributes.

    A person who left keeps the row; the same userid with another unionid is another
    person and gets a row, and a `sub`, of their own (design 2.11).
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        LEFT = "left", _("Left")
        OUT_OF_SCOPE = "out_of_scope", _("Out of scope")

    idp = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="employees"
    )
    userid = models.CharField(max_length=64)
    unionid = models.CharField(max_length=128, blank=True, default="")
    sub = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.OneToOneField(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="employee"
    )
    """Who they are at a logon; nobody before the first one."""
    status = models.CharField(
        max_length=12, choices=Status.choices, default=Status.ACTIVE
    )
    name = models.CharField(_("Name"), max_length=200)
    sound = models.CharField(
        max_length=LIMIT, blank=True, default="", db_default="", editable=False
    )
    """How the name sounds, for searches (`sync.sound`); follows the name."""
    mobile = models.CharField(_("Mobile"), max_length=64, blank=True, default="")
    email = models.CharField(_("E-mail"), max_length=320, blank=True, default="")
    title = models.CharField(_("Title"), max_length=200, blank=True, default="")
    job_number = models.CharField(
        _("Job number"), max_length=64, blank=True, default=""
    )
    telephone = models.CharField(_("Telephone"), max_length=64, blank=True, default="")
    work_place = models.CharField(
        _("Work place"), max_length=200, blank=True, default=""
    )
    remark = models.TextField(_("Remark"), blank=True, default="")
    hired_date = models.CharField(_("Hired on"), max_length=32, blank=True, default="")
    manager_userid = models.CharField(
        _("Manager"), max_length=64, blank=True, default=""
    )
    attributes = models.JSONField(default=dict, blank=True)
    words = models.GeneratedField(
        expression=Folded(
            Concat(
                *(F("name"), Value("\x1f"), F("title"), Value("\x1f")),
                *(F("job_number"), Value("\x1f"), F("email")),
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )
    """What a search looks into, in one text: one LIKE instead of four (measured)."""
    fingerprint = models.TextField(blank=True, default="")
    """Content hash per gate group, as sync.plan makes it."""
    read_number = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    """When the personal values of somebody who had left were erased."""

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        constraints = [
            models.UniqueConstraint(
                fields=["idp", "userid"],
                name="employee_unique",
                condition=~Q(status="left"),
            )
        ]
        indexes = [
            models.Index(fields=["idp", "userid"], name="employee_userid"),
            models.Index(fields=["idp", "unionid"], name="employee_unionid"),
            models.Index(
                fields=["idp", "status", "name", "id"], name="employee_by_name"
            ),
        ]

    def __str__(self) -> str:
        """No name: the audit trail keeps this, and nothing of it is ever erased."""
        return self.userid


class Membership(models.Model):
    """An employee in a department, with the place in its list and the leader flag.

    `order` is a signed 64-bit number of the vendor's; None when it was not read.
    """

    employee = models.ForeignKey(
        Employee, on_delete=models.CASCADE, related_name="memberships"
    )
    department = models.ForeignKey(
        Department, on_delete=models.CASCADE, related_name="memberships"
    )
    order = models.BigIntegerField(null=True, blank=True)
    leader = models.BooleanField(null=True, blank=True)
    read_number = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "department"], name="membership_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.employee_id} in {self.department_id}"
