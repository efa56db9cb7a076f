"""The pages over what a real run wrote: counts, people, values, history."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import runs
from sync.models import Department, Employee, SyncRun
from sync.org.departments import lineage, tree
from sync.org.people import PeopleQuery, people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(idp: IdentityProvider, simulator: Simulator) -> SyncRun:
    """A first run of a simulated company of 40 people in 8 departments."""
    done = runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))
    assert done.state == SyncRun.State.SUCCESS
    return done


def test_stored_counts_are_what_the_lists_show(
    run: SyncRun, idp: IdentityProvider
) -> None:
    departments = list(Department.objects.filter(idp=idp))
    assert len(departments) > 5
    for department in departments:
        way = lineage(idp, department)
        for sub, expected in ((False, department.direct), (True, department.total)):
            page = people(PeopleQuery(idp, department, sub), way, size=500)
            assert len(page.rows) == expected, department


def test_the_tree_of_a_synced_company_has_one_root_with_everybody_below(
    run: SyncRun, idp: IdentityProvider
) -> None:
    top, way = tree(idp, None)
    assert [node.department.source_id for node in top.nodes] == ["1"]
    active = Employee.objects.filter(idp=idp, status=Employee.Status.ACTIVE).count()
    assert way.company == active


def test_the_run_page_and_the_persons_pages_tell_of_the_run(
    run: SyncRun, idp: IdentityProvider, console: Client
) -> None:
    page = reverse("sync:run", args=[run.pk])
    shown = html.unescape(console.get(page).content.decode())
    created = run.counts["created"]
    assert re.search(rf"Employee: Created\s*<span[^>]*>{created}<", shown)
    for person in Employee.objects.filter(idp=idp)[:10]:
        address = reverse("sync:employee", args=[person.pk])
        source = console.get(address).content.decode()
        assert f'href="{page}"' in source
        assert person.name in html.unescape(source)


def test_a_change_in_the_company_shows_on_the_page_of_the_person_and_the_next_run(
    run: SyncRun, idp: IdentityProvider, simulator: Simulator, console: Client
) -> None:
    person = Employee.objects.filter(idp=idp, status="active").exclude(title="")[0]
    simulator.company.update(person.userid, title="Keeper of <Keys>")
    second = runs.perform(runs.enqueue(idp, trigger=SyncRun.Trigger.PERSON))
    assert second.counts["updated"] == 1

    pages = (
        reverse("sync:employee", args=[person.pk]),
        f"{reverse('sync:run', args=[second.pk])}?entity=employee&kind=update",
    )
    for address in pages:
        source = console.get(address).content.decode()
        assert f"<bdi>{html.escape(person.title)}</bdi></del>" in source
        assert "<bdi>Keeper of &lt;Keys&gt;</bdi></ins>" in source
