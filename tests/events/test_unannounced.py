"""The report of missed events: what a full run found and no event had announced."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from identity import audit
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.records import ABSENT
from identity.connectors.records import EventKind
from identity.models import IdentityProvider
from sync import unannounced
from sync.models import InboxEvent, SyncRun
from tests import builders
from tests.events.outage import came, full_run
from tests.sync_views.reading import links, read, words

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company(idp: IdentityProvider, simulator: Simulator) -> Company:
    """A company that was read once, and whose vendor has pushed at least once."""
    came(idp)
    assert full_run(idp).unannounced is None
    return simulator.company


def report(run: SyncRun) -> dict[str, Any]:
    """The report of a run, as it is stored."""
    run.refresh_from_db()
    assert run.unannounced is not None
    return dict(run.unannounced)


def numbers(run: SyncRun) -> tuple[int, int]:
    """People and departments that no event announced."""
    found = report(run)
    return found["employees"], found["departments"]


def test_without_any_event_there_is_no_report(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    full_run(idp)
    simulator.company.hire("New")
    assert full_run(idp).unannounced is None


def test_changes_without_an_event_are_counted_and_named(
    idp: IdentityProvider, company: Company
) -> None:
    """By the command too: whoever carries a run out."""
    team = company.add_department("Team")
    person = company.hire("New", team.id)
    with pytest.raises(SystemExit):
        call_command("sync_directory", idp.name)
    found = report(SyncRun.objects.latest("pk"))
    assert (found["employees"], found["departments"]) == (1, 1)
    assert found["first"] == [
        {
            "entity": "employee",
            "key": person.userid,
            "label": "New",
            "kind": "create",
        },
        {
            "entity": "department",
            "key": str(team.id),
            "label": "Team",
            "kind": "create",
        },
    ]
    nothing = report(full_run(idp))
    assert (nothing["employees"], nothing["departments"], nothing["first"]) == (
        0,
        0,
        [],
    )


def test_what_events_named_since_the_run_before_is_announced(
    idp: IdentityProvider, company: Company
) -> None:
    renamed, left, early = (company.hire(name) for name in ("A", "B", "C"))
    team = company.add_department("Team")
    full_run(idp)
    came(idp, EventKind.CHANGED, early.userid)
    full_run(idp)  # that event is over with this one
    came(idp, EventKind.CHANGED, renamed.userid, "somebody else")
    came(idp, EventKind.LEFT, left.userid)
    came(idp, EventKind.DEPARTMENT_CHANGED, str(team.id))
    company.rename(renamed.userid, "A2")
    company.rename(early.userid, "C2")
    company.let_go(left.userid)
    company.rename_department(team.id, "Team 2")
    run = full_run(idp)
    assert (run.counts["left"], run.counts["updated"]) == (1, 2)
    assert numbers(run) == (1, 0)
    assert report(run)["first"][0]["label"] == "C2"


def test_a_change_of_a_membership_is_one_of_its_person(
    idp: IdentityProvider, company: Company
) -> None:
    mover, announced = company.hire("Mover"), company.hire("Announced")
    team = company.add_department("Team")
    full_run(idp)
    company.move(mover.userid, team.id)
    company.move(announced.userid, team.id)
    came(idp, EventKind.CHANGED, announced.userid)
    run = full_run(idp)
    assert run.counts["memberships_added"] == 2
    assert report(run)["first"] == [
        {
            "entity": "employee",
            "key": mover.userid,
            "label": "Mover",
            "kind": "update",
        }
    ]
    assert numbers(run) == (1, 0)


def test_a_place_in_a_list_is_announced_by_nobody(
    idp: IdentityProvider, company: Company
) -> None:
    first, _second = company.add_department("First"), company.add_department("Second")
    full_run(idp)
    company.remove_department(first.id)
    came(idp, EventKind.DEPARTMENT_REMOVED, str(first.id))
    run = full_run(idp)
    assert run.counts["departments_updated"] > 0
    assert numbers(run) == (0, 0)


def test_a_partial_run_has_a_report_and_a_failed_one_has_not(
    idp: IdentityProvider, company: Company, simulator: Simulator
) -> None:
    odd = company.hire("Odd")
    full_run(idp)
    company.hire("New")
    odd.distorted = {"userid": ABSENT}
    run = full_run(idp)
    assert run.state == State.PARTIAL
    assert numbers(run) == (1, 0)
    simulator.stopped = True
    run = full_run(idp)
    assert run.state == State.FAILED
    assert run.unannounced is None


def test_a_first_run_of_people_is_no_news(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """S118 was off: the runs before read departments alone."""
    came(idp)
    SyncRun.objects.create(
        idp=idp, people=False, state=State.SUCCESS, trigger=SyncRun.Trigger.SCHEDULE
    )
    assert full_run(idp).unannounced is None


def test_a_change_of_scope_or_mapping_is_said_with_it(
    idp: IdentityProvider, company: Company
) -> None:
    company.hire("New")
    assert not report(full_run(idp))["resettled"]
    audit.record("idp.change", by=None, target=idp, detail={"scope": "all"})
    assert report(full_run(idp))["resettled"]
    assert not report(full_run(idp))["resettled"]


def test_a_flood_of_events_is_not_compared(
    idp: IdentityProvider, company: Company
) -> None:
    for number in range(3):
        came(idp, EventKind.CHANGED, f"u{number}")
    company.hire("New")
    run = full_run(idp)
    compared, flooded = unannounced.report(run, 3), unannounced.report(run, 2)
    assert compared is not None
    assert flooded is not None
    assert ("many" in compared, compared["employees"]) == (False, 1)
    assert (flooded["many"], flooded["employees"]) == (True, 0)


def test_a_report_that_fails_leaves_the_run_as_it_is(
    idp: IdentityProvider, company: Company
) -> None:
    row = came(idp, EventKind.CHANGED, "u1")
    InboxEvent.objects.filter(pk=row.pk).update(userids=[["not", "an id"]])
    run = full_run(idp)
    assert (run.state, run.unannounced) == (State.SUCCESS, None)


# --- the page ---


def page(client: Client, run: SyncRun) -> str:
    """What the run's page says."""
    return read(client, reverse("sync:run", args=[run.pk]))


@pytest.fixture
def told(db: None) -> Callable[..., SyncRun]:
    """A function that makes a run with this report."""

    def make(**values: Any) -> SyncRun:
        empty = {"employees": 0, "departments": 0, "first": []}
        counts = {"created": 1}
        return builders.run(
            builders.idp(), counts=counts, unannounced={**empty, **values}
        )

    return make


def test_the_page_names_what_no_event_announced(
    console: Client, told: Callable[..., SyncRun]
) -> None:
    lines = [
        {"entity": "employee", "key": f"u{n}", "label": f"N{n}", "kind": "create"}
        for n in range(12)
    ]
    run = told(employees=12, departments=1, first=lines, resettled=True, caught_up=1)
    person = builders.employee(run.idp, "u3", "Zhang")
    source = page(console, run)
    assert reverse("sync:employee", args=[person.pk]) in links(source)
    shown = words(source)
    assert "13 changes were found that no event had announced: DingTalk did" in shown
    assert "N0 , N1 , N2 , Zhang , N4" in shown
    assert "N9 and 3 more" in shown
    assert "N10" not in shown
    assert "1 event that DingTalk could not deliver was caught up" in shown
    assert "The scope, the mapping or the app was changed" in shown


def test_the_page_says_when_everything_had_been_announced(
    console: Client, told: Callable[..., SyncRun]
) -> None:
    run = told()
    assert "Every change had been announced by an event." in words(page(console, run))
    SyncRun.objects.filter(pk=run.pk).update(counts={"created": 0})
    assert "announced" not in words(page(console, run))
    SyncRun.objects.filter(pk=run.pk).update(unannounced=None, counts={"created": 1})
    assert "announced" not in words(page(console, run))


def test_the_page_says_when_there_were_too_many_to_compare(
    console: Client, told: Callable[..., SyncRun]
) -> None:
    shown = words(page(console, told(many=True)))
    assert "Too many events came since the run before" in shown
    assert "Every change" not in shown


def test_staff_see_no_mobile_in_a_name(
    staff_console: Client, told: Callable[..., SyncRun]
) -> None:
    line = {
        "entity": "employee",
        "key": "u1",
        "label": "13900001111",
        "kind": "create",
    }
    assert "13900001111" not in page(staff_console, told(employees=1, first=[line]))
