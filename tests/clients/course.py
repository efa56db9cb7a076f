"""Two people log on through two real clients, and one after the other leaves the company.

A program of its own, inside the product by `manage.py shell`, beside the installation.
Prints what it found as one line of JSON; `test_clients.py` starts it and judges.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Event, Outsider
from identity.models import Application, Enterprise, IdentityProvider
from sync import runs
from sync.models import Employee, SyncRun
from tests.clients.apache import SECRET_PAGE, Apache
from tests.clients.native import REGISTERED, Native, Refused
from tests.clients.walking import Browser, Seen
from tests.events import ground
from tests.events.posting import Posting
from tests.running import site
from tests.running.program import free_port

SECRET = "a secret that Apache was told once"
SOON = 10.0
"""Seconds within which an application has heard that a session is over."""


class Course:
    """A company, and what its people can open."""

    def __init__(self, simulator: Simulator, idp: IdentityProvider, port: int) -> None:
        self._simulator, self._port, self.idp = simulator, port, idp
        self.issuer = f"{settings.PUBLIC_URL}/o"
        self.identifier = Enterprise.load().identifier
        self.people = list(
            Employee.objects.filter(idp=idp, status="active").order_by("pk")[:3]
        )
        self._told: list[Event] = []
        simulator.company.listeners.append(self._told.append)

    def browser(self, person: Employee) -> Browser:
        """Somebody's browser, with nothing in it."""
        login = settings.DINGTALK_LOGIN_URL
        return Browser(self.identifier, login, person.unionid)

    def leave(self, person: Employee) -> dict[str, Any]:
        """They leave; DingTalk says so, and has its answer when this is over.

        They stay somebody on DingTalk, only of this company no more.
        """
        del self._told[:]
        company = self._simulator.company
        company.let_go(person.userid)
        company.outsiders[person.unionid] = Outsider(person.unionid, person.name)
        posting = Posting(self._simulator, ground.subscribed(self.idp, self._port))
        for push in posting.pushes(list(self._told)):
            posting.send(push)
        posting.drain()
        return posting.ledger.refusals

    # --- Apache ---

    def through_apache(self, apache: Apache) -> dict[str, Any]:
        """A page behind mod_auth_openidc, before and after its reader leaves."""
        person, other = self.people[0], self.people[1]
        mine, theirs = self.browser(person), self.browser(other)
        found: dict[str, Any] = {"before": _shown(mine.open(apache.page), person)}
        found["other before"] = _shown(theirs.open(apache.page), other)
        found["refusals"] = self.leave(person)
        found["shut out"] = within(
            SOON, lambda: SECRET_PAGE not in mine.get(apache.page).text
        )
        found["after"] = _told(mine.open(apache.page))
        found["again"] = _told(self.browser(person).open(apache.page))
        found["other after"] = _shown(theirs.get(apache.page), other)
        found["log"] = apache.log
        return found

    # --- Authlib ---

    def through_native(self, client_id: str) -> dict[str, Any]:
        """A client on somebody's machine, before and after they leave."""
        person = self.people[2]
        client, browser = Native(self.issuer, client_id), self.browser(person)
        client.log_on(browser)
        found: dict[str, Any] = {
            "sub": [client.claims["sub"], person.sub.hex, client.me().json()["sub"]],
            "name": client.me().json().get("name") == person.name,
            "tampered": _tampered(client),
            "refreshed": client.refresh().status_code,
            "before": client.me().status_code,
            "refusals": self.leave(person),
        }
        found["after"] = client.me().status_code
        refused = client.refresh()
        found["refresh after"] = [refused.status_code, refused.json()["error"]]
        found["again"] = _told(browser.open(f"{settings.PUBLIC_URL}/client/"))
        return found


def _shown(seen: Seen, person: Employee) -> list[bool]:
    """Whether the protected page is there, and greets whom it should."""
    return [SECRET_PAGE in seen.text, person.name in seen.text]


def _told(seen: Seen) -> dict[str, Any]:
    """What somebody is told who does not get in."""
    words = "You could not be logged on" in seen.text
    return {"in": SECRET_PAGE in seen.text, "status": seen.status, "words": words}


def _tampered(client: Native) -> list[str]:
    """Kinds of forged ID tokens that the client took."""
    head, body, signature = client.tokens["id_token"].split(".")
    nonce = client.claims["nonce"]
    other = "A" if signature[0] != "A" else "B"
    forged = {
        "signature": f"{head}.{body}.{other}{signature[1:]}",
        "claims": f"{head}.{body[:-4]}AAAA.{signature}",
        "none": f"eyJhbGciOiJub25lIn0.{body}.",
    }
    return [name for name, token in forged.items() if _takes(client, token, nonce)]


def _takes(client: Native, token: str, nonce: str) -> bool:
    try:
        client.believe(token, nonce)
    except Refused:
        return False
    return True


def within(seconds: float, ask: Callable[[], bool]) -> float | None:
    """After how many seconds it came true; None if it did not in time."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if ask():
            return time.monotonic() - begun
        time.sleep(0.02)
    return None


def applications(apache: Apache) -> tuple[Application, Application]:
    """What an administrator registers: a gateway, and a client on people's machines."""
    common = {"authorization_grant_type": "authorization-code", "algorithm": "RS256"}
    gateway = Application.objects.create(
        name="Apache",
        preset=Application.Preset.WEB,
        client_type=Application.CLIENT_CONFIDENTIAL,
        client_secret=SECRET,
        redirect_uris=apache.redirect_uri,
        backchannel_logout_uri=apache.logout_uri,
        skip_authorization=True,
        **common,
    )
    native = Application.objects.create(
        name="SASE client",
        preset=Application.Preset.NATIVE,
        client_type=Application.CLIENT_PUBLIC,
        redirect_uris=REGISTERED,
        **common,
    )
    return gateway, native


def run(folder: str) -> None:
    """All of it."""
    call_command("migrate", verbosity=0)
    simulator = ground.company(20, 4)
    idp = ground.connected(simulator)
    runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.CONFIRM))
    redis_port = urlsplit(settings.CELERY_BROKER_URL).port or 0
    # Apache drops root's rights and reads nothing of a private folder.
    with tempfile.TemporaryDirectory(prefix="sasebridge-apache-") as pages:
        apache = Apache(Path(pages), free_port())
        gateway, native = applications(apache)
        with site.running(Path(folder), settings.PORT, redis_port):
            course = Course(simulator, idp, settings.PORT)
            config = apache.write(course.issuer, gateway.client_id, SECRET)
            with apache.running(config):
                found = {"apache": course.through_apache(apache)}
            found["native"] = course.through_native(native.client_id)
    sys.stdout.write(json.dumps(found) + "\n")
