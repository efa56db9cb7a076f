"""Every address of the product; the apps bring their own lists."""

from django.contrib import admin
from django.urls import include, path

from identity.views import accounts, provider
from sasebridge import health

handler400 = "sasebridge.refusals.bad_request"
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/login/", accounts.admin_logon),
    path("admin/logout/", accounts.LogOff.as_view()),
    path("admin/password_change/", accounts.admin_password),
    path("admin/", admin.site.urls),
    path("o/", include("identity.provider_urls")),
    path(
        ".well-known/oauth-authorization-server/o",
        provider.discovery,
        name="oauth-server-metadata",
    ),
    path("", include("sasebridge.console.urls")),
    path("", include("identity.urls")),
    path("", include("sync.urls")),
]
