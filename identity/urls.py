"""Addresses of the identity app: Create IdP, the wizard's steps, Edit, Show as file, and
where employees log on."""

from django.urls import path

from identity.views import (
    application_acts,
    applications,
    client,
    drafts,
    edit,
    events,
    file,
    logon,
    scope,
    second_factors,
    security,
    signing_keys,
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
    path("identity/<uuid:idp_id>/setup/sync/compare/", scope.compare, name="compare"),
    path("identity/<uuid:idp_id>/setup/sync/sample/", scope.sample, name="sample"),
    path("identity/<uuid:idp_id>/setup/events/", events.events, name="setup-events"),
    path("identity/<uuid:idp_id>/edit/", edit.edit, name="edit"),
    path("identity/<uuid:idp_id>/file/", file.show, name="file"),
    path("identity/<uuid:idp_id>/file/download/", file.download, name="file-download"),
    path("account/security/", security.security, name="security"),
    path("account/password/", security.password, name="password"),
    path("account/sessions/end/", security.end_session, name="session-end"),
    path("account/second-factor/", security.enrol, name="second-factor"),
    path("account/second-factor/off/", security.remove, name="second-factor-off"),
    path("account/second-factor/kept/", security.kept, name="codes-kept"),
    path("account/second-factor/codes/", security.new_codes, name="codes-new"),
    path(
        "settings/second-factors/", second_factors.second_factors, name="second-factors"
    ),
    path(
        "settings/second-factors/<int:account_id>/reset/",
        second_factors.reset,
        name="second-factor-reset",
    ),
    path("open-dev/<slug:kind>", logon.back, name="logon-return"),
    path("ui/<str:name>/", logon.in_app, name="in-app"),
    path("settings/applications/", applications.applications, name="applications"),
    path("settings/applications/new/", applications.choose, name="application-new"),
    path(
        "settings/applications/new/<slug:preset>/",
        applications.create,
        name="application-create",
    ),
    path("settings/applications/<int:pk>/", applications.show, name="application"),
    path(
        "settings/applications/<int:pk>/edit/",
        applications.edit,
        name="application-edit",
    ),
    path(
        "settings/applications/<int:pk>/switch/",
        application_acts.switch,
        name="application-switch",
    ),
    path(
        "settings/applications/<int:pk>/secret/",
        application_acts.secret,
        name="application-secret",
    ),
    path(
        "settings/applications/<int:pk>/delete/",
        application_acts.delete,
        name="application-delete",
    ),
    path("settings/keys/", signing_keys.signing_keys, name="signing-keys"),
    path("settings/keys/rotate/", signing_keys.rotate, name="rotate-key"),
    path("client/", client.client, name="client"),
    path("client/forget/", client.forget, name="client-forget"),
]
