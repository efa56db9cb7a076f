"""What an application's page says: the values to paste, an example, causes in words."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from identity.models import Application


@dataclass(frozen=True, slots=True)
class Value:
    """A value to copy; `key` names it in the page."""

    key: str
    label: str
    value: str
    hint: str = ""


EXAMPLE = """\
OIDCProviderMetadataURL {discovery}
OIDCClientID {client_id}
OIDCClientSecret "exec:/bin/cat /etc/apache2/oidc-secret"
OIDCRedirectURI {redirect}
OIDCCryptoPassphrase "exec:/bin/cat /etc/apache2/oidc-passphrase"
OIDCPKCEMethod S256
OIDCScope "openid profile email"
OIDCRemoteUserClaim sub

<Location "/">
    AuthType openid-connect
    Require valid-user
</Location>
"""


def issuer() -> str:
    """Who we are to applications."""
    return str(settings.OAUTH2_PROVIDER["OIDC_ISS_ENDPOINT"])


def discovery() -> str:
    """Where an application reads everything else (OpenID Connect Discovery 4)."""
    return f"{issuer()}/.well-known/openid-configuration"


def values_for(application: Application) -> list[Value]:
    """What to paste; most programs need the first three only."""
    base = issuer()
    return [
        Value("client-id", _("Client ID"), application.client_id),
        Value("issuer", _("Issuer"), base),
        Value(
            "discovery",
            _("Discovery address"),
            discovery(),
            _("Programs that read it need none of the addresses below."),
        ),
        Value("authorize", _("Authorization endpoint"), f"{base}/authorize/"),
        Value("token", _("Token endpoint"), f"{base}/token/"),
        Value("userinfo", _("UserInfo endpoint"), f"{base}/userinfo/"),
        Value("keys", _("Key set (JWKS)"), f"{base}/.well-known/jwks.json"),
        Value("logout", _("Log off endpoint"), f"{base}/logout/"),
    ]


def example_for(application: Application) -> str:
    """The configuration of Apache's mod_auth_openidc; "" for a program on a device."""
    if application.preset != Application.Preset.WEB:
        return ""
    return EXAMPLE.format(
        discovery=discovery(),
        client_id=application.client_id,
        redirect=next(iter(application.redirect_uris.split()), ""),
    )


def cause_of(error: str) -> Any:
    """Why a logout notice could not be delivered: words for `LogoutNotice.error`."""
    kind, _colon, fact = error.partition(":")
    words = {
        "address": _(
            "its back-channel logout address is not one that this server may call"
        ),
        "private": _(
            "its host is in a private network (%(fact)s). If that is meant, name the "
            "host in the setting LOGOUT_PRIVATE_HOSTS"
        ),
        "name": _("its host name could not be resolved"),
        "connect": _("no connection could be made"),
        "tls": _("its certificate was not accepted (%(fact)s)"),
        "timeout": _("it did not answer within 5 seconds"),
        "status": _("it answered with status %(fact)s instead of 200 or 204"),
        "size": _("its answer was longer than 64 KiB"),
        "answer": _("its answer was not HTTP, or broke off"),
        "stopped": _("the worker that called it was stopped"),
    }
    return words.get(kind, error) % {"fact": fact}
