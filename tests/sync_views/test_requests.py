"""Read again now: the buttons, and where they lead."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import AuditEvent, IdentityProvider, User
from sync.models import Department, Employee, InboxEvent
from tests.sync_views.reading import read, words

pytestmark = [pytest.mark.django_db, pytest.mark.alone]


def buttons(person: Employee, root: Department) -> dict[str, list[str]]:
    """Each address that asks for a read, with the pages that have its button."""
    browser = f"{reverse('sync:directory')}?idp={root.idp_id}&dept={root.pk}"
    return {
        reverse("sync:employee-read", args=[person.pk]): [
            reverse("sync:employee", args=[person.pk])
        ],
        reverse("sync:department-read", args=[root.pk]): [browser],
    }


def test_an_administrator_is_led_to_what_comes_of_it(
    console: Client, person: Employee, root: Department, administrator: User
) -> None:
    for number, (address, pages) in enumerate(buttons(person, root).items(), 1):
        assert all(address in read(console, page) for page in pages)
        response = console.post(address, follow=True)
        event = InboxEvent.objects.latest("pk")
        assert (event.way, event.state) == ("console", "pending")
        assert response.redirect_chain == [
            (reverse("sync:event", args=[event.pk]), 302)
        ]
        name = person.name if number == 1 else root.name
        source = response.content.decode()
        assert f"{name} was asked for by hand" in words(source)
        assert "an administrator asked for it" in words(source)
        assert 'hx-trigger="every 2s"' in source
        line = AuditEvent.objects.filter(action="sync.read").latest("pk")
        assert (line.actor, line.detail["event"]) == (administrator, event.pk)
        event.state, event.outcome = "applied", "read"
        event.save()
        over = read(console, reverse("sync:event", args=[event.pk]))
        assert "Read again: the directory is up to date" in over
        assert "every 2s" not in over
    assert "was asked for by hand" in words(read(console, reverse("sync:events")))


def test_the_drawer_has_the_button_too(
    console: Client, person: Employee, root: Department
) -> None:
    address = f"{reverse('sync:directory')}?idp={root.idp_id}&user={person.pk}"
    shown = console.get(address, headers={"HX-Request": "true", "HX-Target": "drawer"})
    assert reverse("sync:employee-read", args=[person.pk]) in shown.content.decode()


def test_staff_may_not_ask_and_see_no_button(
    staff_console: Client, person: Employee, root: Department
) -> None:
    for address, pages in buttons(person, root).items():
        assert all(address not in read(staff_console, page) for page in pages)
        assert staff_console.post(address).status_code == 403
    assert not InboxEvent.objects.exists()


def test_F27_a_closed_idp_says_why_nothing_is_read(
    console: Client, person: Employee, root: Department
) -> None:
    IdentityProvider.objects.update(status="closed")
    for address, pages in buttons(person, root).items():
        assert all(address not in read(console, page) for page in pages)
        shown = console.post(address, follow=True).content.decode()
        assert "is closed, so nothing of it is read. Enable it first." in words(shown)
    assert not InboxEvent.objects.exists()
