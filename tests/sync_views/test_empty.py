"""U35: never synchronized, nobody found, no right, broken; each with one way on."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider
from tests import builders
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db
HERE = reverse("sync:directory")


@pytest.mark.parametrize(
    ("state", "heading", "action"),
    [
        ("failed", "The last synchronization did not succeed", "See what went wrong"),
        (
            "cancelled",
            "The last synchronization did not succeed",
            "See what went wrong",
        ),
        ("held", "The last synchronization is held", "See why"),
        ("running", "The first synchronization is under way", "Watch it"),
        ("success", "The synchronization found nobody", "See the run"),
    ],
)
def test_an_empty_directory_tells_of_its_last_run_and_leads_to_it(
    console: Client,
    staff_console: Client,
    idp: IdentityProvider,
    state: str,
    heading: str,
    action: str,
) -> None:
    builders.run(idp, "success")
    run = builders.run(idp, state)
    for reader in (console, staff_console):
        source = read(reader, HERE)
        assert heading in words(source)
        assert action in words(source)
        assert reverse("sync:run", args=[run.pk]) in links(source)
        assert "Not synchronized yet" not in words(source)


def test_a_failed_run_tells_its_cause_on_the_empty_page(
    console: Client, idp: IdentityProvider
) -> None:
    builders.run(idp, "failed", error_cause="The app secret is wrong <b>.")
    assert "The app secret is wrong <b>." in words(read(console, HERE))


def test_a_directory_with_people_does_not_speak_of_a_failed_run(
    console: Client, idp: IdentityProvider
) -> None:
    builders.company(idp, people=3, departments=2)
    builders.run(idp, "failed")
    assert "did not succeed" not in words(read(console, HERE))


def test_who_has_no_right_is_told_so_and_can_log_off(employee_client: Client) -> None:
    response = employee_client.get(HERE)
    source = response.content.decode()
    assert response.status_code == 403
    assert "<h1>Not allowed</h1>" in source
    assert source.count("btn-primary") == 1
