"""A vendor, or a database, that does not answer: F-80, F-85, and what it answers amiss."""

from typing import Any

import pytest
from django.db import OperationalError, connection

from identity.connectors.dingtalk.simulator.effects import broken
from identity.connectors.records import CheckStatus
from identity.logon import Outcome
from identity.models import LogonAttempt, LogonSession, LogonState, LogonVerdict
from tests.logon.browsers import ended, last
from tests.logon.conftest import World
from tests.logon.test_callback import Flow

pytestmark = pytest.mark.django_db
EXCHANGE = "/v1.0/oauth2/userAccessToken"
ME = "/v1.0/contact/users/me"
UNIONID = "/topapi/user/getbyunionid"


def test_F_80_the_same_state_is_good_once_more(world: World) -> None:
    flow = Flow.begun(world)
    world.simulator.faults.add(broken("refused"), EXCHANGE, times=1)
    response = flow.finish()
    assert (response.status_code, response["Retry-After"]) == (502, "60")
    assert ended() == ("exchange", Outcome.UNREACHABLE)
    assert flow.finish().status_code == 302
    assert flow.finish().status_code == 410


def test_F_80_but_not_twice(world: World) -> None:
    flow = Flow.begun(world)
    world.simulator.faults.add(broken("refused"), EXCHANGE)
    assert [flow.finish().status_code for _time in range(3)] == [502, 502, 410]
    world.simulator.faults.clear()
    assert flow.finish().status_code == 410


def test_F_80_nor_when_its_time_is_over(world: World) -> None:
    flow = Flow.begun(world)
    world.simulator.faults.add(broken("refused"), EXCHANGE, times=1)
    flow.finish()
    LogonState.objects.update(created_at="2026-01-01T00:00Z")
    assert flow.finish().status_code == 410


def test_F_80_nor_after_the_code_was_taken(world: World) -> None:
    flow = Flow.begun(world)
    world.simulator.faults.add(broken("refused"), ME)
    assert flow.finish().status_code == 502
    assert ended() == ("identity", Outcome.UNREACHABLE)
    world.simulator.faults.clear()
    assert flow.finish().status_code == 410


def test_a_missing_permission_is_named_and_kept_as_a_verdict(world: World) -> None:
    world.simulator.permissions.discard("Contact.User.Read")
    flow = Flow.begun(world)
    assert flow.finish().status_code == 502
    assert ended() == ("identity", Outcome.PERMISSION)
    assert last().facts["scopes"] == "Contact.User.Read"
    verdict = LogonVerdict.objects.get(check_key__contains="Read")
    assert verdict.status == CheckStatus.FAIL
    world.simulator.permissions.add("Contact.User.Read")
    assert Flow.begun(world).finish().status_code == 302


def test_refused_credentials_are_ours_to_mend(world: World) -> None:
    world.idp.set_secret("app_secret", "wrong")
    assert Flow.begun(world).finish().status_code == 502
    assert ended() == ("exchange", Outcome.CREDENTIALS)
    world.idp.set_secret("app_secret", world.simulator.app_secret)
    assert Flow.begun(world).finish().status_code == 302


def test_a_secret_that_does_not_open_is_too(world: World) -> None:
    flow = Flow.begun(world)
    world.idp.secrets.update(sealed="broken")
    assert flow.finish().status_code == 502
    assert ended() == ("exchange", Outcome.CREDENTIALS)


def test_F_85_without_a_database_nobody_is_let_in(world: World) -> None:
    flow = Flow.begun(world)

    def away(*_call: Any) -> None:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away):
        response = flow.finish()
        silent = world.browser.send(**world.silently)
    assert (response.status_code, silent.status_code) == (503, 503)
    assert response["Retry-After"] == "60"
    assert flow.answer["code"] not in response.content.decode()
    assert not LogonSession.objects.exists()
    assert not LogonAttempt.objects.exists()
    assert flow.finish().status_code == 302


@pytest.mark.parametrize("stored", [1, 2, 3])
def test_F_85_what_breaks_in_the_middle_opens_nothing(
    world: World, stored: int
) -> None:
    """Session, attempt and audit line are one: any of them fails, and none is there."""
    flow = Flow.begun(world)
    tables = ("identity_logonsession", "identity_logonattempt", "identity_auditevent")

    def fail(execute: Any, sql: str, *call: Any) -> Any:
        if sql.startswith("INSERT") and tables[stored - 1] in sql:
            raise OperationalError("the disk is full")
        return execute(sql, *call)

    with connection.execute_wrapper(fail):
        assert flow.finish().status_code == 503
    assert not LogonSession.objects.exists()
    assert not LogonAttempt.objects.exists()
    world.person.refresh_from_db()
    assert world.person.account is None
    assert Flow.begun(world).finish().status_code == 302
