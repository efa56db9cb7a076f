"""Whether a person may log on now, and when they last did, on their page (pages 5.16)."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider, LogonAttempt, User
from sync.models import AccessCut, Employee
from tests.plugins.logged_on import logged_on
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db


def page_of(person: Employee) -> str:
    return reverse("sync:employee", args=[person.pk])


def section(source: str) -> str:
    """What the page says of the person's logon."""
    shown = words(source[source.index('aria-labelledby="standing"') :])
    return shown[: shown.index("Record")]


def test_who_never_logged_on_may_and_links_to_what_was_tried(
    console: Client, person: Employee
) -> None:
    source = read(console, page_of(person))
    assert "Now May log on Last logon – Open sessions 0" in section(source)
    query = f"?idp={person.idp_id}&q={person.userid}"
    assert reverse("console:logons") + query in links(source)


def test_the_last_logon_leads_to_its_trace(console: Client, person: Employee) -> None:
    logged_on(person)
    person.refresh_from_db()
    for trace, outcome, test in (
        ("first", "success", False),
        ("second", "success", False),
        ("failed", "cut", False),
        ("tried", "success", True),
    ):
        LogonAttempt.objects.create(
            trace_id=trace, account=person.account, outcome=outcome, test=test
        )
    source = read(console, page_of(person))
    assert reverse("console:logon", args=["second"]) in links(source)
    assert "Open sessions 1" in section(source)


def left(person: Employee) -> None:
    Employee.objects.filter(pk=person.pk).update(status="left")


def outside(person: Employee) -> None:
    Employee.objects.filter(pk=person.pk).update(status="out_of_scope")


def cut(person: Employee) -> None:
    AccessCut.objects.create(employee=person)


def closed(person: Employee) -> None:
    IdentityProvider.objects.update(status="closed")


def switched_off(person: Employee) -> None:
    User.objects.filter(employee=person).update(is_active=False)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (left, "The person has left the company."),
        (outside, "The person is outside of what is synchronized."),
        (
            cut,
            "DingTalk has just said that the person left; a read has yet to confirm it.",
        ),
        (closed, "This IdP is closed."),
        (switched_off, "The person's account was switched off here"),
    ],
)
def test_why_a_person_cannot_log_on_is_said(
    staff_console: Client,
    person: Employee,
    spoil: Callable[[Employee], None],
    why: str,
) -> None:
    logged_on(person)
    person.refresh_from_db()
    spoil(person)
    shown = section(read(staff_console, page_of(person)))
    assert f"Now Cannot log on {why}" in shown


def test_staff_are_not_shown_a_mobile_that_is_a_user_id(
    staff_console: Client, person: Employee
) -> None:
    """T-44: nor in the link to the logons."""
    Employee.objects.filter(pk=person.pk).update(userid="13900001111")
    source = read(staff_console, page_of(person))
    assert "13900001111" not in source
    assert not [one for one in links(source) if "/logons/?" in one]
