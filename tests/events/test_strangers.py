"""Events about what the app may not read: DingTalk sends them all the same (F-64)."""

import pytest

from sync.models import Department, Employee, InboxEvent, SyncRun
from tests.engine.conftest import Sync
from tests.engine.conftest import sync as sync
from tests.events.synced import status
from tests.plugins.arriving import Arriving

State, Outcome = InboxEvent.State, InboxEvent.Outcome
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def narrowed(sync: Sync, arriving: Arriving) -> Arriving:
    """The app may read one department of the company, and the directory is that."""
    arriving.simulator.narrow({501001})
    sync()
    arriving.take()
    return arriving


def settled() -> set[tuple[str, str]]:
    return set(InboxEvent.objects.values_list("state", "outcome"))


def test_F_64_a_stranger_outside_of_the_range_is_outside_and_no_failure(
    narrowed: Arriving,
) -> None:
    person = narrowed.simulator.company.hire("Stranger", 501002)
    narrowed.happened()
    assert settled() == {(State.APPLIED, Outcome.OUTSIDE)}
    assert not Employee.objects.filter(userid=person.userid).exists()
    assert set(
        SyncRun.objects.filter(breadth="narrow").values_list("state", flat=True)
    ) == {"success"}


def test_F_64_a_department_outside_of_the_range_is_outside_too(
    narrowed: Arriving,
) -> None:
    made = narrowed.simulator.company.add_department("Elsewhere", 501002)
    narrowed.happened()
    assert settled() == {(State.APPLIED, Outcome.OUTSIDE)}
    assert not Department.objects.filter(source_id=str(made.id)).exists()


def test_P3_somebody_of_the_directory_who_moved_out_of_the_range_stays_active(
    narrowed: Arriving,
) -> None:
    """50002 says nothing about them: the event is tried again, and says why."""
    person = next(iter(narrowed.simulator.company.members(501001)))
    narrowed.simulator.company.move(person.userid, 501002)
    narrowed.happened()
    assert status(person.userid) == "active"
    event = InboxEvent.objects.latest("pk")
    assert (event.state, event.attempts) == (State.PENDING, 1)
    assert event.error_code == "out_of_scope"
