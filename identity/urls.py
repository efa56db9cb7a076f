"""Addresses of the identity app: Create IdP, the wizard's steps, Edit, Show as file."""

from django.urls import path

from identity.views import (
    drafts,
    edit,
    events,
    file,
    logon,
    scope,
    testing,
    wizard,
)

app_name = "identity"

urlpatterns = [
    path("identity/new/", wizard.create, name="create"),
    path("identity/<uuid:idp_id>/setup/basic/", wizard.basic, name="setup-basic"),
    path("identity/<uuid:idp_id>/setup/basic/save/", drafts.save, name="setup-save"),
    path("identity/<uuid:idp_id>/setup/discard/", drafts.discard, name="discard"),
    path("identity/<uuid:idp_id>/setup/test/", testing.test, name="setup-test"),
    path("identity/<uuid:idp_id>/setup/sync/", scope.sync, name="setup-sync"),
    path(
        "identity/<uuid:idp_id>/setup/sync/departments/",
        scope.departments,
        name="departments",
    ),
    path("identity/<uuid:idp_id>/setup/sync/search/", scope.search, name="search"),
    path("identity/<uuid:idp_id>/setup/sync/effect/", scope.effect, name="effect"),
    path("identity/<uuid:idp_id>/setup/sync/sample/", scope.sample, name="sample"),
    path("identity/<uuid:idp_id>/setup/events/", events.events, name="setup-events"),
    path("identity/<uuid:idp_id>/edit/", edit.edit, name="edit"),
    path("identity/<uuid:idp_id>/file/", file.show, name="file"),
    path("identity/<uuid:idp_id>/file/download/", file.download, name="file-download"),
    path("open-dev/<slug:kind>", logon.back, name="logon-return"),
    path("ui/<str:name>/", logon.in_app, name="in-app"),
]
