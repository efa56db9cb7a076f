"""Design 7: a constant number of queries, however many people there are."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sync.models import Change, Department
from tests import builders

pytestmark = pytest.mark.django_db

MOST = 6
"""Questions to the directory on one page; session, account and frame come on top."""
OF_A_PERSON = 7
"""On those about one person, who may share an identity with somebody."""


def asked(client: Client, address: str, **headers: str) -> list[str]:
    """The questions to the directory's tables that a page asks."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, headers=headers)
    assert response.status_code in (200, 286)
    found = [query["sql"] for query in queries]
    assert not any("OFFSET" in sql for sql in found)
    tables = (
        '"sync_department"',
        '"sync_employee"',
        '"sync_membership"',
        '"sync_change"',
    )
    return [sql for sql in found if any(f"FROM {table}" in sql for table in tables)]


def addresses(root: Department) -> list[str]:
    """Every kind of view of the directory."""
    directory = f"{reverse('sync:directory')}?idp={root.idp_id}"
    leaf = Department.objects.filter(idp=root.idp).order_by("-depth", "pk")[0]
    person = leaf.memberships.all()[0].employee
    run = builders.run(root.idp)
    for row in (person, *root.idp.employees.order_by("pk")[:9]):
        builders.change(run, Change.Entity.EMPLOYEE, Change.Kind.UPDATE, row.userid)
        key = f"{row.userid}/{leaf.source_id}"
        builders.change(run, Change.Entity.MEMBERSHIP, Change.Kind.CREATE, key)
    root.idp.employees.filter(pk=person.pk).update(manager_userid="user000001")
    return [
        directory,
        f"{directory}&status=any",
        f"{directory}&q=张",
        f"{directory}&q=z&title=HR&no_mobile=1&status=any",
        f"{directory}&no_email=1",
        f"{directory}&user={person.pk}",
        f"{directory}&dept={root.pk}",
        f"{directory}&dept={root.pk}&sub=1",
        f"{directory}&dept={leaf.pk}&sub=1&q=a",
        f"{directory}&dept={root.pk}&tab=departments",
        f"{reverse('sync:branch')}?idp={root.idp_id}&under={root.pk}",
        f"{reverse('sync:branches')}?idp={root.idp_id}&of={root.pk},{leaf.pk}",
        reverse("sync:employee", args=[person.pk]),
        f"{reverse('sync:employee', args=[person.pk])}?before=99999",
        reverse("sync:access", args=[person.pk]),
        reverse("sync:run", args=[run.pk]),
        f"{reverse('sync:run', args=[run.pk])}?entity=membership&kind=create",
    ]


def test_pages_ask_at_most_six_questions_and_no_more_of_a_large_company(
    console: Client,
) -> None:
    small = builders.company(builders.idp("Small"), people=10, departments=6)
    large = builders.company(builders.idp("Large"), people=1000, departments=120)
    for little, much in zip(addresses(small), addresses(large), strict=True):
        counts = [len(asked(console, address)) for address in (little, much)]
        most = OF_A_PERSON if "/u/" in little or "user=" in little else MOST
        assert counts[0] == counts[1] <= most, (little, counts)


def test_the_right_side_alone_asks_no_more(console: Client) -> None:
    large = builders.company(builders.idp(), people=300, departments=60)
    headers = {"HX-Request": "true", "HX-Target": "pane"}
    for address in addresses(large)[:10]:
        assert len(asked(console, address, **headers)) <= MOST


def test_the_drawer_and_an_empty_list_ask_no_more(console: Client) -> None:
    root = builders.company(builders.idp(), people=60, departments=9)
    builders.run(root.idp, "failed")
    directory = f"{reverse('sync:directory')}?idp={root.idp_id}"
    person = root.idp.employees.order_by("pk")[9]
    headers = {"HX-Request": "true", "HX-Target": "drawer"}
    shown = asked(console, f"{directory}&user={person.pk}", **headers)
    assert len(shown) <= OF_A_PERSON
    assert len(asked(console, f"{directory}&title=nobody")) <= MOST
