"""Another choice of departments shows whom it takes out and brings in (U08)."""

import random
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from identity.connection import connector_for
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.live import meet
from identity.models import IdentityProvider
from identity.signals import Met, stored_directory
from identity.views.weighing import Weighed, weigh
from sync.models import Change, Employee, Kept, Membership, SyncRun
from sync.outlook import loss_of
from tests import builders
from tests.engine.conftest import LIST, Sync, active
from tests.engine.conftest import sync as sync
from tests.identity.conftest import words
from tests.identity.test_picker import ROWS, plain
from tests.plugins.logged_on import logged_on


@pytest.fixture(autouse=True)
def _nothing_was_met_before() -> None:
    cache.clear()


def weighed(idp: IdentityProvider, *departments: str) -> Weighed:
    """What a choice comes to; without departments the whole company."""
    stored = stored_directory(idp)
    assert stored
    scope = "partial" if departments else "all"
    size = stored.size(departments) if departments else stored.company()
    if size.missing:
        meet(idp, connector_for(idp), size.missing)
    found = weigh(idp, scope, departments, size, all_names=True)
    assert found
    return found


def test_U08_what_is_said_is_what_the_run_then_does_whatever_is_chosen(
    idp: IdentityProvider, simulator: Simulator, sync: Sync
) -> None:
    """Several departments, nested ones, the root itself, all, and what was never read:
    one choice after another in a company whose people are in several departments."""
    chance, company = random.Random(8), simulator.company
    departments = [str(one.id) for one in company.real_departments()]
    for userid in list(company.people)[::3]:
        company.move(userid, *map(int, chance.sample(departments, 2)))
    company.move(next(iter(company.people)), 1)
    sync()
    held = 0
    for step in range(8):
        chosen = chance.sample(departments, chance.randint(1, 3)) if step % 4 else []
        before, said = active(), weighed(idp, *chosen)
        assert said.sure
        idp.scope, idp.departments = "partial" if chosen else "all", chosen
        idp.save()
        run = sync()
        assert (run.state == SyncRun.State.HELD) == said.loss.held, (chosen, said)
        if said.loss.held:
            held += 1
            IdentityProvider.objects.update(
                guard_people_percent=100, guard_departments_percent=100
            )
            assert sync().state == SyncRun.State.SUCCESS
            IdentityProvider.objects.update(
                guard_people_percent=10, guard_departments_percent=20
            )
            idp.refresh_from_db()
        gone = before - active()
        assert said.loss.people == len(gone), chosen
        named = Employee.objects.filter(userid__in=gone).order_by("name", "pk")
        assert [one.name for one in said.loss.first] == [row.name for row in named]
        if chosen:  # of the whole company the vendor's own count is shown
            assert said.loss.joining == len(active() - before), chosen
    assert held


# --- on the page ---


@pytest.fixture
def synced(tested: IdentityProvider) -> IdentityProvider:
    """30 people in the root, 30 in Sales, 4 of those in Labs too."""
    root = builders.department(tested, "1", "Acme")
    sales = builders.department(tested, "501", "Sales", root)
    labs = builders.department(tested, "502", "Labs", root)
    for number in range(60):
        places = [root] if number < 30 else [sales]
        places += [labs] if number >= 56 else []
        builders.employee(tested, f"p{number:02}", f"Person {number:02}", places)
    builders.recount(tested)
    return tested


def effect(console: Client, idp: IdentityProvider, **sent: Any) -> str:
    """The fragment that follows the choice."""
    address = reverse("identity:effect", args=[idp.pk])
    return plain(words(console.post(address, ROWS | sent)))


@pytest.mark.django_db
def test_U08_names_sessions_and_the_guard_are_said_before_anything_is_saved(
    console: Client, synced: IdentityProvider
) -> None:
    logged_on(Employee.objects.get(userid="p03"))
    shown = effect(console, synced, departments=["502"])
    assert "56 who are active now would go out of scope" in shown
    assert "1 of them is logged on now" in shown
    assert "more than the guard lets pass, so the run will wait" in shown
    assert "Person 19" in shown
    assert "Person 20" not in shown
    assert "and 36 more" in shown
    assert "Person 55" in effect(console, synced, departments=["502"], names="1")
    shown = effect(console, synced, departments=["1"])
    assert "would go" not in shown
    synced.refresh_from_db()
    assert synced.scope == "all"


@pytest.mark.django_db
def test_U08_without_script_a_button_shows_the_same(
    console: Client, synced: IdentityProvider
) -> None:
    address = reverse("identity:setup-sync", args=[synced.pk])
    shown = plain(
        words(console.post(address, ROWS | {"departments": ["501"], "weigh": "1"}))
    )
    assert "30 who are active now would go out of scope" in shown
    synced.refresh_from_db()
    assert synced.scope == "all"


@pytest.mark.django_db
def test_U08_few_people_pass_the_guard_and_whom_an_administrator_keeps_stays(
    synced: IdentityProvider,
) -> None:
    labs = synced.directory_departments.get(source_id="502")
    for person in Employee.objects.filter(userid__lt="p54"):
        Membership.objects.create(employee=person, department=labs)
    found = loss_of(synced, ["502"])
    assert (found.people, found.held) == (2, False)
    Kept.objects.create(idp=synced, entity=Change.Entity.EMPLOYEE, key="p55")
    assert [one.name for one in loss_of(synced, ["502"]).first] == ["Person 54"]


@pytest.mark.django_db(transaction=True)
def test_U08_what_no_synchronization_has_read_is_counted_live_when_asked_for(
    console: Client, synced: IdentityProvider, simulator: Simulator
) -> None:
    """Whoever is in there too stays; before it is known, the number is the most."""
    fresh = simulator.company.add_department("Fresh")
    simulator.company.hire("Newcomer", fresh.id)
    simulator.company.hire("Person 03", fresh.id, userid="p03")
    choice = {"departments": ["501", str(fresh.id)]}
    simulator.calls.clear()
    shown = effect(console, synced, **choice)
    assert "At most: 30 who are active now would go" in shown
    assert not simulator.calls
    shown = effect(console, synced, **choice, count="1")
    assert "where no synchronization has been yet: 2 people" in shown
    assert "1 of them is new here" in shown
    assert "29 who are active now would go" in shown
    assert "At most" not in shown
    read = simulator.calls[LIST]
    assert "29 who are active" in effect(console, synced, **choice)
    assert simulator.calls[LIST] == read


@pytest.mark.django_db
def test_U08_a_large_company_costs_no_more_queries() -> None:
    counts = set()
    met = Met(frozenset(["user000001"]), frozenset(["503"]), complete=True)
    for name, people, units in (("Small", 30, 6), ("Large", 900, 90)):
        idp = builders.idp(name)
        builders.company(idp, people=people, departments=units)
        with CaptureQueriesContext(connection) as queries:
            assert loss_of(idp, ["501", "502"], met).people
        counts.add(len(queries))
    assert len(counts) == 1
    assert counts.pop() <= 10


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["identity:setup-sync", "identity:edit", "settings"])
def test_U24_what_happens_to_people_who_disappear_is_said(
    console: Client, synced: IdentityProvider, name: str
) -> None:
    synced.confirmed_at = timezone.now()
    synced.save()
    args = [] if name == "settings" else [synced.pk]
    address = reverse("console:settings" if name == "settings" else name, args=args)
    shown = plain(words(console.get(address)))
    for row in ("left", "moved out", "hidden", "could not be read", "removed", "back"):
        assert row in shown[shown.index("people who disappear") :]
