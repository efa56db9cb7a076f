"""Judges what came back from a vendor, and opens the session of whom it vouches for."""

import re
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import authenticate, login
from django.db import transaction
from django.http import HttpRequest

from identity import sessions, signals, throttle, verdicts
from identity.connection import connector_for
from identity.connectors.base import Connector
from identity.connectors.errors import ConnectorError, LogonFault, LogonRefused
from identity.connectors.records import Identity, LogonStage, LogonWay
from identity.fields import CannotOpen
from identity.logon import faults, states
from identity.logon.outcomes import Outcome, Refused, Result, TooMany
from identity.logon.trace import Trace
from identity.models import IdentityProvider, LogonState, User

MOST, STRAYS = 1200, 120
"""Answers that one address may bring in a minute, and of those that belong to no logon.
Two counts: behind a proxy all have one address, and somebody who only knows ours must
not keep a whole company from logging on."""
GUESSES = "logon.guess"
"""Codes of the vendor's client that the vendor does not know, as many as strays. Anybody
can send them, for our page tells everybody its company; each is a call, and the vendor
takes only so many a second of us, from those who belong here too."""
CODE = re.compile(r"[!-~]{1,512}")
WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def finish(request: HttpRequest, kind: str, answer: Mapping[str, Any]) -> Result:
    """Judge what came back to the callback, and log its person on, in a transaction.

    `answer` has one value of each parameter. What is refused is kept with its reason.
    Raises TooMany.
    """
    trace, state = Trace(request, LogonWay.PAGE), None
    try:
        state = states.find(answer.get("state", ""))
        trace.about(state.idp, state.tester)
        states.take(request, state, kind)
        _count(request, "logon.page", MOST)
        trace.attempt.way = state.way
        identity = _identified(trace, state.idp, answer, state)
        account = _let_in(trace, state.idp, identity)
    except Refused as refused:
        if refused.stage is LogonStage.STATE:
            _count(request, "logon.stray", STRAYS)
        attempt, account = trace.failed(refused), None
    else:
        attempt = trace.attempt
    if state is None:
        return Result(attempt)
    return Result(attempt, account, state.onward, state.tester)


def finish_silently(
    request: HttpRequest, idp: IdentityProvider | None, code: str, onward: str = ""
) -> Result:
    """Likewise for a code that the vendor's client gave to our page (T-27); `idp` is
    None if no enabled one is of the company that was named."""
    trace = Trace(request, LogonWay.SILENT)
    try:
        if idp is None:
            raise Refused(LogonStage.STATE, Outcome.OTHER_IDP)
        if throttle.counted(request, GUESSES) >= STRAYS:
            raise TooMany
        _count(request, "logon.silent", MOST)
        trace.about(idp)
        identity = _identified(trace, idp, code)
        account = _let_in(trace, idp, identity)
    except Refused as refused:
        if idp is None:
            _count(request, "logon.stray", STRAYS)
        if refused.outcome is Outcome.CODE:
            throttle.count(request, GUESSES)
        return Result(trace.failed(refused), onward=onward)
    return Result(trace.attempt, account, onward)


def _count(request: HttpRequest, what: str, most: int) -> None:
    if throttle.count(request, what) > most:
        raise TooMany


def _identified(
    trace: Trace,
    idp: IdentityProvider,
    answer: Mapping[str, Any] | str,
    state: LogonState | None = None,
) -> Identity:
    """Whom the vendor vouches for; raises Refused."""
    trace.passed(LogonStage.STATE)
    if _is_closed(idp):
        raise Refused(LogonStage.EXCHANGE, Outcome.CLOSED)
    try:
        connector = connector_for(idp)
        code = answer if isinstance(answer, str) else _code_of(connector, answer)
        _check(code)
        identity = _ask(trace, idp, connector, code)
    except LogonRefused as refusal:
        _doubt(idp, refusal)
        raise faults.refused(trace.next_stage, refusal) from None
    except (ConnectorError, CannotOpen) as error:
        refused = faults.failed(trace.next_stage, error)
        if state and faults.may_be_tried_again(refused):
            states.give_back(state)
        raise refused from None
    trace.names(identity)
    return identity


def _ask(
    trace: Trace, idp: IdentityProvider, connector: Connector, code: str
) -> Identity:
    """The vendor's word; what it proved beside is kept whatever it says."""
    try:
        return connector.identify(code, LogonWay(trace.attempt.way), trace)
    finally:
        for check in trace.verdicts:
            verdicts.keep(idp, connector, check)


def _let_in(trace: Trace, idp: IdentityProvider, identity: Identity) -> User | None:
    """Open the session of this person, unless it is only tried; raises Refused.

    Who knows the directory may read this person first, outside of the transaction. In
    it the IdP and the person are locked: a closing, or a notice that they left, comes
    either before, and is seen, or after, and ends this session (T-15).
    """
    signals.person_vouched.send(sender=IdentityProvider, idp=idp, identity=identity)
    request = trace.request
    with transaction.atomic():
        _hold(idp)
        account = authenticate(request, idp=idp, identity=identity)
        if not isinstance(account, User):
            raise Refused(LogonStage.STATUS, Outcome.ACCOUNT)
        trace.passed(LogonStage.PERSON)
        trace.passed(LogonStage.STATUS)
        if not trace.attempt.test:
            sessions.leave(request)  # whoever was logged on in this browser before
            login(request, account)
            sessions.through(request, idp, trace.attempt.way)
            trace.passed(LogonStage.SESSION)
        trace.succeeded(account)
    return None if trace.attempt.test else account


def _hold(idp: IdentityProvider) -> None:
    """Keep the IdP from being closed before this transaction is over."""
    rows = IdentityProvider.objects.select_for_update(no_key=True)
    held = rows.filter(pk=idp.pk).first()
    if held is None or _is_closed(held):
        raise Refused(LogonStage.STATUS, Outcome.CLOSED)


def _is_closed(idp: IdentityProvider) -> bool:
    return idp.is_draft or idp.status != IdentityProvider.Status.ENABLED


def _code_of(connector: Connector, answer: Mapping[str, Any]) -> str:
    """The code of an answer; without one the vendor, or the person, declined."""
    code = connector.code_of(answer)
    error = str(answer.get("error", ""))
    if not code and error:
        facts = {"error": error} if WORD.fullmatch(error) else {}
        raise Refused(LogonStage.EXCHANGE, Outcome.DECLINED, **facts)
    return code


def _check(code: str) -> None:
    """Nothing goes to the vendor that no vendor has given out."""
    if not CODE.fullmatch(code):
        raise Refused(LogonStage.EXCHANGE, Outcome.NO_CODE)


def _doubt(idp: IdentityProvider, refusal: LogonRefused) -> None:
    """Somebody whom the vendor does not know, and perhaps we do: look again (F-83)."""
    if refusal.fault is LogonFault.STRANGER and refusal.unionid:
        signals.person_doubted.send(
            sender=IdentityProvider, idp=idp, unionid=refusal.unionid
        )
