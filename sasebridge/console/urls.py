"""Addresses of pages that show both apps, of the logon, and of language and theme."""

from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from identity.views import accounts, second_step
from sasebridge.console.views import (
    choices,
    dashboard,
    idps,
    logons,
    removal,
    running,
    settings,
    troubleshoot,
)

console = [
    path("", dashboard.dashboard, name="dashboard"),
    path("identity/", idps.idps, name="idps"),
    path("identity/<uuid:idp_id>/", idps.overview, name="overview"),
    path("identity/<uuid:idp_id>/delete/", removal.delete, name="delete"),
    path(
        "identity/<uuid:idp_id>/troubleshoot/",
        troubleshoot.troubleshoot,
        name="troubleshoot",
    ),
    path(
        "identity/<uuid:idp_id>/test-logon/",
        troubleshoot.test_logon,
        name="test-logon",
    ),
    path("logons/", logons.logons, name="logons"),
    path("logons/<slug:trace_id>/", logons.logon, name="logon"),
    path("settings/", settings.general, name="settings"),
    path("settings/identifier/", settings.identifier, name="identifier"),
    path("running/", running.running, name="running"),
    path("choices/theme/", choices.theme, name="theme"),
]
urlpatterns = [
    path("favicon.ico", RedirectView.as_view(url=static("img/logo.svg"))),
    path("", include((console, "console"))),
    path("choices/language/", choices.language, name="set_language"),
    path("accounts/login/", accounts.Logon.as_view(), name="login"),
    path("accounts/login/code/", second_step.code, name="login-code"),
    path("accounts/logout/", accounts.LogOff.as_view(), name="logout"),
]
