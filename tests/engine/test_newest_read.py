"""Newest read wins: narrow reads beside a full run, in every order (F-67, design 2.4).

The event handler comes with a later issue; here its writes are made by hand, with a
number of the same counter, while the full run is held between two answers.
"""

from collections.abc import Callable

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.gate import next_read
from identity.models import IdentityProvider
from sync.models import Department, Employee, Membership, SyncRun
from tests.engine.conftest import Sync

pytestmark = pytest.mark.django_db(transaction=True)
LAST_PAGE = "/topapi/v2/user/list"


@pytest.fixture
def synced(sync: Sync, idp: IdentityProvider) -> Sync:
    sync()
    return sync


def during(simulator: Simulator, act: Callable[[], object]) -> None:
    """Act once while a run reads, after pages were read and before the last answers."""
    simulator.faults.before(LAST_PAGE, len(simulator.company.real_departments()), act)


def test_a_leaver_by_a_later_read_is_not_brought_back_by_an_earlier_page(
    synced: Sync, simulator: Simulator
) -> None:
    userid = sorted(simulator.company.people)[0]

    def event() -> None:
        Employee.objects.filter(userid=userid).update(
            status="left", read_number=next_read() + 1000
        )

    during(simulator, event)
    synced()
    assert Employee.objects.get(userid=userid).status == "left"


def test_a_joiner_of_a_later_read_is_not_removed_by_an_earlier_walk(
    synced: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    def event() -> None:
        Employee.objects.create(
            idp=idp, userid="joiner", name="J", read_number=next_read()
        )

    during(simulator, event)
    run = synced()
    assert Employee.objects.get(userid="joiner").status == "active"
    assert run.counts["left"] == 0
    # The next full run read everything after the join: now absence counts.
    assert synced().counts["left"] == 1


def test_a_value_of_a_later_read_is_not_overwritten_by_an_earlier_page(
    synced: Sync, simulator: Simulator
) -> None:
    userid = sorted(simulator.company.people)[0]
    simulator.company.update(userid, title="page")

    def event() -> None:
        Employee.objects.filter(userid=userid).update(
            title="event", read_number=next_read() + 1000
        )

    during(simulator, event)
    synced()
    assert Employee.objects.get(userid=userid).title == "event"


def test_a_department_of_a_later_read_is_neither_renamed_back_nor_removed(
    synced: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    known = simulator.company.real_departments()[1]
    simulator.company.rename_department(known.id, "page")

    def event() -> None:
        number = next_read() + 1000
        Department.objects.filter(source_id=str(known.id)).update(
            name="event", read_number=number
        )
        Department.objects.create(
            idp=idp, source_id="777", name="new", read_number=number
        )

    during(simulator, event)
    synced()
    assert Department.objects.get(source_id=str(known.id)).name == "event"
    assert Department.objects.filter(source_id="777").exists()


def test_memberships_of_a_later_read_stay_as_that_read_left_them(
    synced: Sync, simulator: Simulator
) -> None:
    company = simulator.company
    userid = company.members(1)[0].userid
    other = company.real_departments()[-1]

    def event() -> None:
        number = next_read() + 1000
        row = Employee.objects.get(userid=userid)
        row.memberships.all().delete()
        Employee.objects.filter(pk=row.pk).update(read_number=number)
        Membership.objects.create(
            employee=row,
            department=Department.objects.get(source_id=str(other.id)),
            read_number=number,
        )

    during(simulator, event)
    synced()
    row = Employee.objects.get(userid=userid)
    places = row.memberships.values_list("department__source_id", flat=True)
    assert list(places) == [str(other.id)]


def test_unchanged_rows_get_no_number_and_the_run_keeps_its_first(
    synced: Sync,
) -> None:
    before = dict(Employee.objects.values_list("pk", "read_number"))
    run = synced()
    assert dict(Employee.objects.values_list("pk", "read_number")) == before
    assert run.first_read > max(before.values())
    assert SyncRun.objects.get(pk=run.pk).first_read == run.first_read
