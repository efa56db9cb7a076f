"""An IdP's Request URL: takes the vendor's notices in. Public; no cookie is looked at.

A notice is kept, and leavers' access is cut, before the vendor has its answer; then a
worker is called, which nobody waits for. Whatever is wrong with a call is answered with
one and the same refusal, also where there is no such IdP (T-04, T-07).
"""

import logging
import uuid

from django import db
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from identity import agents, pushed, pushing
from identity.connectors.base import Push
from identity.connectors.errors import PushFault, PushRefused
from identity.connectors.records import EventKind
from identity.pushing import Accepted
from sync import inbox, tasks
from sync.models import InboxEvent

log = logging.getLogger(__name__)

LONGEST_BODY = 64 * 1024
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NO_IDP = uuid.UUID(int=0)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, kind: str, idp_id: str) -> HttpResponse:
    """Keep a push and acknowledge it; 403 for what is none, 503 without a database."""
    try:
        return _received(request, kind, _uuid(idp_id))
    except db.Error as error:  # not taken: the vendor tries again
        log.error("a push could not be kept: %s", type(error).__name__)
        return HttpResponse("try again\n", status=503, content_type="text/plain")


def _received(request: HttpRequest, kind: str, idp_id: uuid.UUID) -> HttpResponse:
    idp = pushing.idp_at(kind, idp_id)
    try:
        accepted = pushing.accept(idp or pushing.nobody(kind), _push(request))
    except PushRefused as refusal:
        if idp is not None:
            pushed.refused(idp, refusal.fault, agents.address_of(request))
        return _refusal()
    _keep(accepted, agents.address_of(request))
    return HttpResponse(accepted.answer(), content_type="application/json")


@inbox.lasting()
def _keep(accepted: Accepted, address: str) -> None:
    idp, event = accepted.idp, accepted.opened.event
    if inbox.receive(idp, [event], InboxEvent.Way.PUSH):
        tasks.ring_events(idp.pk)
    if event.kind is EventKind.VERIFY and accepted.present:
        # With former keys it would not be reached much longer.
        pushed.verified(idp, address)


def _refusal() -> HttpResponse:
    response = HttpResponse("refused\n", status=403, content_type="text/plain")
    # Anybody can send what is refused: Django would write a line about each (T-05).
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _uuid(text: str) -> uuid.UUID:
    """The id, if it is written as we hand it out; else one that no IdP has."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return NO_IDP
    return found if str(found) == text else NO_IDP


def _push(request: HttpRequest) -> Push:
    """What was sent, read only if it looks like a push; raises PushRefused."""
    try:
        given = dict(request.GET.lists())
    except SuspiciousOperation:  # thousands of parameters
        raise PushRefused(PushFault.MALFORMED) from None
    if any(len(values) != 1 for values in given.values()):
        raise PushRefused(PushFault.MALFORMED)
    return Push({name: values[0] for name, values in given.items()}, _body(request))


def _body(request: HttpRequest) -> bytes:
    """At most 64 KiB, and only of a body that says how long it is."""
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    length = request.META.get("CONTENT_LENGTH") or ""
    if (
        encoding not in ("", "identity")
        or request.content_type in FORMS
        or not (length.isascii() and length.isdigit() and len(length) < 10)
        or not 0 < int(length) <= LONGEST_BODY
    ):
        raise PushRefused(PushFault.MALFORMED)
    try:
        return request.read(int(length))
    except OSError:  # the sender went away
        raise PushRefused(PushFault.MALFORMED) from None
