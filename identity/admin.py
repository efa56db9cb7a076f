"""Django's admin for administrators: console accounts; everything else to look at."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from identity import audit, sessions
from identity.models import (
    AccessToken,
    Application,
    AuditEvent,
    ConnectionReport,
    Enterprise,
    Grant,
    IdentityProvider,
    IDToken,
    LogonSession,
    RefreshToken,
    User,
)
from identity.proof import asked_first

admin.site.site_header = admin.site.site_title = "sasebridge"
admin.site.index_title = _("Accounts and records")
# Second factors have pages of their own; these would show and take keys.
admin.site.unregister((StaticDevice, TOTPDevice))
# So do applications; a token made by hand would be somebody's logon without them.
admin.site.unregister((Application, Grant, AccessToken, RefreshToken, IDToken))
admin.site.unregister(Group)  # roles say what an account may do; groups would not count


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Rows to look at: what changes them stands in the console or in the engine."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False


class AccountForm(UserChangeForm):  # type: ignore[type-arg]
    """An account; the console keeps at least one administrator."""

    def clean(self) -> dict[str, Any]:
        """Refuse to demote or close the last administrator."""
        cleaned = super().clean() or {}
        stays = cleaned.get("role") == User.Role.ADMINISTRATOR and cleaned.get(
            "is_active"
        )
        others = User.objects.filter(
            role=User.Role.ADMINISTRATOR, is_active=True
        ).exclude(pk=self.instance.pk)
        was = User.objects.filter(
            pk=self.instance.pk, role=User.Role.ADMINISTRATOR
        ).exists()
        if was and not stays and not others.exists():
            raise ValidationError(
                _("This is the last administrator. Make another one first.")
            )
        return cleaned


@admin.register(User)
class AccountAdmin(auth_admin.UserAdmin):  # type: ignore[type-arg]
    """Create staff, reset passwords, change roles. Accounts are closed, not deleted."""

    form = AccountForm
    list_display = ("username", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "email")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "role", "is_active")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    "username",
                    "role",
                    "usable_password",
                    "password1",
                    "password2",
                ),
            },
        ),
    )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A role gives or takes all access, so the password is asked for first (T-48)."""
        asked = asked_first(request)
        return asked or super().changeform_view(
            request, object_id, form_url, extra_context
        )

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """So does somebody's password."""
        if asked := asked_first(request):
            return asked
        key = request.session.session_key
        response = super().user_change_password(request, id, form_url)
        if request.session.session_key != key:
            sessions.follow(request, key)  # it was one's own password
        return response

    def save_model(
        self, request: HttpRequest, obj: User, form: Any, change: bool
    ) -> None:
        """Who is closed, or gets another role, has no session left: else their old ones
        would be open again once that is taken back (T-16)."""
        super().save_model(request, obj, form, change)
        if change and {"role", "is_active"} & set(form.changed_data):
            rows = LogonSession.objects.filter(account=obj)
            sessions.end(rows, sessions.ACCOUNT)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Who is added here by hand is staff more often than anything else."""
        return {"role": User.Role.STAFF}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The audit trail keeps pointing at accounts."""
        return False

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Django's history, and the audit trail."""
        self._audit("account.create", request, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Django's history, and the audit trail; also after a password reset."""
        self._audit("account.change", request, obj, message)
        return super().log_change(request, obj, message)

    def _audit(
        self, action: str, request: HttpRequest, obj: Model, message: Any
    ) -> None:
        """Write down which fields changed and the role; values of no other field."""
        if isinstance(obj, User) and isinstance(request.user, User):
            audit.record(
                action,
                by=request.user,
                target=obj,
                detail={"role": obj.role, "message": message},
                request=request,
            )


@admin.register(IdentityProvider)
class IdentityProviderAdmin(ReadOnlyAdmin):
    """IdPs as rows; their secrets are not registered and never shown."""

    list_display = ("__str__", "kind", "status", "confirmed_at", "updated_at")
    list_filter = ("kind", "status")
    search_fields = ("name", "description")


@admin.register(ConnectionReport)
class ConnectionReportAdmin(ReadOnlyAdmin):
    """Connectivity tests."""

    list_display = ("__str__", "idp", "passed", "started_at")
    list_select_related = ("idp",)
    list_filter = ("passed",)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what to what, when, from where."""

    list_display = ("at", "actor_name", "action", "target_label", "address")
    list_filter = ("action",)
    search_fields = ("actor_name", "target_label", "target_id")
    date_hierarchy = "at"


@admin.register(Enterprise)
class EnterpriseAdmin(ReadOnlyAdmin):
    """The company; it is edited in the console's settings."""

    list_display = ("__str__", "identifier")
