"""Asking for exactly one person: found, gone, or not readable."""

from django.utils.translation import gettext as _

from identity.connectors.dingtalk import people
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.errors import (
    ConnectorError,
    Foreign,
    Gone,
    OutOfScope,
    PermissionMissing,
    Unexpected,
)
from identity.connectors.records import Fault, FaultKind, Lookup, Standing

NO_SUCH_PERSON = "60121"
"""The one code that says that a person left (design 2.3)."""


def lookup(client: Client, userid: str) -> Lookup:
    """One user/get. Only DingTalk's "no such person" is `GONE` (T-09).

    Raises what `Connector.lookup` names.
    """
    try:
        read = client.user(userid)
    except Gone as error:
        if error.code == NO_SUCH_PERSON:
            return Lookup(Standing.GONE, error.read)
        return _unreadable(FaultKind.CHANGED, userid, error)
    except OutOfScope as error:
        return _unreadable(FaultKind.OUT_OF_SCOPE, userid, error)
    except PermissionMissing as error:
        return _unreadable(FaultKind.PERMISSION, userid, error)
    except Foreign:  # a portal's page says nothing about anybody (F-38)
        raise
    except Unexpected as error:
        # One odd answer keeps one person; it must not stop everybody's runs.
        return _unreadable(FaultKind.MALFORMED, userid, error)
    try:
        employee, memberships = people.asked(read.value, read.number)
    except Malformed as error:
        fault = malformed(userid, error)
        return Lookup(Standing.UNREADABLE, read.number, fault=fault)
    if employee.userid != userid:
        fault = malformed(userid, Malformed("the answer is about somebody else"))
        return Lookup(Standing.UNREADABLE, read.number, fault=fault)
    return Lookup(Standing.FOUND, read.number, employee, memberships)


def malformed(where: str, error: Malformed) -> Fault:
    """The fault of an object that came in a shape that cannot be kept."""
    message = _("A record could not be read: %(why)s.") % {"why": error}
    return Fault(FaultKind.MALFORMED, where, message)


def fault_of(kind: FaultKind, where: str, error: ConnectorError) -> Fault:
    """The fault that an error means for one object."""
    return Fault(kind, where, error.message, error.remedy)


def _unreadable(kind: FaultKind, userid: str, error: ConnectorError) -> Lookup:
    fault = fault_of(kind, userid, error)
    return Lookup(Standing.UNREADABLE, error.read, fault=fault)
