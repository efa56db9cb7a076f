"""A company whose people log on: a simulated vendor, and one of its people known here."""

from dataclasses import dataclass
from typing import Any

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Person
from identity.models import IdentityProvider
from sync.models import Employee
from tests import builders
from tests.logon.browsers import Browser


@dataclass
class World:
    """What a case of an attack, or of its twin, is about."""

    idp: IdentityProvider
    simulator: Simulator
    anyone: Person
    """As the vendor knows them."""
    person: Employee
    """The same one as the directory knows them."""
    browser: Browser

    def code(self, **which: str) -> str:
        """A code of the vendor's page, of this person unless said otherwise."""
        return self.simulator.browser_code(
            which.pop("unionid", self.anyone.unionid), **which
        )

    def in_app_code(self) -> str:
        """A code of the vendor's client."""
        return self.simulator.in_app_code(self.anyone.userid)

    def log_on(self, browser: Browser | None = None, **values: str) -> Any:
        """A whole logon, as nobody disturbs it."""
        browser = browser or self.browser
        answer = {"code": self.code(), "state": browser.begin(self.idp)} | values
        return browser.back(**answer)

    @property
    def silently(self) -> dict[str, str]:
        """What the page inside the vendor's client sends."""
        return {"code": self.in_app_code(), "corpId": self.simulator.corp_id}


def known(idp: IdentityProvider, person: Person) -> Employee:
    """Somebody in the directory just as the vendor has them."""
    row = builders.employee(idp, person.userid, person.name)
    Employee.objects.filter(pk=row.pk).update(unionid=person.unionid)
    row.refresh_from_db()
    return row


@pytest.fixture
def world(idp: IdentityProvider, simulator: Simulator) -> World:
    people = simulator.company.people.values()
    anyone = next(one for one in people if one.active)
    return World(idp, simulator, anyone, known(idp, anyone), Browser())
