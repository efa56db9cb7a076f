"""Addresses of the OpenID Connect provider at /o/, under the toolkit's names.

No others of the toolkit: no device flow, no registration, no pages of its own.
"""

from django.urls import path

from identity.views import authorize, logout, provider, tokens

app_name = "oauth2_provider"

urlpatterns = [
    path("authorize/", authorize.authorize, name="authorize"),
    path("token/", tokens.token, name="token"),
    path("revoke_token/", tokens.revoke, name="revoke-token"),
    path("introspect/", tokens.introspect, name="introspect"),
    path("userinfo/", tokens.userinfo, name="user-info"),
    path("logout/", logout.logout, name="rp-initiated-logout"),
    path(
        ".well-known/openid-configuration",
        provider.discovery,
        name="oidc-connect-discovery-info",
    ),
    path(".well-known/jwks.json", provider.keys, name="jwks-info"),
]
