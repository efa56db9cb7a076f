"""A worker that ends in the middle of a narrow run leaves nothing behind (F-72)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from identity.models import IdentityProvider
from sync import handling, worklist
from sync.lease import Lease
from sync.models import Change, Employee, InboxEvent, SyncRun
from tests.engine.conftest import Sync
from tests.engine.conftest import sync as sync
from tests.engine.oracle import assert_equal
from tests.plugins.arriving import Arriving

pytestmark = pytest.mark.django_db(transaction=True)
State = SyncRun.State


def of_narrow_runs() -> bool:
    """Whether a narrow run has written anything."""
    return Change.objects.filter(run__breadth=SyncRun.Breadth.NARROW).exists()


def test_what_a_stopped_pass_wrote_is_counted_by_the_next_one(
    sync: Sync, arriving: Arriving, idp: IdentityProvider
) -> None:
    """The people are there already when the events are read again, so that nothing
    differs; the head-counts of their departments do."""
    sync()
    company = arriving.simulator.company
    company.hire("Newcomer", company.real_departments()[-1].id)
    arriving.arrive(*arriving.texts(arriving.take()))
    handling.work(str(idp.pk), stop=of_narrow_runs)
    assert Employee.objects.filter(name="Newcomer").exists()
    stopped = SyncRun.objects.latest("pk")
    assert stopped.state == State.SUPERSEDED
    assert InboxEvent.objects.filter(state=InboxEvent.State.PENDING).count() == 2
    arriving.work()
    assert SyncRun.objects.latest("pk").state == State.SUCCESS
    assert not any(SyncRun.objects.latest("pk").counts.values())
    assert_equal(idp, company)


def test_a_narrow_run_whose_worker_died_is_over_within_seconds(
    arriving: Arriving, idp: IdentityProvider
) -> None:
    """Until then no other event of the IdP is worked on."""
    arriving.event("user_modify_org", "somebody")
    run = worklist.claim(worklist.due(idp), idp)
    assert run is not None
    assert worklist.claim(worklist.due(idp), idp) is None
    Lease(run).beat()
    run.refresh_from_db()
    assert run.lease_until is not None
    assert run.lease_until < timezone.now() + timedelta(seconds=11)
    over = timezone.now() - timedelta(seconds=1)
    SyncRun.objects.filter(pk=run.pk).update(lease_until=over)
    assert str(idp.pk) in worklist.idps_with_work()
    arriving.work()
    run.refresh_from_db()
    assert run.state == State.ABANDONED
    assert InboxEvent.objects.get().run_id != run.pk
