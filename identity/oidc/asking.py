"""What an application asks for at the authorization endpoint (Core 3.1.2.1, RFC 7636).

The application and its address are judged first. Until both hold, an error is a page of
ours (`Wrong`); from then on it goes back to the application (`Declined`, T-21).
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from oauth2_provider.settings import oauth2_settings

from identity.models import Application
from identity.oidc import signing
from identity.oidc.parameters import Unreadable, one

PROMPTS = ("none", "login", "consent", "select_account")
# PKCE's S256 is the SHA-256 of the verifier in base64url: 43 characters, no others.
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
SECONDS = re.compile(r"[0-9]{1,9}")
LIMITS = {"state": 2048, "nonce": 255, "scope": 1000, "claims": 4096}
NOT_SUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
KNOWN = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state"),
    *("nonce", "code_challenge", "code_challenge_method", "prompt", "max_age"),
    *("id_token_hint", "claims", "display", "ui_locales", "claims_locales"),
    *("login_hint", "acr_values", *NOT_SUPPORTED),
)


class Wrong(Exception):
    """Nobody can be sent back: the application or its address is not known."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Place:
    """Where answers go: an address that this application has registered."""

    application: Application
    redirect_uri: str
    state: str = ""

    def with_answer(self, **answer: str) -> str:
        """The address with an answer, our name (RFC 9207), and the state as it came."""
        answer["iss"] = oauth2_settings.OIDC_ISS_ENDPOINT
        if self.state:
            answer["state"] = self.state
        mark = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{mark}{urlencode(answer)}"


class Declined(Exception):
    """The application is told why it gets no code."""

    def __init__(self, place: Place, error: str, description: str = "") -> None:
        super().__init__(error)
        self.place = place
        self.error = error
        self.description = description

    @property
    def url(self) -> str:
        """Where its person is sent."""
        answer = {"error": self.error}
        if self.description:
            answer["error_description"] = self.description
        return self.place.with_answer(**answer)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is in order. `subjects` are whom the application expects."""

    place: Place
    scopes: tuple[str, ...]
    code_challenge: str
    nonce: str
    prompts: frozenset[str]
    max_age: int | None
    subjects: frozenset[str]


def read(data: QueryDict) -> Asked:
    """The request that these parameters make; raises Wrong or Declined."""
    place = _place(data)
    try:
        state = one(data, "state")
    except Unreadable as unreadable:
        raise Declined(place, "invalid_request", str(unreadable)) from None
    if len(state) > LIMITS["state"]:
        raise Declined(place, "invalid_request", "state is too long")
    return _Reader(Place(place.application, place.redirect_uri, state), data).asked()


def _place(data: QueryDict) -> Place:
    """The application and its address, and nothing else."""
    try:
        client_id, uri = one(data, "client_id"), one(data, "redirect_uri")
    except Unreadable as unreadable:
        raise Wrong(unreadable.name) from None
    application = Application.objects.filter(client_id=client_id).first()
    if application is None or not application.enabled:
        raise Wrong("client_id")
    if not uri or not application.redirect_uri_allowed(uri):
        raise Wrong("redirect_uri")
    return Place(application, uri)


class _Reader:
    """Reads the rest; every problem goes back to the application."""

    def __init__(self, place: Place, data: QueryDict) -> None:
        self.place = place
        self.data = data

    def asked(self) -> Asked:
        """All of it, in order."""
        given = {name: self._value(name) for name in data_names(self.data)}
        for name, error in NOT_SUPPORTED.items():
            if given.get(name):
                raise Declined(self.place, error)
        self._check_response(given)
        claims = self._claims(given.get("claims", ""))
        return Asked(
            place=self.place,
            scopes=self._scopes(given.get("scope", "")),
            code_challenge=self._challenge(given),
            nonce=given.get("nonce", ""),
            prompts=self._prompts(given.get("prompt", "")),
            max_age=self._max_age(given.get("max_age", "")),
            subjects=self._subjects(given.get("id_token_hint", ""), claims),
        )

    def _value(self, name: str) -> str:
        try:
            value = one(self.data, name)
        except Unreadable as unreadable:
            raise self._invalid(str(unreadable)) from None
        if len(value) > LIMITS.get(name, signing.LONGEST):
            raise self._invalid(f"{name} is too long")
        return value

    def _invalid(self, why: str, error: str = "invalid_request") -> Declined:
        return Declined(self.place, error, why)

    def _check_response(self, given: dict[str, str]) -> None:
        kind = given.get("response_type", "")
        if not kind:
            raise self._invalid("response_type is missing")
        if kind != "code":
            raise self._invalid("only code", "unsupported_response_type")
        if given.get("response_mode", "") not in ("", "query"):
            raise self._invalid("response_mode can only be query")

    def _scopes(self, scope: str) -> tuple[str, ...]:
        """Those that there are (Core 3.1.2.1 lets others be ignored)."""
        asked = scope.split() or list(oauth2_settings.DEFAULT_SCOPES)
        if "openid" not in asked:
            raise self._invalid("openid is missing", "invalid_scope")
        return tuple(known for known in oauth2_settings.SCOPES if known in asked)

    def _challenge(self, given: dict[str, str]) -> str:
        challenge = given.get("code_challenge", "")
        if given.get("code_challenge_method", "") != "S256":
            raise self._invalid("code_challenge_method must be S256")
        if not CHALLENGE.fullmatch(challenge):
            raise self._invalid("code_challenge must be 43 characters of base64url")
        return challenge

    def _prompts(self, prompt: str) -> frozenset[str]:
        prompts = frozenset(prompt.split())
        if not prompts <= set(PROMPTS):
            raise self._invalid("an unknown prompt")
        if "none" in prompts and len(prompts) > 1:
            raise self._invalid("prompt none stands alone")
        return prompts

    def _max_age(self, max_age: str) -> int | None:
        if not max_age:
            return None
        if not SECONDS.fullmatch(max_age):
            raise self._invalid("max_age must be a number of seconds")
        return int(max_age)

    def _claims(self, claims: str) -> dict[str, Any]:
        """The claims parameter: which claims there are, scopes decide."""
        try:
            parsed = json.loads(claims or "{}")
        except (ValueError, RecursionError):
            raise self._invalid("claims is not JSON") from None
        if not isinstance(parsed, dict):
            raise self._invalid("claims must be an object")
        return parsed

    def _subjects(self, hint: str, claims: dict[str, Any]) -> frozenset[str]:
        """Whom a hint and the claim `sub` name (Core 3.1.2.1 and 5.5.1)."""
        named = set()
        if hint:
            known = signing.read(hint)
            if known is None or not self._is_for_it(known):
                raise self._invalid("id_token_hint is no ID token of yours")
            named.add(str(known["sub"]))
        for part in ("id_token", "userinfo"):
            wanted = claims.get(part)
            sub = wanted.get("sub") if isinstance(wanted, dict) else None
            if isinstance(sub, dict) and "value" in sub:
                named.add(str(sub["value"]))
        return frozenset(named)

    def _is_for_it(self, claims: dict[str, Any]) -> bool:
        """Whether it is an ID token (no logout token) of this application."""
        return (
            claims.get("aud") == self.place.application.client_id
            and claims.get("iss") == oauth2_settings.OIDC_ISS_ENDPOINT
            and "sub" in claims
            and "events" not in claims
        )


def data_names(data: QueryDict) -> list[str]:
    """The parameters of a request that mean something."""
    return [name for name in KNOWN if name in data]
