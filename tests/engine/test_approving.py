"""A held plan is approved exactly as it was shown, for a day and once, or dropped."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from identity.models import IdentityProvider, User
from sync import approving, runs
from sync.approving import NotWaiting
from sync.models import Change, Kept, SyncRun
from tests import builders

State, Purpose = SyncRun.State, SyncRun.Purpose
Held = Callable[..., SyncRun]


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_user("decides", role=User.Role.ADMINISTRATOR)


def hold(idp: IdentityProvider, **values: object) -> SyncRun:
    """A held run with a plan of three rows."""
    run = SyncRun.objects.create(
        idp=idp, trigger="schedule", state=State.HELD, digest="d1", **values
    )
    SyncRun.objects.filter(pk=run.pk).update(finished_at=Now())
    for key, verdict in (("gone", "left"), ("moved", "moved"), ("asked", "")):
        Change.objects.create(
            run=run,
            entity="employee",
            kind="remove",
            key=key,
            label=key.title(),
            verdict=verdict,
            applied=False,
        )
    run.refresh_from_db()
    return run


def reason(run: SyncRun, by: User, **values: object) -> str:
    """Why an approval is refused."""
    with pytest.raises(NotWaiting) as refused:
        approving.approve(run, by, **{"digest": run.digest, **values})  # type: ignore[arg-type]
    assert str(refused.value)
    return refused.value.reason


def test_an_approval_ends_the_held_run_and_queues_one_that_carries_it_out(
    idp: IdentityProvider, admin: User
) -> None:
    held = hold(idp, people=False)
    queued = approving.approve(held, admin, digest="d1")
    held.refresh_from_db()
    assert (queued.state, queued.purpose) == (State.QUEUED, Purpose.SYNC)
    assert (queued.approves, queued.by, queued.people) == (held, admin, False)
    assert (held.state, held.approved_by) == (State.SUPERSEDED, admin)
    assert held.approved_at is not None
    assert approving.waiting(held) is False
    runs.request_cancel(queued)
    assert runs.enqueue_again(queued).approves == held


def test_a_preview_is_approved_like_any_plan_and_an_undo_stays_an_undo(
    idp: IdentityProvider, admin: User
) -> None:
    queued = approving.approve(hold(idp, purpose="preview"), admin, digest="d1")
    assert queued.purpose == Purpose.SYNC
    runs.request_cancel(queued)
    queued = approving.approve(hold(idp, purpose="undo"), admin, digest="d1")
    assert queued.purpose == Purpose.UNDO


def test_only_a_waiting_plan_as_it_was_shown_is_approved(
    idp: IdentityProvider, admin: User
) -> None:
    held = hold(idp)
    assert reason(held, admin, digest="other") == "digest"
    approving.approve(held, admin, digest="d1")
    assert reason(held, admin) == "approved"
    assert reason(hold(idp), admin) == "superseded"  # a run is under way


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"state": State.SUPERSEDED}, "superseded"),
        ({"state": State.SUCCESS}, "not_held"),
    ],
)
def test_what_is_over_is_not_approved(
    idp: IdentityProvider, admin: User, values: dict[str, str], expected: str
) -> None:
    held = hold(idp)
    SyncRun.objects.filter(pk=held.pk).update(**values)
    assert reason(held, admin) == expected


def test_nothing_is_approved_for_a_closed_idp_or_a_draft(
    idp: IdentityProvider, admin: User
) -> None:
    held = hold(idp)
    IdentityProvider.objects.filter(pk=idp.pk).update(status="closed")
    assert reason(held, admin) == "closed"
    IdentityProvider.objects.filter(pk=idp.pk).update(
        status="enabled", confirmed_at=None
    )
    assert reason(held, admin) == "draft"


def test_an_approval_ends_after_a_day_by_the_clock_of_the_database(
    idp: IdentityProvider, admin: User
) -> None:
    held = hold(idp)
    almost, over = (timedelta(hours=24, minutes=m) for m in (-1, 1))
    SyncRun.objects.filter(pk=held.pk).update(finished_at=Now() - almost)
    assert approving.waiting(held)
    SyncRun.objects.filter(pk=held.pk).update(finished_at=Now() - over)
    assert reason(held, admin) == "expired"
    held.refresh_from_db()
    assert held.finished_at is not None
    assert approving.ends_at(held) == held.finished_at + timedelta(hours=24)


def test_rows_are_left_out_but_nobody_who_left(
    idp: IdentityProvider, admin: User
) -> None:
    held = hold(idp)
    assert reason(held, admin, left_out=[("employee", "gone")]) == "left"
    assert reason(held, admin, left_out=[("employee", "x")]) == "unknown_row"
    assert not SyncRun.objects.filter(state=State.QUEUED).exists()
    approving.approve(held, admin, digest="d1", left_out=[("employee", "moved")])
    held.refresh_from_db()
    assert held.left_out == [["employee", "moved"]]
    kept = Kept.objects.get()
    assert (kept.key, kept.label, kept.run, kept.by) == ("moved", "Moved", held, admin)
    approving.release(kept, admin)
    assert not Kept.objects.exists()


def test_a_plan_is_dropped_once(idp: IdentityProvider, admin: User) -> None:
    held = approving.refuse(hold(idp), admin)
    assert (held.state, held.error_code) == (State.CANCELLED, "refused")
    assert reason(held, admin) == "refused"
    with pytest.raises(NotWaiting, match="dropped"):
        approving.refuse(held, admin)


def test_losses_are_counted_by_what_the_vendor_said(
    idp: IdentityProvider, admin: User
) -> None:
    held = hold(idp)
    builders.department(idp, "7", "Beside")
    Change.objects.create(
        run=held, entity="department", kind="remove", key="7", applied=False
    )
    assert approving.verdicts(held) == {"": 1, "left": 1, "moved": 1}
    assert approving.losses(held).count() == 4


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_approve_at_once_one_is_told(
    idp: IdentityProvider,
) -> None:
    admins = [
        User.objects.create_user(name, role=User.Role.ADMINISTRATOR)
        for name in ("one", "two")
    ]
    held = hold(idp)
    barrier = threading.Barrier(2)
    said: list[str] = []

    def decide(by: User) -> None:
        try:
            barrier.wait(5)
            with transaction.atomic():
                approving.approve(held, by, digest="d1")
            said.append("done")
        except NotWaiting as refused:
            said.append(refused.reason)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(by,)) for by in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(said) == ["approved", "done"]
    assert SyncRun.objects.filter(approves=held).count() == 1
