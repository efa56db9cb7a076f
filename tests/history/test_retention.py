"""What is too old goes in small steps; what the engine or anybody needs stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from identity.models import Enterprise
from sync import retention
from sync.models import Change, InboxEvent, SyncRun
from sync.org import asof
from tests import builders

pytestmark = pytest.mark.django_db
State = SyncRun.State


def test_T03_old_history_goes_and_what_is_looked_at_stays() -> None:
    now = timezone.now()
    old = now - timedelta(days=450)
    idp = builders.idp()
    idp.confirmed_at = old
    idp.save()

    def run(state: str, at: object = old, **values: object) -> SyncRun:
        made = builders.run(idp, state, finished_at=at, **values)
        for number in range(3):
            key = f"p{number}"
            builders.change(made, "employee", "update", key, at=at)
        return made

    first, failed = run(State.SUCCESS), run(State.FAILED)
    held, whole = run(State.HELD), run(State.SUCCESS)
    since = run(State.CANCELLED)
    lately = run(State.FAILED, now)
    applied, dead, young = (
        builders.event(idp, state=state, received_at=at)
        for state, at in (("applied", old), ("dead", old), ("applied", now))
    )
    assert asof.began(idp) == old
    retention.prune()
    assert set(SyncRun.objects.all()) == {held, whole, since, lately}
    left = set(Change.objects.values_list("run", flat=True))
    assert left == {held.pk, whole.pk, since.pk, lately.pk}
    assert set(InboxEvent.objects.all()) == {dead, young}
    assert not SyncRun.objects.filter(pk__in=[first.pk, failed.pk]).exists()
    assert not InboxEvent.objects.filter(pk=applied.pk).exists()
    assert asof.began(idp) == Enterprise.load().history_from
    assert retention.prune() == 0


def test_T03_keys_of_notices_outlive_a_short_history() -> None:
    Enterprise.objects.update_or_create(pk=1, defaults={"history_days": 30})
    event = builders.event(
        builders.idp(),
        state="applied",
        received_at=timezone.now() - timedelta(days=390),
    )
    retention.prune()
    assert InboxEvent.objects.filter(pk=event.pk).exists()
