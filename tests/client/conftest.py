"""A company that employees log on to, and one of them."""

from typing import Any

import pytest
from django.test import Client

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import Enterprise, IdentityProvider
from sync.models import Department, Employee
from tests import builders
from tests.plugins.browser import LiveConsole
from tests.plugins.logged_on import logged_on

ID = "k7m2p9x4qa"


@pytest.fixture
def company(db: None) -> Enterprise:
    """The enterprise with its ID."""
    enterprise = Enterprise.load()
    enterprise.name, enterprise.identifier = "Acme 集团", ID
    enterprise.save()
    return enterprise


@pytest.fixture
def root(company: Enterprise, idp: IdentityProvider) -> Department:
    """The top of the IdP's departments."""
    IdentityProvider.objects.filter(pk=idp.pk).update(description="DingTalk Logon")
    return builders.department(idp, "1", "Acme 集团")


@pytest.fixture
def person(root: Department) -> Employee:
    """Somebody in two departments, one of them below another."""
    sales = builders.department(root.idp, "501", "Sales 销售部", root)
    north = builders.department(root.idp, "502", "North 华北", sales)
    legal = builders.department(root.idp, "503", "Legal 法务", root)
    return builders.employee(root.idp, "zhang", "张三丰", [north, legal])


@pytest.fixture
def mine(person: Employee) -> Client:
    """The browser of this person, who has just logged on."""
    return logged_on(person)


@pytest.fixture
def site(
    live_site: LiveConsole,
    person: Employee,
    on_a_port: Simulator,
    settings: Any,
) -> LiveConsole:
    """The client in a real browser, and the vendor's pages on a port of their own.

    `person` is somebody of the vendor's company too.
    """
    base = settings.DINGTALK_API_URL.rpartition("/")[0]
    settings.DINGTALK_LOGIN_URL, settings.PUBLIC_URL = f"{base}/login", live_site.url
    someone = on_a_port.company.hire(person.name)
    person.userid, person.unionid = someone.userid, someone.unionid
    person.save()
    return live_site
