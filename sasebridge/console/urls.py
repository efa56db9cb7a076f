"""Addresses of pages that show both apps, of the logon, and of language and theme."""

from django.urls import include, path

from identity.views import accounts
from sasebridge.console.views import choices, dashboard, idps, settings

console = [
    path("", dashboard.dashboard, name="dashboard"),
    path("identity/", idps.idps, name="idps"),
    path("identity/<uuid:idp_id>/", idps.overview, name="overview"),
    path("settings/", settings.general, name="settings"),
    path("choices/theme/", choices.theme, name="theme"),
]
urlpatterns = [
    path("", include((console, "console"))),
    path("choices/language/", choices.language, name="set_language"),
    path("accounts/login/", accounts.Logon.as_view(), name="login"),
    path("accounts/logout/", accounts.LogOff.as_view(), name="logout"),
]
