"""An application as a test drives it: asks, is sent back, redeems, reads what it got."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from identity.models import Application

AUTHORIZE, TOKEN, USERINFO = "/o/authorize/", "/o/token/", "/o/userinfo/"
INTROSPECT, REVOKE = "/o/introspect/", "/o/revoke_token/"
DISCOVERY, KEYS = "/o/.well-known/openid-configuration", "/o/.well-known/jwks.json"
FORM = "application/x-www-form-urlencoded"


def challenge_of(verifier: str) -> str:
    """S256 of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def basic(client_id: str, secret: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def query_of(response: Any) -> dict[str, str]:
    """The parameters that a redirect carries, each of them once."""
    assert response.status_code == 302, response.content
    parsed = parse_qs(urlsplit(response["Location"]).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in parsed.values()), parsed
    return {name: values[0] for name, values in parsed.items()}


def sent_to(response: Any, uri: str) -> bool:
    """Whether a redirect goes to this address."""
    location = response.headers.get("Location", "")
    return bool(response.status_code == 302 and location.partition("?")[0] == uri)


@dataclass
class Relying:
    """An application with its secret, and a browser-less client of its own."""

    application: Application
    secret: str = ""
    redirect_uri: str = "https://rp.example/cb"
    http: Client = field(default_factory=Client)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def request(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an authorization request; None leaves one out."""
        asked = {
            "client_id": self.application.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def ask(self, browser: Client, **changes: Any) -> Any:
        """Send a person's browser to the authorization endpoint."""
        return browser.get(AUTHORIZE, self.request(**changes))

    def code(self, browser: Client, **changes: Any) -> str:
        """The code that comes back."""
        return query_of(self.ask(browser, **changes))["code"]

    def post(self, address: str, data: dict[str, Any], **more: Any) -> Any:
        """A call of the application's server, with its proof."""
        form = {"client_id": self.application.client_id, **data}
        if self.secret:
            form["client_secret"] = self.secret
        return self.http.post(address, _body(form), content_type=FORM, **more)

    def redeem(self, code: str, **changes: Any) -> Any:
        """Ask for tokens for a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **changes,
        }
        return self.post(TOKEN, {k: v for k, v in form.items() if v is not None})

    def refresh(self, token: str, **changes: Any) -> Any:
        """Ask for tokens for a refresh token."""
        return self.post(
            TOKEN, {"grant_type": "refresh_token", "refresh_token": token, **changes}
        )

    def tokens(self, browser: Client, **changes: Any) -> dict[str, Any]:
        """The whole way: what the token endpoint answers."""
        response = self.redeem(self.code(browser, **changes))
        assert response.status_code == 200, response.content
        return dict(response.json())

    def userinfo(self, access_token: str) -> Any:
        """Ask who it is."""
        return self.http.get(
            USERINFO, headers={"Authorization": f"Bearer {access_token}"}
        )

    def introspect(self, token: str) -> Any:
        """Ask what a token is worth."""
        return self.post(INTROSPECT, {"token": token})

    def verified(self, id_token: str) -> dict[str, Any]:
        """The claims of an ID token, verified with the published keys by its `kid`."""
        keys = {one["kid"]: one for one in self.http.get(KEYS).json()["keys"]}
        header = json.loads(_decoded(id_token.split(".")[0]))
        assert header["alg"] == "RS256"
        key = JWK(**keys[header["kid"]])
        claims = json.loads(JWT(jwt=id_token, key=key, algs=["RS256"]).claims)
        assert claims["aud"] == self.application.client_id
        return dict(claims)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _body(form: dict[str, Any]) -> str:
    return urlencode(form, doseq=True)
