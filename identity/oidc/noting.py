"""Writes down what was refused, where somebody should know of it (G-06).

Each thing once for a session and an application: whoever shows a token a thousand times
makes one line, and who has none of ours makes none.
"""

from identity import audit, sessions
from identity.models import Application, AuditEvent, LogonSession

CODE_REUSED, REFRESH_REUSED = "oidc.code_reused", "oidc.refresh_reused"
REFUSED = "oidc.refused"
ROUTINE = (sessions.LOGGED_OFF, sessions.EXPIRED, sessions.IDLE, sessions.REPLACED)
"""Ends of sessions after which applications ask in vain and nothing is wrong."""


def reused(
    what: str, session: LogonSession | None, application: Application, address: str
) -> None:
    """Something that may be used once was shown again: somebody may have stolen it."""
    if session is not None:
        _once(what, session, application, address)


def refused(
    session: LogonSession | None, application: Application, address: str
) -> None:
    """What was shown is of somebody who may not log on now, or whose access was cut."""
    if session is None or session.ended_because in ROUTINE:
        return
    if session.ended_at is None and not sessions.is_live(session):
        return  # its time is over
    _once(REFUSED, session, application, address)


def _once(
    action: str, session: LogonSession, application: Application, address: str
) -> None:
    about = {"client_id": application.client_id}
    known = AuditEvent.objects.filter(
        action=action,
        target_type=LogonSession._meta.model_name,
        target_id=str(session.pk),
        detail__client_id=application.client_id,
    )
    if not known.exists():
        detail = {**about, "application": str(application)}
        audit.record(
            action, by=session.account, target=session, detail=detail, origin=address
        )
