"""What an administrator does on the pages of events, with the engine behind them."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider
from sync.models import AccessCut, Change, Employee, InboxEvent, SyncRun
from sync.views.held import held_by, mark_of
from tests.engine.conftest import Sync
from tests.engine.conftest import sync as sync
from tests.engine.oracle import assert_equal
from tests.plugins.arriving import Arriving
from tests.sync_views.reading import read, words

pytestmark = pytest.mark.django_db(transaction=True)
State = InboxEvent.State
LIST = reverse("sync:events")


def states() -> set[str]:
    return set(InboxEvent.objects.values_list("state", flat=True))


def test_leavers_above_the_guard_s_limit_are_cut_and_left_when_approved(
    console: Client, sync: Sync, arriving: Arriving, idp: IdentityProvider
) -> None:
    """T-06."""
    sync()
    company = arriving.simulator.company
    for userid in list(Employee.objects.values_list("userid", flat=True)[:8]):
        company.let_go(userid)
    arriving.happened()
    assert states() == {State.HELD}
    assert AccessCut.objects.count() == 8
    source = read(console, LIST)
    assert "8 people are said to have left" in words(source)
    upto = InboxEvent.objects.latest("pk").pk
    mark = mark_of(held_by(idp))
    console.post(reverse("sync:events-approve", args=[idp.pk]), {"mark": mark})
    arriving.work()
    assert states() == {State.APPLIED}
    assert Employee.objects.filter(status=Employee.Status.LEFT).count() == 8
    assert not AccessCut.objects.exists()
    assert_equal(idp, company)
    assert "said to have left" not in words(read(console, LIST))
    event = reverse("sync:event", args=[upto])
    assert "They have left" in words(read(console, event))
    assert "Employee: Left" in words(read(console, event))


def test_what_failed_is_repaired_by_processing_it_again_and_only_once(
    console: Client, sync: Sync, arriving: Arriving, idp: IdentityProvider
) -> None:
    """F-73, U23: a second time finds nothing to change."""
    sync()
    company = arriving.simulator.company
    person = Employee.objects.earliest("pk")
    company.rename(person.userid, "Somebody Renamed")
    arriving.arrive(*arriving.texts(arriving.take()))
    InboxEvent.objects.update(state=State.DEAD, attempts=5, error_cause="A bug of ours")
    console.post(reverse("sync:events-again"))
    arriving.work()
    assert_equal(idp, company)
    event = InboxEvent.objects.get()
    page = reverse("sync:event", args=[event.pk])
    text = words(read(console, page))
    assert f"after {'Somebody Renamed'}" in text
    assert "A bug of ours" not in text
    before = Change.objects.count()
    console.post(reverse("sync:event-again", args=[event.pk]))
    arriving.work()
    assert states() == {State.APPLIED}
    assert Change.objects.count() == before
    assert SyncRun.objects.filter(breadth="narrow").count() == 2
    assert "Nothing of what it names had to be changed" in words(read(console, page))
