"""An application asks that a person be logged off (OpenID RP-Initiated Logout 1.0).

The toolkit's view trusts a hint by its person and looks for its row; here a hint counts
for the one session that it names, expired or not, and an application's word for nothing
without one (T-29).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict

from identity.models import Application, LogonSession
from identity.oidc import parameters, signing

KNOWN = (
    "id_token_hint",
    "logout_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)
LONGEST = 4096
"""Characters of all parameters but the hint: they travel in an address."""


class Wrong(Exception):
    """The request is none, so nobody is sent on. `what`: parameter, hint, client, uri."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Ending:
    """What an application asks for. `sid` and `sub` are those of its hint; `onward` is
    where the person goes afterwards, "" for a page of ours."""

    application: Application | None = None
    sid: str = ""
    sub: str = ""
    uri: str = ""
    onward: str = ""

    def is_of(self, session: LogonSession) -> bool:
        """Whether the hint was given out in this session, so that nobody is asked."""
        return (self.sid, self.sub) == (str(session.sid), session.sub)


def single(data: QueryDict) -> dict[str, str]:
    """The parameters, each at most once, and short enough for an address; raises Wrong."""
    try:
        asked = parameters.single(data, KNOWN)
    except parameters.Unreadable as error:
        raise Wrong("parameter") from error
    hint = asked.get("id_token_hint", "")
    others = sum(map(len, asked.values())) - len(hint)
    if len(hint) > signing.LONGEST or others > LONGEST:
        raise Wrong("parameter")
    return asked


def read(data: QueryDict) -> Ending:
    """The request in these parameters; raises Wrong."""
    asked = single(data)
    state = asked.get("state", "")
    claims = _claims(asked.get("id_token_hint", ""))
    application = _application(asked.get("client_id", ""), claims)
    uri = _uri(asked.get("post_logout_redirect_uri", ""), application)
    return Ending(
        application,
        sid=str(claims.get("sid", "")),
        sub=str(claims.get("sub", "")),
        uri=uri,
        onward=_with_state(uri, state),
    )


def _claims(hint: str) -> dict[str, Any]:
    """Of an ID token that we signed with a key that is still published."""
    if not hint:
        return {}
    claims = signing.read(hint)
    ours = settings.OAUTH2_PROVIDER["OIDC_ISS_ENDPOINT"]
    # A logout token bears our signature too, and is no ID token.
    if claims is None or claims.get("iss") != ours or "events" in claims:
        raise Wrong("hint")
    return claims


def _application(client_id: str, claims: dict[str, Any]) -> Application | None:
    """Who asks: as named, and as in the hint. A disabled one may ask for nothing."""
    named = str(claims.get("aud", "")) or client_id
    if client_id and client_id != named:
        raise Wrong("client")
    if not named:
        return None
    try:
        found: Application = Application.objects.get(client_id=named, enabled=True)
    except Application.DoesNotExist:
        raise Wrong("client") from None
    return found


def _uri(uri: str, application: Application | None) -> str:
    """Exactly as registered. Without an application nobody is sent on at all."""
    if not uri or application is None:
        return ""
    if uri not in application.post_logout_redirect_uris.split():
        raise Wrong("uri")
    return uri


def _with_state(uri: str, state: str) -> str:
    if not uri or not state:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}"
