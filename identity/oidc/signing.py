"""Signs JWTs with the enterprise's key, and reads those that it signed."""

import json
from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from jwcrypto.jwt import JWT

from identity.models import SigningKey

LONGEST = 8192


def sign(claims: dict[str, Any], kind: str = "JWT") -> str:
    """The claims as a signed JWT, under the `kid` that the key set shows."""
    key = SigningKey.signing()
    header = {"typ": kind, "alg": SigningKey.ALGORITHM, "kid": key.kid}
    token = JWT(header=header, claims=claims)
    token.make_signed_token(key.private())
    signed: str = token.serialize()
    return signed


def read(token: str) -> dict[str, Any] | None:
    """The claims of a JWT that a published key of ours signed, expired or not.

    None for anything else: another algorithm, another key, a changed word.
    """
    if len(token) > LONGEST or token.count(".") != 2:
        return None
    try:
        key = _key_of(token)
        if key is None:
            return None
        opened = JWT(jwt=token, key=key, algs=[SigningKey.ALGORITHM], check_claims={})
        claims: dict[str, Any] = json.loads(opened.claims)
    except (JWException, ValueError, TypeError, RecursionError):
        return None
    return claims


def _key_of(token: str) -> JWK | None:
    """The published key that the header names."""
    unread = JWS()
    unread.deserialize(token)
    kid = unread.jose_header.get("kid")
    for key in SigningKey.published():
        if key.kid == kid:
            return JWK(**key.public())
    return None
