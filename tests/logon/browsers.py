"""A browser at an employee's logon, between our pages and the vendor's."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from identity import logon
from identity.models import IdentityProvider, LogonAttempt, LogonSession, User


class Browser:
    """One person's browser; each one has cookies of its own."""

    def __init__(self, agent: str = "") -> None:
        self.client = Client(headers={"user-agent": agent})

    def begin(
        self, idp: IdentityProvider, *, onward: str = "", tester: User | None = None
    ) -> str:
        """Begin a logon as the client's page does; the state that goes to the vendor."""
        request = RequestFactory().get("/client/")
        request.COOKIES.update({k: m.value for k, m in self.client.cookies.items()})
        begun = logon.begin(request, idp, onward=onward, tester=tester)
        response = logon.remember_browser(request, HttpResponse())
        self.client.cookies.update(response.cookies)
        return state_in(begun.page)

    def back(self, kind: str = "dingtalk", **answer: Any) -> Any:
        """Come back from the vendor's page with this answer."""
        address = reverse("identity:logon-return", args=[kind])
        return self.client.get(address, answer)

    def send(self, name: str = "dingAuth", **form: Any) -> Any:
        """Send what a script of the page inside the vendor's client sends."""
        return self.client.post(reverse("identity:in-app", args=[name]), form)

    @property
    def session(self) -> LogonSession | None:
        """The open session of this browser, if anybody is logged on in it."""
        key = self.client.session.session_key
        return LogonSession.objects.filter(session_key=key, ended_at=None).first()


def state_in(address: str) -> str:
    """The state that an address of the vendor's page carries."""
    return parse_qs(urlsplit(address).query)["state"][0]


def last() -> LogonAttempt:
    """The newest attempt."""
    return LogonAttempt.objects.latest("pk")


def ended() -> tuple[str, str]:
    """Where the newest attempt ended, and how."""
    attempt = last()
    return attempt.stage, attempt.outcome
