"""Events that are applied between what a full run compared and what it writes (F-67).

The run is held when it asks for somebody who is missing: by then all is read and
compared. What it still believes to be new is there when it goes on.
"""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from identity.connectors.dingtalk.simulator.company import Company
from identity.models import IdentityProvider
from sync import worklist
from sync.directory import Writer
from sync.lease import Lease
from sync.models import InboxEvent, SyncRun
from sync.narrow import NarrowPass
from sync.neighbours import still_newest
from sync.staging import Stage
from tests.engine.conftest import GET, Sync
from tests.engine.conftest import sync as sync
from tests.engine.oracle import assert_equal
from tests.events.lines import impossible
from tests.plugins.arriving import Arriving

pytestmark = pytest.mark.django_db(transaction=True)
Act = Callable[[Company], object]


def first_department(company: Company) -> int:
    return sorted(d.id for d in company.real_departments())[1]


def first_person(company: Company) -> str:
    return sorted(company.people)[0]


def hire(company: Company) -> None:
    company.hire("Newcomer", first_department(company), userid="newcomer")


def rename_newcomer(company: Company) -> None:
    company.rename("newcomer", "Other name")


def let_newcomer_go(company: Company) -> None:
    company.let_go("newcomer")


def add_department(company: Company) -> None:
    company.add_department("New", department_id=777)


def rename_new_department(company: Company) -> None:
    company.rename_department(777, "Other name")


def remove_new_department(company: Company) -> None:
    company.remove_department(777)


def rename_department(company: Company) -> None:
    company.rename_department(first_department(company), "Once")


def rename_department_again(company: Company) -> None:
    company.rename_department(first_department(company), "Twice")


def rename(company: Company) -> None:
    company.rename(first_person(company), "Once")


def rename_again(company: Company) -> None:
    company.rename(first_person(company), "Twice")


def come_back(company: Company) -> None:
    company.hire("Former", userid="former", unionid="former")


def rename_former(company: Company) -> None:
    company.rename("former", "Other name")


def nothing(company: Company) -> None:
    pass


CASES = pytest.mark.parametrize(
    ("before", "meanwhile"),
    [
        (hire, nothing),
        (hire, rename_newcomer),
        (hire, let_newcomer_go),
        (come_back, nothing),
        (come_back, rename_former),
        (add_department, nothing),
        (add_department, rename_new_department),
        (add_department, remove_new_department),
        (rename_department, nothing),
        (rename_department, rename_department_again),
        (rename, nothing),
        (rename, rename_again),
    ],
)


@pytest.fixture
def known(sync: Sync, arriving: Arriving) -> Arriving:
    """A company that is synced, with somebody who has left; somebody leaves now."""
    company = arriving.simulator.company
    leaver = company.hire("Leaver")
    come_back(company)
    sync()
    arriving.take()
    company.let_go("former")
    arriving.happened()
    company.let_go(leaver.userid)
    return arriving


@CASES
def test_a_full_run_goes_on_from_what_is_there(
    sync: Sync, known: Arriving, idp: IdentityProvider, before: Act, meanwhile: Act
) -> None:
    """It fails over nothing, overwrites nothing newer, and tells nothing twice."""
    before(known.simulator.company)

    def events() -> None:
        meanwhile(known.simulator.company)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join(timeout=30)

    def work() -> None:
        known.happened()
        known.later()
        connection.close()

    known.simulator.faults.before(GET, 1, events)
    run = sync()
    assert run.state == SyncRun.State.SUCCESS, run.error_cause
    known.later()
    assert set(InboxEvent.objects.values_list("state", flat=True)) == {"applied"}
    assert impossible(idp) == []
    assert_equal(idp, known.simulator.company)


@CASES
def test_a_narrow_run_goes_on_from_what_is_there(
    sync: Sync, known: Arriving, idp: IdentityProvider, before: Act, meanwhile: Act
) -> None:
    """The other way round: the full run writes after it has compared."""
    before(known.simulator.company)
    compared, written = threading.Event(), threading.Event()

    def events() -> None:
        meanwhile(known.simulator.company)
        known.arrive(*known.texts(known.take()))
        worker.start()
        assert compared.wait(timeout=30)

    def work() -> None:
        batch = worklist.due(idp)
        run = worklist.claim(batch, idp)
        assert run is not None
        with Lease(run) as lease, Stage(idp.pk) as stage:
            narrow = NarrowPass(idp, batch.scope, stage, lease)
            narrow.fetch()
            narrow.compare()
            compared.set()
            assert written.wait(timeout=30)
            counts = Counter[str]()
            narrow.apply(
                Writer(
                    idp,
                    lease,
                    stage,
                    narrow.rules,
                    counts,
                    partial(still_newest, idp, narrow.first),
                )
            )
            lease.finish(state=SyncRun.State.SUCCESS)
        connection.close()

    worker = threading.Thread(target=work)
    known.simulator.faults.before(GET, 1, events)
    run = sync()
    assert run.state == SyncRun.State.SUCCESS, run.error_cause
    written.set()
    worker.join(timeout=30)
    assert impossible(idp) == []
    known.later()
    assert_equal(idp, known.simulator.company)
