"""The IdP's own minute: moments in, moments out."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from identity.cycle import HOUR, SOON, following, is_far, latest, offset_of

pytestmark = pytest.mark.alone
NOW = datetime(2028, 2, 28, 23, 40, 10, 5, tzinfo=UTC)  # a leap day comes
DAY = timedelta(days=1)
KEYS = [UUID(int=7919**n, version=4) for n in range(1, 9)]


def test_S121_each_idp_has_a_minute_of_its_own_that_is_not_the_full_hour() -> None:
    keys = [uuid4() for _ in range(500)]
    offsets = [offset_of(key) for key in keys]
    assert offsets == [offset_of(key) for key in keys]
    assert all(timedelta(minutes=2) <= each < timedelta(minutes=58) for each in offsets)
    assert len({each.seconds // 60 for each in offsets}) > 40


@pytest.mark.parametrize("hours", [1, 2, 7, 24])
@pytest.mark.parametrize("key", KEYS[:3])
def test_S121_the_first_due_is_within_a_cycle_and_not_at_once(
    key: UUID, hours: int
) -> None:
    cycle, offset = timedelta(hours=hours), offset_of(key)
    due = latest(NOW, cycle, offset)
    assert NOW + SOON < due <= NOW + cycle + SOON
    assert due > NOW + cycle - HOUR
    assert due - due.replace(minute=0, second=0, microsecond=0) == offset


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("hours", [1, 5, 24])
def test_F24_the_cycle_does_not_drift_however_late_each_run_is_begun(
    key: UUID, hours: int
) -> None:
    """Nor where the calendar has a leap day."""
    cycle, offset = timedelta(hours=hours), offset_of(key)
    first = due = latest(NOW, cycle, offset)
    for late in (0, 4, 180, 3.5):
        due = following(due, due + timedelta(seconds=late), cycle, offset)
    assert due == first + 4 * cycle


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_F23_what_was_missed_for_days_is_due_once_and_then_in_the_future(
    hours: int,
) -> None:
    cycle, offset = timedelta(hours=hours), offset_of(KEYS[0])
    due = latest(NOW - 3 * DAY, cycle, offset)
    then = following(due, NOW, cycle, offset)
    assert NOW + SOON < then <= NOW + SOON + cycle
    assert (then - due) % cycle == timedelta(0)


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_F24_a_due_that_a_wrong_clock_set_is_brought_near(hours: int) -> None:
    cycle, offset = timedelta(hours=hours), offset_of(KEYS[1])
    due = latest(NOW, cycle, offset)
    assert not is_far(due, NOW, cycle)
    back = NOW - 3 * DAY
    assert is_far(due, back, cycle)
    near = following(due, back, cycle, offset)
    assert back < near <= back + SOON + cycle
    assert (due - near) % cycle == timedelta(0)
