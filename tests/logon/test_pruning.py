"""What has been over for long is removed, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from identity import pruning
from identity.models import (
    AccessToken,
    IdentityProvider,
    LogonAttempt,
    LogonSession,
    User,
)
from sync import tasks

pytestmark = pytest.mark.django_db
NOW = timezone.now
DAY = timedelta(days=1)


def session(account: User, key: str, ended: timedelta | None) -> LogonSession:
    """A session that began a year ago, and ended so long ago."""
    return LogonSession.objects.create(
        account=account,
        session_key=key,
        created_at=NOW() - 365 * DAY,
        seen_at=NOW(),
        ended_at=None if ended is None else NOW() - ended,
    )


def test_old_traces_and_ended_sessions_go_with_their_tokens(
    employee_account: User,
) -> None:
    for key, age in (("old", pruning.TRACES_KEPT + DAY), ("new", 179 * DAY)):
        LogonAttempt.objects.create(trace_id=key, at=NOW() - age)
    old = session(employee_account, "old", pruning.SESSIONS_KEPT + DAY)
    session(employee_account, "lately", 29 * DAY)
    session(employee_account, "open", None)
    AccessToken.objects.create(session=old, token="t", expires=NOW())
    for key, left in (("gone", -DAY), ("there", DAY)):
        Session.objects.create(session_key=key, expire_date=NOW() + left)
    tasks.prune()
    assert LogonAttempt.objects.get().trace_id == "new"
    keys = LogonSession.objects.values_list("session_key", flat=True)
    assert set(keys) == {"lately", "open"}
    assert not AccessToken.objects.exists()
    assert Session.objects.get().session_key == "there"


def test_what_belonged_to_no_logon_goes_sooner(idp: IdentityProvider) -> None:
    """Anybody can send it (T-42); a logon that got further, or to an IdP, stays."""
    at = NOW() - pruning.STRAYS_KEPT - DAY
    kinds: dict[str, dict[str, Any]] = {
        "stray": {"stage": "state"},
        "of an IdP": {"stage": "state", "idp": idp},
        "of an IdP that is gone": {"stage": "exchange"},
        "success": {"outcome": "success"},
    }
    for key, about in kinds.items():
        LogonAttempt.objects.create(trace_id=key, at=at, **about)
    LogonAttempt.objects.create(trace_id="new", stage="state")
    assert pruning.prune() == 1
    assert not LogonAttempt.objects.filter(trace_id="stray").exists()


def test_many_go_in_portions_and_it_stops_when_asked(db: None) -> None:
    old = NOW() - pruning.TRACES_KEPT - DAY
    LogonAttempt.objects.bulk_create(
        LogonAttempt(trace_id=str(n), at=old) for n in range(pruning.PORTION + 3)
    )
    assert pruning.prune(stop=lambda: True) == 0
    assert pruning.prune() == pruning.PORTION + 3
    assert pruning.prune() == 0
