"""Codes and refresh tokens into tokens: the two grants that there are, by oauthlib."""

import json
import secrets
from typing import Any

from django.db import transaction
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid.connect.core.grant_types.authorization_code import (
    AuthorizationCodeGrant,
)
from oauthlib.openid.connect.core.grant_types.refresh_token import RefreshTokenGrant

from identity.models import Application
from identity.oidc.answers import Refusal
from identity.oidc.validator import validator

GRANTS = {
    "authorization_code": AuthorizationCodeGrant,
    "refresh_token": RefreshTokenGrant,
}
READS = {
    "authorization_code": ("code", "redirect_uri", "code_verifier"),
    "refresh_token": ("refresh_token", "scope"),
}


def exchange(
    application: Application, given: dict[str, str], address: str = ""
) -> dict[str, Any]:
    """The token answer for a form of this application, sent from this network address;
    raises Refusal.

    A refusal commits what it found out: a reuse ends what the first use gave out.
    """
    kind = given.get("grant_type", "")
    if not kind:
        raise Refusal("invalid_request", "grant_type is missing.")
    if kind not in GRANTS:
        raise Refusal("unsupported_grant_type")
    asked = validator()
    read = [(name, given[name]) for name in READS[kind] if name in given]
    request = Request(
        "/", "POST", [*read, ("grant_type", kind), ("client_id", application.client_id)]
    )
    request.client, request.address = application, address
    bearer = BearerToken(
        asked,
        _access_token,
        oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS,
        _refresh_token,
    )
    try:
        with transaction.atomic():
            _, body, status = GRANTS[kind](asked).create_token_response(request, bearer)
    except OAuth2Error as error:
        raise Refusal(error.error, error.description or "") from None
    answer: dict[str, Any] = json.loads(body)
    if status != 200:
        raise Refusal(answer["error"], answer.get("error_description", ""))
    return answer


def _access_token(request: Request) -> str:
    return f"sba_{secrets.token_urlsafe(32)}"


def _refresh_token(request: Request) -> str:
    return f"sbr_{secrets.token_urlsafe(32)}"
