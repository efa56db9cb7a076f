"""A run ends also when what it has to say cannot be written."""

import pytest

from identity.models import IdentityProvider
from sync import runs
from sync.lease import Lease, claim
from sync.models import SyncRun

LONE_SURROGATE = "\ud800"
"""No database takes it; a NUL is refused by PostgreSQL alone."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("odd", [LONE_SURROGATE, "a\0b"])
def test_a_run_whose_outcome_no_database_takes_is_over_all_the_same(
    idp: IdentityProvider, odd: str
) -> None:
    """R1: else it would begin again each time that its lease ends."""
    run = runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON)
    assert claim(run)
    with Lease(run) as lease:
        lease.finish(state=SyncRun.State.FAILED, error_cause=odd)
    run.refresh_from_db()
    assert run.state == SyncRun.State.FAILED
    assert not run.is_open
    assert run.finished_at is not None
