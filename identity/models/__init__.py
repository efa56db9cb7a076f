"""Accounts, IdPs with their secrets, reports, logons, applications and the audit trail."""

from identity.models.accounts import Enterprise, User
from identity.models.applications import (
    AccessToken,
    Application,
    Grant,
    IDToken,
    LogoutNotice,
    RefreshToken,
)
from identity.models.calls import CallTurn, ReadCounter
from identity.models.idp import (
    ConnectionReport,
    IdentityProvider,
    IdentitySecret,
    fingerprint_of,
    fingerprints_of,
    key_ring,
    lacking_keys,
    secret_fingerprints,
)
from identity.models.logon import LogonState, LogonVerdict, Tally
from identity.models.push import PushedCall
from identity.models.signing import SigningKey
from identity.models.trail import AuditEvent, LogonAttempt, LogonSession

__all__ = [
    "AccessToken",
    "Application",
    "AuditEvent",
    "CallTurn",
    "ConnectionReport",
    "Enterprise",
    "Grant",
    "IDToken",
    "IdentityProvider",
    "IdentitySecret",
    "LogonAttempt",
    "LogonSession",
    "LogonState",
    "LogonVerdict",
    "LogoutNotice",
    "PushedCall",
    "ReadCounter",
    "RefreshToken",
    "SigningKey",
    "Tally",
    "User",
    "fingerprint_of",
    "fingerprints_of",
    "key_ring",
    "lacking_keys",
    "secret_fingerprints",
]
