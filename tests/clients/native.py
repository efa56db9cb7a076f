"""A native client as RFC 8252 wants it: Authlib, PKCE, and a loopback address on whatever
port was free."""

import http.server
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.clients.walking import Browser

LONGEST = 15.0
REGISTERED = "http://127.0.0.1/callback"
"""Without a port: any will do (RFC 8252, 7.3)."""


class Refused(Exception):
    """The client does not believe what it got."""


class Native:
    """One installed client of one person."""

    def __init__(self, issuer: str, client_id: str) -> None:
        self._http = requests.Session()
        self._http.trust_env = False
        address = f"{issuer}/.well-known/openid-configuration"
        self.provider: dict[str, Any] = self._http.get(address, timeout=LONGEST).json()
        self.client_id = client_id
        self.tokens: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}

    def log_on(self, browser: Browser) -> None:
        """Have the person log on in their browser, and take what comes back."""
        with _listening() as (port, answers):
            session = self._session(f"http://127.0.0.1:{port}/callback")
            verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
            address, state = session.create_authorization_url(
                self.provider["authorization_endpoint"],
                code_verifier=verifier,
                nonce=nonce,
            )
            self._agree(browser, browser.open(address))
            answer = answers[-1]
        given = parse_qs(urlsplit(answer).query)
        if given.get("state") != [state] or given.get("iss") != [self.issuer]:
            raise Refused(answer)
        self.tokens = session.fetch_token(
            self.provider["token_endpoint"],
            authorization_response=answer,
            code_verifier=verifier,
            state=state,
        )
        self.claims = self.believe(self.tokens["id_token"], nonce)

    @property
    def issuer(self) -> str:
        """Who the provider says it is."""
        return str(self.provider["issuer"])

    def believe(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token; raises Refused for one that is not ours."""
        keys = self._http.get(self.provider["jwks_uri"], timeout=LONGEST).json()
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            token = jwt.decode(id_token, KeySet.import_key_set(keys), ["RS256"])
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise Refused(type(error).__name__) from error
        return dict(token.claims)

    def me(self) -> requests.Response:
        """Ask who the person is."""
        access = f"Bearer {self.tokens['access_token']}"
        address, headers = self.provider["userinfo_endpoint"], {"Authorization": access}
        return self._http.get(address, headers=headers, timeout=LONGEST)

    def refresh(self) -> requests.Response:
        """Ask for new tokens; they are kept if they come."""
        answer = self._http.post(
            self.provider["token_endpoint"],
            data={
                "grant_type": "refresh_token",
                "refresh_token": self.tokens["refresh_token"],
                "client_id": self.client_id,
            },
            timeout=LONGEST,
        )
        if answer.ok:
            self.tokens |= answer.json()
        return answer

    def _session(self, redirect_uri: str) -> OAuth2Session:
        session = OAuth2Session(
            self.client_id,
            scope="openid profile org",
            redirect_uri=redirect_uri,
            token_endpoint_auth_method="none",
            code_challenge_method="S256",
            default_timeout=LONGEST,
        )
        session.trust_env = False
        return session

    def _agree(self, browser: Browser, seen: Any) -> None:
        """Press the button of the page that asks whether the application may."""
        if not seen.url.startswith(self.provider["authorization_endpoint"]):
            return
        browser.press(seen, "decision", "allow")


@contextmanager
def _listening() -> Iterator[tuple[int, list[str]]]:
    """A loopback server on a free port, and the addresses that browsers opened there."""
    answers: list[str] = []

    class Callback(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.append(f"http://127.0.0.1{self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"You may close this page.")

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], answers
    finally:
        server.shutdown()
        server.server_close()
