"""What the provider says of itself: configuration and keys, for anyone, from anywhere."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from oauth2_provider.settings import oauth2_settings

from identity.models import SigningKey
from identity.oidc import asking
from identity.oidc.validator import validator

# Below the time that a new key is shown before it signs (SigningKey.AHEAD).
KEPT = "public, max-age=300"
ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "userinfo_endpoint": "user-info",
    "introspection_endpoint": "introspect",
    "revocation_endpoint": "revoke-token",
    "end_session_endpoint": "rp-initiated-logout",
    "jwks_uri": "jwks-info",
}
METHODS = ["client_secret_basic", "client_secret_post"]


@require_safe
def discovery(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0 and RFC 8414: what is true here, and no more."""
    return _public(configuration())


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The key set (RFC 7517): every key that signs, will sign, or lately signed."""
    return _public({"keys": [key.public() for key in SigningKey.published()]})


def configuration() -> dict[str, Any]:
    """The provider's metadata."""
    addresses = {
        name: f"{settings.PUBLIC_URL}{reverse(f'oauth2_provider:{view}')}"
        for name, view in ENDPOINTS.items()
    }
    return {
        "issuer": oauth2_settings.OIDC_ISS_ENDPOINT,
        **addresses,
        "scopes_supported": list(oauth2_settings.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [SigningKey.ALGORITHM],
        "token_endpoint_auth_methods_supported": [*METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_methods_supported": [*METHODS, "none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(asking.PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            *(
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "sid",
                "at_hash",
            ),
            *validator().claims_told,
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def _public(body: dict[str, Any]) -> HttpResponse:
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": KEPT}
    return JsonResponse(body, headers=headers)
