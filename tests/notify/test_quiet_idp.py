"""An IdP of which nothing changes costs webhooks little, and loses nothing by that."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from identity.models import IdentityProvider
from sync import feed, webhooks
from sync.models import Change, SyncRun, WebhookCursor
from tests import builders
from tests.notify.hook import Hook, hooked


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    settings.LOGOUT_PRIVATE_HOSTS = ["127.0.0.1"]
    with hooked() as one:
        yield one


def some(idp: IdentityProvider, number: int, state: str = "success") -> list[int]:
    run = builders.run(idp, state)
    rows = [
        Change(run=run, entity="employee", kind="update", key=f"u{n}")
        for n in range(number)
    ]
    return [row.pk for row in Change.objects.bulk_create(rows)]


def heard(hook: Hook) -> None:
    """A webhook that hears of people who were there before, and of nobody else."""
    _one, secret = webhooks.add(
        "SASE", hook.url, ["employee.created"], from_now=False, by=None
    )
    hook.secrets = [secret]


@pytest.mark.django_db
def test_changes_of_others_are_walked_through_once(hook: Hook) -> None:
    quiet, busy = builders.idp("Quiet"), builders.idp("Busy")
    heard(hook)
    last = some(busy, feed.FAR)[-1]
    webhooks.deliver()
    assert WebhookCursor.objects.get(idp=quiet).position == last
    made = builders.change(builders.run(quiet), "employee", "create", "new")
    assert webhooks.deliver() == 1
    assert [change["id"] for change in hook.changes] == [made.pk]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_not_committed_yet_is_not_passed_by(hook: Hook) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("one writes after the other there")
    quiet, busy = builders.idp("Quiet"), builders.idp("Busy")
    heard(hook)
    run = builders.run(quiet, "running")
    written, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():  # as a run does (`Lease.fence`)
            SyncRun.objects.select_for_update().get(pk=run.pk)
            builders.change(run, "employee", "create", "late")
            written.set()
            go_on.wait(5)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(5)
    some(busy, feed.FAR)
    threading.Timer(0.3, go_on.set).start()
    webhooks.deliver()
    writer.join()
    webhooks.deliver()
    assert [change["employee"]["userid"] for change in hook.changes] == ["late"]
