"""Who may see and do what on these pages."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import AuditEvent
from sync.models import Department, Employee, SyncRun
from tests import builders
from tests.sync_views.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def addresses(root: Department, person: Employee) -> list[str]:
    """Every page and fragment of the directory and the runs."""
    finished, running = builders.run(root.idp), builders.run(root.idp, "running")
    event = builders.event(root.idp, "left", [person.userid], body="{}")
    return [
        reverse("sync:events"),
        f"{reverse('sync:events')}?state=held",
        reverse("sync:event", args=[event.pk]),
        reverse("sync:directory"),
        f"{reverse('sync:directory')}?dept={root.pk}&tab=departments",
        f"{reverse('sync:directory')}?q=张",
        f"{reverse('sync:branch')}?idp={root.idp_id}&under={root.pk}",
        f"{reverse('sync:branches')}?idp={root.idp_id}&of={root.pk}",
        f"{reverse('sync:export')}?idp={root.idp_id}",
        f"{reverse('sync:directory')}?user={person.pk}",
        reverse("sync:department", args=[root.pk]),
        reverse("sync:employee", args=[person.pk]),
        reverse("sync:runs"),
        reverse("sync:run", args=[finished.pk]),
        reverse("sync:run", args=[running.pk]),
        reverse("sync:progress", args=[running.pk]),
        f"{reverse('sync:progress', args=[running.pk])}?say=1",
    ]


def test_a_visitor_is_sent_to_the_logon_and_back(
    client: Client, addresses: list[str]
) -> None:
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")


def test_a_fragment_tells_a_visitor_nothing_and_reloads_the_page(
    client: Client, addresses: list[str]
) -> None:
    """A session may end while a page is open."""
    for address in addresses:
        headers = {"HX-Request": "true", "HX-Target": "pane"}
        response = client.get(address, headers=headers)
        assert response.content == b""
        assert response["HX-Refresh"] == "true"


def test_an_employee_has_no_business_here(
    employee_client: Client, addresses: list[str]
) -> None:
    for address in addresses:
        assert employee_client.get(address).status_code == 403


def test_staff_and_administrators_read_everything(
    console: Client, staff_console: Client, addresses: list[str]
) -> None:
    for address in addresses:
        assert console.get(address, follow=True).status_code == 200
        assert staff_console.get(address, follow=True).status_code == 200


def test_pages_are_only_read(console: Client, addresses: list[str]) -> None:
    for address in addresses:
        for method in (console.post, console.put, console.delete):
            assert method(address).status_code == 405


def test_staff_are_offered_nothing_that_changes_anything(
    staff_console: Client, console: Client, addresses: list[str]
) -> None:
    """The only forms that post are the frame's: language, theme, log off."""
    frame = set(_posting(read(staff_console, reverse("sync:runs"))))
    for address in addresses:
        source = staff_console.get(address, follow=True).getvalue().decode()
        assert set(_posting(source)) <= frame
        assert not re.search(r"hx-(post|put|patch|delete)", source)
    running = SyncRun.objects.get(state="running")
    offered = _posting(read(console, reverse("sync:run", args=[running.pk])))
    assert reverse("sync:cancel", args=[running.pk]) in offered


def test_only_an_administrator_starts_and_cancels(
    client: Client, staff_console: Client, employee_client: Client, root: Department
) -> None:
    run = builders.run(root.idp, "running")
    start = reverse("sync:start", args=[root.idp_id])
    cancel = reverse("sync:cancel", args=[run.pk])
    for address in (start, cancel):
        assert client.post(address).status_code == 302
        assert staff_console.post(address).status_code == 403
        assert employee_client.post(address).status_code == 403
    run.refresh_from_db()
    assert not run.cancel_requested
    assert SyncRun.objects.count() == 1
    assert not AuditEvent.objects.filter(action__startswith="sync.").exists()


def _posting(source: str) -> list[str]:
    """Where the forms of a page post to."""
    forms = re.findall(r"<form\b[^>]*>", source)
    return [
        found[1]
        for form in forms
        if 'method="post"' in form and (found := re.search(r'action="([^"]*)"', form))
    ]
