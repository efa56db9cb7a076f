"""A14: systems with policies hear of each change, signed, in order, at least once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider, User
from sync import feed, notify, webhooks
from sync.models import Change, Employee, WebhookEndpoint, WebhookMessage
from tests import builders
from tests.engine.conftest import Sync, sync
from tests.notify.hook import Hook, hooked

__all__ = ["sync"]
pytestmark = pytest.mark.django_db
Made = tuple[WebhookEndpoint, IdentityProvider]


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    settings.LOGOUT_PRIVATE_HOSTS = ["127.0.0.1"]
    with hooked() as one:
        yield one


def added(hook: Hook, *types: str, from_now: bool = False) -> WebhookEndpoint:
    endpoint, secret = webhooks.add(
        "SASE", hook.url, list(types), from_now=from_now, by=None
    )
    hook.secrets = [secret]
    return endpoint


@pytest.fixture
def acme(db: None) -> IdentityProvider:
    return builders.idp("Acme")


@pytest.fixture
def made(hook: Hook, acme: IdentityProvider, administrator: User) -> Made:
    """An endpoint, and an IdP with three changes."""
    endpoint = added(hook)
    some(acme, 3)
    return endpoint, acme


def some(idp: IdentityProvider, number: int) -> list[int]:
    run = builders.run(idp)
    rows = [
        Change(run=run, entity="employee", kind="update", key=f"u{n}")
        for n in range(number)
    ]
    return [row.pk for row in Change.objects.bulk_create(rows)]


def ids(hook: Hook) -> list[int]:
    return [change["id"] for change in hook.changes]


def waiting() -> WebhookMessage:
    return WebhookMessage.objects.get(state="waiting")


@pytest.mark.django_db(transaction=True)
def test_a_whole_company_arrives_once_by_id_in_order_and_as_it_is(
    sync: Sync, simulator: Simulator, hook: Hook
) -> None:
    added(hook)
    sync()
    assert webhooks.deliver() == 1
    company = simulator.company
    somebody = next(one for one in company.people.values() if not one.leads)
    company.let_go(somebody.userid)
    fresh = company.hire("Newcomer", email="new@example.test", mobile="+8613900000001")
    closed = company.add_department("Lab")
    sync()
    company.remove_department(closed.id)
    company.rename(fresh.userid, "Newcomer II")
    sync()
    webhooks.deliver()
    made = Change.objects.filter(applied=True).order_by("pk")
    assert ids(hook) == list(made.values_list("pk", flat=True))
    assert hook.refused == 0
    last = {c["employee"]["userid"]: c for c in hook.changes if "employee" in c}
    row = Employee.objects.get(userid=fresh.userid)
    assert last[fresh.userid]["employee"] == {
        "sub": str(row.sub),
        "userid": fresh.userid,
        "status": "active",
        "name": "Newcomer II",
        "email": "new@example.test",
        "departments": ["1"],
    }
    assert last[somebody.userid]["employee"]["status"] == "left"
    types = {change["type"] for change in hook.changes}
    assert types >= {"employee.left", "employee.moved", "department.removed"}
    assert types <= set(feed.TYPES)
    assert "13900000001" not in str(hook.came)


def test_only_what_was_made_and_is_wanted_is_sent_a_hundred_at_a_time(
    hook: Hook, acme: IdentityProvider
) -> None:
    old = some(acme, 2)
    added(hook, "employee.updated", from_now=True)
    new = some(acme, 230)
    builders.change(
        builders.run(acme, "held"), "employee", "update", "u", applied=False
    )
    builders.change(builders.run(acme), "department", "create", "7")
    assert webhooks.deliver() == 3
    assert ids(hook) == new
    assert not set(old) & set(new)
    assert webhooks.deliver() == 0


def test_the_next_message_waits_until_the_one_before_was_taken(
    hook: Hook, made: Made
) -> None:
    hook.answer = lambda number: 500 if number < 2 else 200
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert webhooks.deliver() == 0
        some(made[1], 2)
        assert webhooks.deliver() == 0
        for _try in range(2):
            clock.move_to(waiting().due_at)
            webhooks.deliver()
    first, second, third, fourth = hook.came
    assert first["id"] == second["id"] == third["id"] != fourth["id"]
    assert [len(one["data"]["changes"]) for one in hook.came] == [3, 3, 3, 2]


def test_waits_grow_and_retry_after_is_heard(hook: Hook, made: Made) -> None:
    hook.answer = lambda number: 503
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _try in range(4):
            webhooks.deliver()
            waits.append((waiting().due_at - timezone.now()).total_seconds())
            clock.move_to(waiting().due_at)
        assert waits == sorted(waits)
        assert [w >= p for w, p in zip(waits, webhooks.PAUSES, strict=False)] == [
            True
        ] * 4
        hook.headers = {"Retry-After": "7200"}
        webhooks.deliver()
        assert waiting().due_at == timezone.now() + timedelta(hours=2)


def test_after_five_days_it_is_switched_off_and_administrators_hear_of_it(
    hook: Hook, made: Made
) -> None:
    hook.answer = lambda number: 500
    webhooks.deliver()
    WebhookMessage.objects.update(
        due_at=timezone.now(), failing_since=timezone.now() - webhooks.PATIENCE
    )
    webhooks.deliver()
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.state, endpoint.because) == ("off", "failing")
    notify.deliver()
    assert mail.outbox[0].subject == "A webhook was switched off"
    assert AuditEvent.objects.filter(action="webhook.off").count() == 1
    hook.answer = lambda number: 200
    assert webhooks.deliver() == 0
    assert webhooks.switch(endpoint, True)
    assert webhooks.deliver() == 1


def test_410_switches_it_off_at_once(hook: Hook, made: Made) -> None:
    hook.answer = lambda number: 410
    webhooks.deliver()
    assert WebhookEndpoint.objects.get().because == "gone"
    assert len(hook.came) == 1


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500])
def test_what_is_no_2xx_is_not_taken_and_no_redirect_is_followed(
    hook: Hook, made: Made, status: int
) -> None:
    hook.answer = lambda number: status
    hook.headers = {"Location": hook.url}
    assert webhooks.deliver() == 0
    assert waiting().error == f"status:{status}"
    assert len(hook.came) == 1


def test_an_endless_answer_is_cut_and_counts(hook: Hook, made: Made) -> None:
    hook.answer, hook.body = lambda number: 200, b"x" * 1_000_000
    assert webhooks.deliver() == 1


def test_what_a_killed_worker_sent_comes_again_with_the_same_id(
    hook: Hook, made: Made
) -> None:
    """It died between the receiver's answer and its own note of it."""
    endpoint, idp = made
    message = webhooks._made(endpoint, idp)
    assert message
    assert webhooks._claim(message)
    call = webhooks._prepared(message)
    assert call
    assert webhooks._send(call) == ("", 0.0)
    assert webhooks.deliver() == 0
    some(idp, 1)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert webhooks.deliver() == 2
    assert hook.came[0]["id"] == hook.came[1]["id"]
    assert len(ids(hook)) == len(set(ids(hook))) == 4


def test_two_workers_send_a_message_once(made: Made) -> None:
    endpoint, idp = made
    message = webhooks._made(endpoint, idp)
    assert webhooks._made(endpoint, idp) is None
    twin = waiting()
    assert message
    assert webhooks._claim(message)
    assert not webhooks._claim(twin)


def test_a_rotation_signs_with_both_secrets_for_a_day(hook: Hook, made: Made) -> None:
    endpoint, idp = made
    hook.secrets.append(webhooks.rotate(endpoint))
    assert webhooks.deliver() == 1
    assert len(hook.came[0]["signatures"].split()) == 2
    some(idp, 1)
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        hook.secrets = hook.secrets[1:]
        webhooks.prune()
        assert webhooks.deliver() == 1
    assert len(hook.came[1]["signatures"].split()) == 1


def test_a_paused_one_gets_nothing_and_then_everything(hook: Hook, made: Made) -> None:
    endpoint, idp = made
    webhooks.switch(endpoint, False)
    assert webhooks.deliver() == 0
    some(idp, 2)
    webhooks.switch(endpoint, True)
    assert webhooks.deliver() == 1
    assert len(ids(hook)) == 5


def test_who_left_and_who_has_the_userid_now_are_two(acme: IdentityProvider) -> None:
    old = builders.employee(acme, "u1", "Old", status="left")
    new = builders.employee(acme, "u1", "New")
    Employee.objects.filter(pk=old.pk).update(unionid="a")
    run = builders.run(acme)
    left = builders.change(run, "employee", "replace", "u1", before={"unionid": "a"})
    came = builders.change(run, "employee", "create", "u1")
    first, second = feed.body(acme, [left, came], [])["data"]["changes"]
    assert (first["type"], first["employee"]["sub"]) == ("employee.left", str(old.sub))
    assert second["employee"]["sub"] == str(new.sub)


def test_old_messages_are_forgotten(made: Made) -> None:
    endpoint, idp = made
    for number in range(60):
        endpoint.messages.create(idp=idp, after=0, through=number, state="sent")
    webhooks.prune()
    assert endpoint.messages.count() == webhooks.KEPT
