"""F-86: signing keys rotate without a token that somebody cannot check."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from jwcrypto.common import JWException
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT

from identity.fields import CannotOpen
from identity.models import AuditEvent, SigningKey
from tests.oidc.conftest import Scene

pytestmark = pytest.mark.django_db
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def token() -> str:
    """Something signed now."""
    key = SigningKey.signing()
    jwt = JWT(header={"alg": "RS256", "kid": key.kid}, claims={"sub": "x"})
    jwt.make_signed_token(key.private())
    return str(jwt.serialize())


def key_set() -> JWKSet:
    """What an application fetches now."""
    shown = {"keys": [key.public() for key in SigningKey.published()]}
    return JWKSet.from_json(json.dumps(shown))


def verifies(signed: str, keys: JWKSet) -> bool:
    try:
        JWT(jwt=signed, key=keys, expected_type="JWS")
    except JWException:
        return False
    return True


def test_tokens_of_every_moment_verify_with_the_key_set_of_that_moment_and_an_older_one() -> (
    None
):
    """F-86"""
    with time_machine.travel(NOON, tick=False) as clock:
        old_token, old_set = token(), key_set()
        first = SigningKey.signing().kid
        SigningKey.rotate()
        published = key_set()
        clock.move_to(NOON + 10 * MINUTE - timedelta(seconds=1))
        assert SigningKey.signing().kid == first
        assert verifies(token(), old_set)
        clock.move_to(NOON + 10 * MINUTE)
        new_token = token()
        assert SigningKey.signing().kid != first
        assert verifies(new_token, published)  # fetched 10 minutes before it signed
        assert not verifies(new_token, old_set)
        clock.move_to(NOON + 10 * MINUTE + 24 * HOUR - timedelta(seconds=1))
        assert verifies(old_token, key_set())
        clock.move_to(NOON + 10 * MINUTE + 24 * HOUR)
        assert not verifies(old_token, key_set())
        assert verifies(new_token, key_set())


def test_a_second_rotation_waits_for_the_first() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        one = SigningKey.rotate()
        assert SigningKey.rotate() == one
        assert SigningKey.objects.count() == 2
        clock.shift(10 * MINUTE)
        assert SigningKey.rotate() != one


def test_a_dump_shows_no_private_key() -> None:
    SigningKey.rotate()
    dump = io.StringIO()
    call_command("dumpdata", "identity", stdout=dump)
    for key in SigningKey.objects.all():
        private = json.loads(key.private().export_private())
        assert key.kid in dump.getvalue()
        assert all(private[part] not in dump.getvalue() for part in "dpq")
        assert set(key.public()) == {"kty", "n", "e", "kid", "alg", "use"}
    assert "PRIVATE KEY" not in dump.getvalue()


def test_a_sealed_key_opens_in_its_own_row_only() -> None:
    one, other = SigningKey.signing(), SigningKey.rotate()
    other.sealed = one.sealed
    with pytest.raises(CannotOpen):
        other.private()


def test_an_administrator_rotates_and_the_page_says_what_each_key_does(
    console: Client,
) -> None:
    path = reverse("identity:signing-keys")
    assert "Signs" in console.get(path).content.decode()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        before = SigningKey.signing().kid
        console.post(reverse("identity:rotate-key"))
        console.post(reverse("identity:rotate-key"))
        page = console.get(path).content.decode()
        assert "Signs next" in page
        assert reverse("identity:rotate-key") not in page
        clock.shift(11 * MINUTE)
        page = console.get(path).content.decode()
        assert "Published only" in page
        assert before in page
    line = AuditEvent.objects.get(action="signing_key.rotate")
    assert line.detail["kid"] == SigningKey.objects.latest("pk").kid


def test_the_command_rotates_and_is_written_down() -> None:
    SigningKey.signing()
    said = io.StringIO()
    call_command("rotate_signing_key", stdout=said)
    call_command("rotate_signing_key", stdout=said)
    made, waiting = said.getvalue().splitlines()
    assert made.startswith("Made key")
    assert waiting.startswith("Waiting already")
    line = AuditEvent.objects.get(action="signing_key.rotate")
    assert (line.address, line.actor) == ("command", None)


@pytest.mark.parametrize(
    "lost", ["the only one", "an old one", "the newest", "the next"]
)
def test_F86_a_key_that_cannot_be_opened_takes_no_other_along(
    lost: str, scene: Scene
) -> None:
    """ENCRYPTION_KEYS lost what it was sealed with; the twin is the key beside it."""
    begun = SigningKey.signing()
    if lost in ("an old one", "the newest"):
        SigningKey.rotate()
        ago = begun.signs_from - HOUR
        SigningKey.objects.update(signs_from=begun.signs_from)
        SigningKey.objects.filter(pk=begun.pk).update(signs_from=ago)
    if lost == "the next":
        SigningKey.rotate()
    gone = {"an old one": "created_at", "the only one": "created_at"}
    row = SigningKey.objects.order_by(gone.get(lost, "-created_at"))[0]
    SigningKey.objects.filter(pk=row.pk).update(sealed="v1:00000000:AAAA")
    tokens = scene.gateway.tokens(scene.browser)
    assert scene.gateway.verified(tokens["id_token"])["sub"] == scene.person.sub.hex
    assert row.kid not in {key.kid for key in SigningKey.published()}
    assert SigningKey.rotate().opens()
