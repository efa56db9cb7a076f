"""Which application calls: by Basic or by form, never by both (RFC 6749, 2.3)."""

import base64
import binascii
from urllib.parse import unquote_plus

from django.contrib.auth.hashers import check_password
from django.http import HttpRequest, QueryDict

from identity.models import Application
from identity.oidc.answers import Refusal
from identity.oidc.parameters import Unreadable, one

FORM = "application/x-www-form-urlencoded"
REALM = 'Basic realm="sasebridge", charset="UTF-8"'
LONGEST = 1024


def form_of(request: HttpRequest) -> QueryDict:
    """The form of a request to a back-channel endpoint; raises Refusal."""
    if (request.content_type or "").lower() != FORM:
        raise Refusal("invalid_request", f"Send it as {FORM}.", 415)
    if request.META.get("QUERY_STRING"):
        raise Refusal("invalid_request", "Nothing may stand in the address.")
    return request.POST


def authenticate(request: HttpRequest, form: QueryDict) -> Application:
    """The enabled application that sent this form; raises Refusal.

    A public one only names itself: what it may do, PKCE and rotation guard.
    """
    client_id, secret = _credentials(request, form)
    enabled = Application.objects.filter(client_id=client_id, enabled=True)
    application: Application | None = enabled.first()
    if application is None or not _proves(application, secret):
        raise _unknown()
    return application


def _proves(application: Application, secret: str) -> bool:
    if application.client_type == Application.CLIENT_PUBLIC:
        return not secret
    return bool(secret) and check_password(secret, application.client_secret)


def _credentials(request: HttpRequest, form: QueryDict) -> tuple[str, str]:
    try:
        client_id, secret = one(form, "client_id"), one(form, "client_secret")
    except Unreadable as unreadable:
        raise Refusal("invalid_request", str(unreadable)) from None
    header = request.headers.get("Authorization")
    if header is None:
        return client_id, secret
    named, proof = _basic(header)
    if secret:
        raise Refusal("invalid_request", "Authenticate in one way only.")
    if client_id and client_id != named:
        raise Refusal("invalid_request", "Two different clients are named.")
    return named, proof


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > LONGEST:
        raise _unknown()
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unknown() from None
    client_id, colon, secret = text.partition(":")
    if not colon or "\0" in unquote_plus(text):
        raise _unknown()
    return unquote_plus(client_id), unquote_plus(secret)


def _unknown() -> Refusal:
    return Refusal("invalid_client", "", 401, {"WWW-Authenticate": REALM})
