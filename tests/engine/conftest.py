"""A function that carries out one full run, as a worker would."""

from collections.abc import Callable

import pytest

from identity.models import IdentityProvider
from sync import runs
from sync.models import SyncRun

Sync = Callable[[], SyncRun]


@pytest.fixture
def sync(transactional_db: None, idp: IdentityProvider) -> Sync:
    """Carry out a run of `idp` and give it back with its outcome."""

    def carry_out() -> SyncRun:
        idp.refresh_from_db()
        return runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))

    return carry_out
