"""A company to look at, and what is shown of it."""

import pytest
from django.test import Client

from identity.models import IdentityProvider, User
from sync.models import Department, Employee
from tests import builders


@pytest.fixture
def idp(db: None) -> IdentityProvider:
    """A confirmed IdP; here its directory matters and no simulator is needed."""
    return builders.idp()


@pytest.fixture
def root(idp: IdentityProvider) -> Department:
    """The root of a company of 40 people in 8 departments."""
    return builders.company(idp)


@pytest.fixture
def person(root: Department) -> Employee:
    """Somebody of the company with every kind of value."""
    return builders.employee(
        root.idp,
        "zhang",
        "张三丰",
        [root],
        mobile="13900001111",
        email="zhang@example.test",
        title="Grandmaster",
        job_number="W-1",
        attributes={"Sect": "Wudang"},
    )


@pytest.fixture
def employee_client(employee_account: User) -> Client:
    """The browser of an employee, who has no business in the console."""
    client = Client()
    client.force_login(employee_account)
    return client
