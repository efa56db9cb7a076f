"""F-17, G-02: a worker is killed at any moment of a run, and nothing comes of it."""

import signal

import pytest
from django.db import connection

from sync.models import SyncRun
from tests.dying.conftest import Dying
from tests.dying.points import POINTS, Point

State = SyncRun.State
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("nursery"),
]


@pytest.mark.parametrize("points", [POINTS[:8], POINTS[8:]], ids=["reading", "writing"])
def test_F17_a_worker_that_is_killed_anywhere_is_followed_by_one_that_ends_the_work(
    dying: Dying, points: tuple[Point, ...]
) -> None:
    """At each point of a run in turn, each time with a company that has changed."""
    if connection.vendor == "postgresql" and points[0] is POINTS[0]:
        points = points[::3]  # while it reads, the rows are as on SQLite
    for point in points:
        dying.goes_on()
        dying.remember()
        run = dying.queue()
        dying.meets(run, point, signal.SIGKILL)
        run.refresh_from_db()
        assert run.state == left_behind(point), point
        dying.nobody_is_locked_out()
        done = dying.taken_over()
        run.refresh_from_db()
        assert [each.state for each in done] == [State.SUCCESS] * (
            point.name != "recorded-not-notified"
        ), point
        assert not run.is_open
        dying.nobody_is_locked_out()
        dying.is_as_it_should_be()


def left_behind(point: Point) -> str:
    """The state of a run whose worker has just been killed there."""
    states = {
        "before-claim": State.QUEUED,
        "recorded-not-notified": State.SUCCESS,
    }
    return states.get(point.name, State.RUNNING)
