"""The provider's endpoints for programs: token, userinfo, introspect, revoke."""

import re
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request

from identity import agents
from identity.models import AccessToken, Application, LogonSession
from identity.oidc import clients
from identity.oidc.answers import Refusal, answer
from identity.oidc.exchange import exchange
from identity.oidc.parameters import Unreadable, single
from identity.oidc.validator import opens, validator

TOKEN = (
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
)
BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,1024}=*)", re.IGNORECASE)
CHALLENGE = 'Bearer realm="sasebridge"'


def _called(request: HttpRequest, *names: str) -> tuple[Application, dict[str, str]]:
    """Which application calls, and with which parameters; raises Refusal."""
    form = clients.form_of(request)
    application = clients.authenticate(request, form)
    try:
        return application, single(form, names)
    except Unreadable as unreadable:
        raise Refusal("invalid_request", str(unreadable)) from None


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Tokens for a code or a refresh token (RFC 6749, 4.1.3 and 6)."""
    try:
        application, given = _called(request, *TOKEN)
        return answer(exchange(application, given, agents.address_of(request)))
    except Refusal as refusal:
        return refusal.response()


@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """What an access token is worth now, to the application that it was given to
    (RFC 7662). A refresh token is none, lest it is taken for one."""
    try:
        application, given = _called(request, "token")
        if application.client_type == Application.CLIENT_PUBLIC:
            raise Refusal(
                "invalid_client", "", 401, {"WWW-Authenticate": clients.REALM}
            )
        if "token" not in given:
            raise Refusal("invalid_request", "token is missing")
    except Refusal as refusal:
        return refusal.response()
    row = validator().token_of(given["token"], agents.address_of(request))
    if row is None or row.application_id != application.pk:
        return answer({"active": False})
    return answer(_introspected(row, application))


def _introspected(row: AccessToken, application: Application) -> dict[str, object]:
    return {
        "active": True,
        "iss": oauth2_settings.OIDC_ISS_ENDPOINT,
        "sub": cast(LogonSession, row.session).sub,
        "aud": application.client_id,
        "client_id": application.client_id,
        "scope": row.scope,
        "token_type": "Bearer",
        "iat": int(row.created.timestamp()),
        "exp": int(row.expires.timestamp()),
    }


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """End a token of the application that calls; 200 for any other (RFC 7009)."""
    try:
        application, given = _called(request, "token", "token_type_hint")
        if "token" not in given:
            raise Refusal("invalid_request", "token is missing")
    except Refusal as refusal:
        return refusal.response()
    asked = Request("/", "POST")
    asked.client = application
    validator().revoke_token(given["token"], given.get("token_type_hint"), asked)
    return answer({})


@csrf_exempt
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """What the scopes of an access token tell of its person; header only (Core 5.3)."""
    try:
        row = _shown(request)
    except Refusal as refusal:
        return refusal.response()
    session = cast(LogonSession, row.session)
    claims = validator().claims_of(session.account, row.scope.split())
    return answer({**claims, "sub": session.sub})


def _shown(request: HttpRequest) -> AccessToken:
    """The good access token of a request; raises Refusal as RFC 6750, 3 says."""
    header = request.headers.get("Authorization")
    if "access_token" in request.GET or "access_token" in request.POST:
        raise _unauthorized("invalid_request", 400)
    if header is None:
        raise Refusal("unauthorized", "", 401, {"WWW-Authenticate": CHALLENGE})
    shown = BEARER.fullmatch(header.strip())
    if shown is None:
        raise _unauthorized("invalid_request", 400)
    row = validator().token_of(shown[1], agents.address_of(request))
    if row is None:
        raise _unauthorized("invalid_token", 401)
    if not opens(row, ["openid"]):
        raise _unauthorized("insufficient_scope", 403)
    return row


def _unauthorized(error: str, status: int) -> Refusal:
    challenge = f'{CHALLENGE}, error="{error}"'
    return Refusal(error, "", status, {"WWW-Authenticate": challenge})
