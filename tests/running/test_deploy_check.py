"""`check --deploy` has nothing to say of production settings, and a proxy is believed
only where one is stated."""

import secrets
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.running.program import manage

PRODUCTION = {
    "PUBLIC_URL": "https://sase.example",
    "ALLOWED_HOSTS": "sase.example",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "TRUSTED_PROXIES": "1",
}


@pytest.mark.alone
def test_the_deploy_check_has_nothing_to_say(tmp_path: Path) -> None:
    """The toolkit's RFC 9700 checks among them."""
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING", folder=tmp_path, **PRODUCTION
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    silent = {**PRODUCTION, "TRUSTED_PROXIES": "0"}
    done = manage("check", "--deploy", folder=tmp_path, **silent)
    assert "security.W008" in done.stderr


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "sent_on"),
    [("/client/", True), ("/o/.well-known/jwks.json", True), ("/healthz", False)],
)
def test_plain_http_is_sent_on(path: str, sent_on: bool, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    plain = Client().get(path)
    assert (plain.status_code == 301) == sent_on
    secure = Client().get(path, headers={"X-Forwarded-Proto": "https"})
    assert secure.status_code != 301
