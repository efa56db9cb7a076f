"""Real clients let employees in and leavers out: Debian's mod_auth_openidc, and Authlib
on a loopback address."""

import os
import secrets
from typing import Any

import pytest

from tests import services
from tests.clients.apache import missing
from tests.events import ground
from tests.events.test_proof import course
from tests.running.program import free_port

pytestmark = [
    pytest.mark.services,
    pytest.mark.alone,
    pytest.mark.xdist_group("proof"),
]
CODE = "from tests.clients import course; course.run({folder!r})"
REFUSED = {"in": False, "status": 403, "words": True}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the course found, with processes and servers of its own."""
    if absent := missing():
        words = f"not installed: {', '.join(absent)}"
        if os.environ.get("SASEBRIDGE_REQUIRE_SERVICES") == "1":
            pytest.fail(words)
        pytest.skip(words)
    folder, port = tmp_path_factory.mktemp("clients"), free_port()
    with services.postgresql() as database:
        env = ground.surroundings(
            folder,
            DATABASE_URL=database,
            CELERY_BROKER_URL=f"redis://127.0.0.1:{free_port()}/0",
            SECRET_KEY=secrets.token_urlsafe(50),
            ENCRYPTION_KEYS=secrets.token_urlsafe(32),
            PORT=str(port),
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            LOGOUT_PRIVATE_HOSTS="127.0.0.1",
            DINGTALK_RATE="0",
            LOG_LEVEL="WARNING",
        )
        return course(folder, env, CODE)


def test_apache_lets_an_employee_in_and_says_who_it_is(found: dict[str, Any]) -> None:
    """S175: enterprise resources are reached."""
    assert found["apache"]["before"] == [True, True], found["apache"]["log"]


def test_apache_stops_letting_them_in_after_the_leave_event(
    found: dict[str, Any],
) -> None:
    """P4, G-07: the page, the way back to it, and a new browser; others go on."""
    told = found["apache"]
    assert told["refusals"] == {}
    assert told["shut out"] is not None, told["log"]
    assert told["after"] == told["again"] == REFUSED
    assert told["other before"] == told["other after"] == [True, True]


def test_a_native_client_gets_in_by_a_loopback_address(found: dict[str, Any]) -> None:
    """RFC 8252: registered without a port, used with whichever was free."""
    told = found["native"]
    assert len(set(told["sub"])) == 1
    assert told["name"]
    assert (told["before"], told["refreshed"]) == (200, 200)


def test_a_native_client_refuses_a_tampered_id_token(found: dict[str, Any]) -> None:
    assert found["native"]["tampered"] == []


def test_a_native_client_is_refused_after_the_leave_event(
    found: dict[str, Any],
) -> None:
    """P4, T-16: access token, refresh token, and the browser it logged on with."""
    told = found["native"]
    assert told["refusals"] == {}
    assert told["after"] == 401
    assert told["refresh after"] == [400, "invalid_grant"]
    assert told["again"] == REFUSED
