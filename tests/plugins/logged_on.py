"""Employees' browsers, with a session as a logon opens it; no vendor is asked."""

from django.contrib.sessions.models import Session
from django.test import Client

from identity.connectors.records import LogonWay
from identity.models import LogonSession
from sync.accounts import account_of
from sync.models import Employee

BACKEND = "sync.accounts.DirectoryBackend"


def logged_on(person: Employee, client: Client | None = None) -> Client:
    """The browser of somebody who has just logged on through their IdP."""
    client = client or Client()
    client.force_login(account_of(person), backend=BACKEND)
    LogonSession.objects.filter(session_key=client.session.session_key).update(
        idp=person.idp, way=LogonWay.PAGE
    )
    return client


def session_of(client: Client) -> LogonSession:
    """The row of a browser's session."""
    key = client.session.session_key
    assert Session.objects.filter(session_key=key).exists()
    return LogonSession.objects.get(session_key=key)
