"""Accounts, IdPs with their secrets, connection reports, logons and the audit trail."""

from identity.models.accounts import Enterprise, User
from identity.models.calls import CallTurn, ReadCounter
from identity.models.idp import (
    ConnectionReport,
    IdentityProvider,
    IdentitySecret,
    fingerprint_of,
    key_ring,
    secret_fingerprints,
)
from identity.models.push import PushedCall
from identity.models.trail import AuditEvent, LogonAttempt, LogonSession

__all__ = [
    "AuditEvent",
    "CallTurn",
    "ConnectionReport",
    "Enterprise",
    "IdentityProvider",
    "IdentitySecret",
    "LogonAttempt",
    "LogonSession",
    "PushedCall",
    "ReadCounter",
    "User",
    "fingerprint_of",
    "key_ring",
    "secret_fingerprints",
]
