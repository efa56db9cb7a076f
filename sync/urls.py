"""Addresses of the directory and the runs."""

from django.urls import path

from sync.views import (
    alert_robots,
    alerts,
    commands,
    decisions,
    directory,
    employee,
    event_commands,
    events,
    explain,
    export,
    home,
    kept,
    limits,
    receive,
    records,
    runs,
)

app_name = "sync"
urlpatterns = [
    path("directory/", directory.directory, name="directory"),
    path("directory/branch/", directory.branch, name="branch"),
    path("directory/branches/", directory.branches, name="branches"),
    path("directory/export/", export.export, name="export"),
    path("directory/d/<int:department_id>/", directory.department, name="department"),
    path("directory/u/<int:employee_id>/", employee.employee, name="employee"),
    path("directory/u/<int:employee_id>/access/", explain.access, name="access"),
    path("sync/runs/", records.records, name="runs"),
    path("sync/runs/<int:run_id>/", runs.run, name="run"),
    path("sync/runs/<int:run_id>/progress/", runs.progress, name="progress"),
    path("sync/runs/<int:run_id>/undo/", commands.undo, name="undo"),
    path("sync/runs/<int:run_id>/cancel/", commands.cancel, name="cancel"),
    path("sync/runs/<int:run_id>/leave-out/", decisions.leave_out, name="leave-out"),
    path("sync/runs/<int:run_id>/approve/", decisions.approve, name="approve"),
    path("sync/runs/<int:run_id>/refuse/", decisions.refuse, name="refuse"),
    path("identity/<uuid:idp_id>/guard/", limits.guard, name="guard"),
    path("identity/<uuid:idp_id>/kept/", kept.kept, name="kept"),
    path(
        "identity/<uuid:idp_id>/kept/<int:kept_id>/release/",
        kept.release,
        name="release",
    ),
    path("sync/events/", events.events, name="events"),
    path("sync/events/again/", event_commands.again_all, name="events-again"),
    path("sync/events/<int:event_id>/", events.event, name="event"),
    path("sync/events/<int:event_id>/again/", event_commands.again, name="event-again"),
    path("sync/events/<int:event_id>/body/", event_commands.body, name="event-body"),
    path(
        "sync/events/<uuid:idp_id>/approve/",
        event_commands.approve,
        name="events-approve",
    ),
    path("sync/idp/<uuid:idp_id>/start/", commands.start, name="start"),
    # Any text: what names no IdP is answered as a forged push to one is.
    path("events/<slug:kind>/<str:idp_id>/", receive.receive, name="receive"),
    path("settings/alerts/", alerts.show, name="alerts"),
    path("settings/alerts/test/", alerts.test, name="alerts-test"),
    path("settings/alerts/<int:delivery_id>/again/", alerts.again, name="alert-again"),
    path("settings/alerts/robots/<slug:kind>/", alert_robots.robot, name="alert-robot"),
    path(
        "settings/alerts/robots/<slug:kind>/remove/",
        alert_robots.remove,
        name="alert-robot-remove",
    ),
    path("client/home/", home.home, name="home"),
    path("client/home/end/", home.end, name="home-end"),
    path("client/logoff/", home.log_off, name="log-off"),
]
