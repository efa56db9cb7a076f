"""The toolkit's validator with our rules: nothing is worth more than its session.

Every code and token carries the session that it was given out in. Wherever one is shown,
`admits` is asked whether that session goes on, its person may still log on, and the
application is enabled. Nothing here knows the directory; `DirectoryValidator` does.
"""

import hashlib
import logging
import re
import time
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors

from identity import sessions
from identity.models import (
    AccessToken,
    Application,
    Grant,
    IDToken,
    LogonSession,
    RefreshToken,
    User,
)
from identity.oidc import families, noting, signing

log = logging.getLogger(__name__)
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def digest_of(code: str) -> str:
    """What is kept of a code. The word before it keeps other secrets out (T-19)."""
    return hashlib.sha256(f"code:{code}".encode()).hexdigest()


class SessionValidator(OAuth2Validator):  # type: ignore[misc]
    """What oauthlib's two grants ask, answered over sessions."""

    claims_told: tuple[str, ...] = ()
    """The claims that `claims_of` may answer with."""

    def admits(self, session: LogonSession | None, application: Application) -> bool:
        """Whether something given out in this session to this application is good now.

        `session` has just been read.
        """
        if session is None or session.idp_id is None or not sessions.is_live(session):
            return False
        enabled = Application.objects.filter(pk=application.pk, enabled=True)
        return enabled.exists() and self.may_log_on(session.account, application)

    def may_log_on(self, account: User, application: Application) -> bool:
        """Whether the account's person may log on to it now: nobody, to this class."""
        return False

    def claims_of(self, account: User, scopes: list[str]) -> dict[str, Any]:
        """What these scopes tell of the account's person."""
        return {}

    # --- clients: `clients.authenticate` has looked before oauthlib is asked ---

    def client_authentication_required(
        self, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """No; it has been done."""
        return False

    def authenticate_client_id(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Whether it has been done indeed."""
        return isinstance(request.client, Application)

    # --- codes ---

    def validate_code(
        self,
        client_id: str,
        code: str,
        client: Application,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        """Whether the code may be redeemed; holds its session until the end."""
        found = Grant.objects.filter(code=digest_of(code), application=client).first()
        if found is None:
            return False
        session = families.hold(found.session_id)
        grant = Grant.objects.select_related("user").get(pk=found.pk)
        address = address_of(request)
        if grant.redeemed_at is not None:
            families.end_grant(grant)
            noting.reused(noting.CODE_REUSED, session, client, address)
            return False
        verifier = request.code_verifier
        if verifier is not None and not VERIFIER.fullmatch(verifier):
            return False
        if grant.expires <= timezone.now():
            return False
        if not self.admits(session, client):
            noting.refused(session, client, address)
            return False
        request.grant_row, request.session = grant, session
        request.user, request.scopes = grant.user, grant.scope.split()
        return True

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        """The challenge that its verifier must meet."""
        return request.grant_row.code_challenge or None

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        """S256: there is no other."""
        return Grant.CODE_CHALLENGE_S256

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """None: it is named in every request."""
        return

    def confirm_redirect_uri(
        self,
        client_id: str,
        code: str,
        redirect_uri: str,
        client: Application,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        """Whether the code went to this address."""
        if request.grant_row.redirect_uri != redirect_uri:
            raise errors.InvalidGrantError(request=request)
        return True

    def get_authorization_code_nonce(
        self, client_id: str, code: str, redirect_uri: str, request: Request
    ) -> str | None:
        """The nonce that came with the request."""
        return request.grant_row.nonce or None

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Nothing more: it was redeemed before anything was given out."""

    def save_code(self, code: str, session: LogonSession, **values: Any) -> Grant:
        """Keep what is needed of a code that is given out in this session."""
        lifetime = timedelta(seconds=oauth2_settings.AUTHORIZATION_CODE_EXPIRE_SECONDS)
        return Grant.objects.create(
            code=digest_of(code),
            session=session,
            user=session.account,
            expires=timezone.now() + lifetime,
            code_challenge_method=Grant.CODE_CHALLENGE_S256,
            **values,
        )

    # --- tokens ---

    def validate_refresh_token(
        self,
        refresh_token: str,
        client: Application,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        """Whether it may be refreshed; one that was used before ends its family."""
        digest = hashlib.sha256(refresh_token.encode()).hexdigest()
        found = RefreshToken.objects.filter(token_checksum=digest, application=client)
        first = found.first()
        if first is None:
            return False
        session, address = families.hold(first.session_id), address_of(request)
        if found.filter(revoked=None).first() is None:
            noting.reused(noting.REFRESH_REUSED, session, client, address)
        if not super().validate_refresh_token(
            refresh_token, client, request, *args, **kwargs
        ):
            return False
        request.session = session
        admitted = self.admits(session, client) and not families.has_lasted(first)
        if not admitted:
            noting.refused(session, client, address)
        return admitted

    def revoke_token(
        self,
        token: str,
        token_type_hint: str | None,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """End a token of this application. A refresh token ends with what took its
        place: the application may not have had that answer yet (RFC 7009 2.1)."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        rows = RefreshToken.objects.filter(application=request.client)
        found = rows.filter(token_checksum=digest).first()
        if found is None:
            super().revoke_token(token, token_type_hint, request, *args, **kwargs)
            return
        with transaction.atomic():
            families.hold(found.session_id)
            RefreshToken.revoke_family(found.token_family)

    def get_original_scopes(
        self, refresh_token: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        """What was granted, even if an earlier refresh asked for less."""
        row = request.refresh_token_instance
        scope: str = row.grant.scope if row.grant else row.access_token.scope
        return scope

    def _save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Give out a pair for a code or a refresh token that is used up in the same
        statement: of any number at the same time, one passes."""
        if request.grant_type == "refresh_token":
            before = request.refresh_token_instance
            grant, family = before.grant, before.token_family
            families.use_up(before)
            families.see(request.session)
        else:
            before, grant, family = None, request.grant_row, uuid.uuid4()
            families.redeem(grant)
        about = {
            "user": request.user,
            "application": request.client,
            "session": request.session,
            "grant": grant,
        }
        access = AccessToken(
            **about,
            scope=token["scope"],
            expires=timezone.now() + timedelta(seconds=token["expires_in"]),
            id_token=getattr(request, "id_token_row", None),
            source_refresh_token=before,
        )
        self._set_token_value(access, token["access_token"])
        access.save()
        refresh = RefreshToken(**about, access_token=access, token_family=family)
        self._set_token_value(refresh, token["refresh_token"])
        refresh.save()

    def token_of(self, value: str, address: str = "") -> AccessToken | None:
        """The access token of this value, shown from there, if it is good now."""
        digest = hashlib.sha256(value.encode()).hexdigest()
        rows = AccessToken.objects.select_related(
            "application", "user", "session__account"
        )
        token = rows.filter(token_checksum=digest).first()
        if token is None or token.application is None:
            return None
        if token.expires <= timezone.now():
            return None
        if not self.admits(token.session, token.application):
            noting.refused(token.session, token.application, address)
            return None
        return token

    def validate_bearer_token(
        self, token: str, scopes: list[str], request: Request
    ) -> bool:
        """Whether this access token opens what asks for these scopes."""
        row = self.token_of(token) if token else None
        if row is None or not opens(row, scopes):
            self._set_oauth2_error_on_request(request, row, scopes)
            return False
        request.client, request.user = row.application, row.user
        request.scopes, request.access_token = row.scope.split(), row
        return True

    # --- ID tokens: RS256 by the key of the moment, whatever the row says ---

    def finalize_id_token(
        self,
        id_token: dict[str, Any],
        token: dict[str, Any],
        token_handler: object,
        request: Request,
    ) -> str:
        """An ID token; what scopes tell of a person, userinfo says (Core 5.4)."""
        session, lifetime = request.session, oauth2_settings.ID_TOKEN_EXPIRE_SECONDS
        row = IDToken.objects.create(
            user=request.user,
            application=request.client,
            session=session,
            scope=" ".join(request.scopes),
            expires=timezone.now() + timedelta(seconds=lifetime),
        )
        request.id_token_row = row
        return signing.sign(
            {
                **id_token,
                **_authenticated(session, request),
                "iss": oauth2_settings.OIDC_ISS_ENDPOINT,
                "sub": session.sub,
                "exp": int(time.time()) + lifetime,
                "sid": str(session.sid),
                "jti": str(row.jti),
            }
        )

    def _load_id_token(self, token: str) -> IDToken | None:
        """The row of an ID token of ours."""
        claims = signing.read(token) or {}
        try:
            jti = uuid.UUID(str(claims.get("jti")))
        except ValueError:
            return None
        return IDToken.objects.filter(jti=jti).first()


def address_of(request: Request) -> str:
    """Where a call came from, if the caller of oauthlib has said so."""
    return str(getattr(request, "address", None) or "")


def _authenticated(session: LogonSession, request: Request) -> dict[str, int]:
    """The claim `auth_time`. At a refresh it may only tell the logon that the code was
    given out for, so after a newer one it is left out (Core 12.2)."""
    begun = session.confirmed_at or session.created_at
    if request.grant_type == "refresh_token":
        grant = request.refresh_token_instance.grant
        if grant is None or grant.created < begun:
            return {}
    return {"auth_time": int(begun.timestamp())}


def opens(token: AccessToken, scopes: list[str]) -> bool:
    """Whether a token was given out for all of these scopes."""
    return set(scopes) <= set(token.scope.split())


def validator() -> SessionValidator:
    """The one that the settings name, which knows the directory."""
    made: SessionValidator = oauth2_settings.OAUTH2_VALIDATOR_CLASS()
    return made
