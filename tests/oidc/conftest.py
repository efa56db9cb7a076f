"""A company with a person, and applications of both kinds that trust its logon."""

from dataclasses import dataclass
from functools import cache

import pytest
from django.test import Client
from django.utils import timezone
from jwcrypto.jwk import JWK

from identity.models import Application, IdentityProvider, SigningKey
from sync.models import Employee
from tests import builders
from tests.oidc.relying import Relying
from tests.plugins.logged_on import logged_on

SECRET = "a-secret-of-a-gateway-that-nobody-guesses"
LOOPBACK = "http://127.0.0.1/cb"


@pytest.fixture
def idp(db: None) -> IdentityProvider:
    return builders.idp()


@pytest.fixture
def person(idp: IdentityProvider) -> Employee:
    """Somebody of whom everything is known."""
    top = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "501", "Sales", top)
    builders.employee(idp, "boss", "The Boss", [top])
    return builders.employee(
        idp,
        "zhang",
        "Zhang San",
        [sales],
        email="zhang@example.test",
        mobile="+86-13900000001",
        title="Engineer",
        job_number="A1",
        manager_userid="boss",
        attributes={"badge": "77"},
    )


@pytest.fixture
def browser(person: Employee) -> Client:
    """The person's browser, logged on."""
    return logged_on(person)


@pytest.fixture
def gateway(db: None) -> Relying:
    """A confidential application that nobody is asked about."""
    return Relying(application("Gateway"), SECRET)


@pytest.fixture
def native(db: None) -> Relying:
    """A public application on a person's own machine."""
    row = application(
        "SASE client",
        preset=Application.Preset.NATIVE,
        client_type=Application.CLIENT_PUBLIC,
        redirect_uris=LOOPBACK,
    )
    return Relying(row, redirect_uri=LOOPBACK)


def application(name: str, **values: object) -> Application:
    """An application that skips consent."""
    filled = {
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "client_secret": SECRET,
        "redirect_uris": "https://rp.example/cb",
        "skip_authorization": True,
    }
    row: Application = Application.objects.create(name=name, **{**filled, **values})
    return row


@cache
def _made() -> JWK:
    return JWK.generate(kty="RSA", size=SigningKey.BITS)


@pytest.fixture(autouse=True)
def signing_key(db: None) -> SigningKey:
    """A key that signs; making one takes longer than most tests."""
    return SigningKey.keep(_made(), timezone.now())


@dataclass(frozen=True, slots=True)
class Scene:
    """What most tests have: a person's browser, and the two applications."""

    person: Employee
    browser: Client
    gateway: Relying
    native: Relying


@pytest.fixture
def scene(
    person: Employee, browser: Client, gateway: Relying, native: Relying
) -> Scene:
    return Scene(person, browser, gateway, native)
