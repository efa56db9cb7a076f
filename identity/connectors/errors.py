"""Errors of connectors, named by what the caller shall do. Plain Python.

    ConnectorError            code, message, remedy
      Unreachable             network or their fault       try again later
      Throttled               says when                    try again then
      CredentialsRejected     ours to mend                 stop, tell the administrator
      AddressRejected         our address is not allowed   stop, show the address
      PermissionMissing       names the permission         stop, link to grant it
      OutOfScope              that one may not be read     say so, keep what is known
      Gone                    that one is not there        treat as absent
      Unexpected              not the documented answer    stop, keep a cleaned sample
        Foreign               not even the vendor's        stop, it says nothing

and, beside them, `PushRefused` for a notice that is not the vendor's, and
`LogonRefused` for a person whom the vendor does not vouch for.

Only a connector's client raises them, and nothing else leaves it. An unknown code is
`Unexpected`, never an empty answer (reliability R7).
"""

from enum import StrEnum


class ConnectorError(Exception):
    """Base of all. `code` is the vendor's, `message` the cause, `remedy` what to do now.

    Texts are for people and carry no secret. `read` is the number of the read that was
    refused, 0 if none was sent.
    """

    read: int = 0

    def __init__(self, message: str, *, code: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.remedy = remedy

    @property
    def words(self) -> str:
        """Cause and remedy in one line."""
        return f"{self.message} {self.remedy}".strip()


class Unreachable(ConnectorError):
    """No usable answer: name, connection, TLS, time-out, their 5xx or busy code."""

    def __init__(
        self, message: str, *, code: str = "", remedy: str = "", reason: str = "network"
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.reason = reason
        """dns, refused, tls, timeout, deadline, busy, proxy or network."""


class Throttled(ConnectorError):
    """Too many calls; `retry_after` is in seconds. `quota` if the month is used up."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        remedy: str = "",
        retry_after: float = 1.0,
        quota: bool = False,
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.retry_after = retry_after
        self.quota = quota


class CredentialsRejected(ConnectorError):
    """The vendor does not accept our key, secret or token."""


class AddressRejected(ConnectorError):
    """Our address is not on the vendor's list; `address` is what the vendor saw."""

    def __init__(
        self, message: str, *, code: str = "", remedy: str = "", address: str = ""
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.address = address


class PermissionMissing(ConnectorError):
    """A permission was not granted; `scopes` are the vendor's names of it."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        remedy: str = "",
        scopes: tuple[str, ...] = (),
        link: str = "",
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.scopes = scopes
        self.link = link


class OutOfScope(ConnectorError):
    """The object exists perhaps, but outside what the app may read."""


class Gone(ConnectorError):
    """The object does not exist."""


class Unexpected(ConnectorError):
    """An answer that is not the documented one."""


class Foreign(Unexpected):
    """Not the vendor's answer: a portal's page, a redirect, bytes without an end."""


class PushFault(StrEnum):
    """Why a pushed notice was refused. Told to the administrator, never to the sender."""

    TOKEN = "token"  # the signature does not match: another token, or a forgery
    AES_KEY = "aes_key"  # the signature matches, the text does not open
    NO_KEYS = "no_keys"  # there is nothing yet to open it with
    OWNER = "owner"  # it was made for another app or company
    MALFORMED = "malformed"  # not what a push looks like


class PushRefused(Exception):
    """A push that is not to be believed. Answer all of them alike (T-04)."""

    def __init__(self, fault: PushFault) -> None:
        super().__init__(fault)
        self.fault = fault


class LogonFault(StrEnum):
    """Why a vendor's word is not enough to let somebody in."""

    CODE = "code"  # unknown, used, expired, or made for another app
    COMPANY = "company"  # the token answer names another company, or none
    STRANGER = "stranger"  # not one of the company's people
    EXTERNAL = "external"  # known to the company, but only as an outside contact


class LogonRefused(Exception):
    """Whoever this is does not get in. `code` is the vendor's, if it said one, and
    `unionid` whom it named before it said that this is a stranger."""

    def __init__(self, fault: LogonFault, *, code: str = "", unionid: str = "") -> None:
        super().__init__(fault)
        self.fault = fault
        self.code = code
        self.unionid = unionid
