"""Django's admin: the directory and its runs, to look at."""

from django.contrib import admin

from identity.admin import ReadOnlyAdmin
from sync.models import Department, Employee, SyncRun


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """Runs with their counts and faults."""

    list_display = ("__str__", "idp", "state", "trigger", "queued_at", "finished_at")
    list_select_related = ("idp",)
    list_filter = ("state", "trigger")


@admin.register(Department)
class DepartmentAdmin(ReadOnlyAdmin):
    """Departments as they were last read."""

    list_display = ("name", "idp", "source_id", "parent_source_id", "total")
    list_select_related = ("idp",)
    search_fields = ("name", "source_id")


@admin.register(Employee)
class EmployeeAdmin(ReadOnlyAdmin):
    """Employees as they were last read."""

    list_display = ("name", "idp", "userid", "status", "changed_at")
    list_select_related = ("idp",)
    list_filter = ("status",)
    search_fields = ("name", "userid", "job_number")
