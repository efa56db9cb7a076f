"""The cast: an administrator, a staff member, an employee, and their browsers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from identity.models import User

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Real hashing is slow on purpose; here it would be half of the tests' time."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "identity.hashers.RandomSecretHasher",
    ]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its language to the thread; each test begins with English."""
    with translation.override("en"):
        yield


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_superuser("alice", "alice@example.test", PASSWORD)


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user(
        "bob", "bob@example.test", PASSWORD, role=User.Role.STAFF
    )


@pytest.fixture
def employee_account(db: None) -> User:
    return User.objects.create_user("carol", "carol@example.test", PASSWORD)


@pytest.fixture
def console(administrator: User) -> Client:
    """The administrator's browser."""
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def staff_console(staff: User) -> Client:
    """The staff member's browser."""
    client = Client()
    client.force_login(staff)
    return client
