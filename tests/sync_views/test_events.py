"""The list of events: words, filters, pages, and what waits for somebody."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from identity.models import IdentityProvider
from sync.models import Department, Employee, InboxEvent
from tests import builders
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db
LIST = reverse("sync:events")
AN_HOUR_AGO = timedelta(hours=1)


def shown(client: Client, query: str = "") -> list[int]:
    """The numbers of the events in the list."""
    source = read(client, f"{LIST}{query}")
    found = re.findall(r'sb-row-link" href="/sync/events/(\d+)/"', source)
    return [int(number) for number in found]


@pytest.mark.parametrize(
    ("kind", "userids", "departments", "said"),
    [
        ("joined", ["zhang"], [], "张三丰 joined"),
        ("changed", ["zhang"], [], "张三丰 changed"),
        ("left", ["zhang", "u2"], [], "2 people left 张三丰 , u2"),
        ("left", [f"u{n}" for n in range(5)], [], "5 people left u0 , u1 , u2 and 2"),
        ("changed", ["nobody-we-know"], [], "nobody-we-know changed"),
        ("department_created", [], ["501"], "Department 1 部 was created"),
        ("department_changed", [], ["501"], "Department 1 部 was renamed or moved"),
        ("department_removed", [], ["501", "9"], "2 departments were deleted"),
        ("verify", [], [], "The address was verified"),
        ("other", [], [], "org_admin_add Applied"),
        ("changed", [], [], "org_admin_add Applied"),
    ],
)
def test_an_event_is_told_in_words_with_the_names_of_the_directory(
    console: Client,
    person: Employee,
    kind: str,
    userids: list[str],
    departments: list[str],
    said: str,
) -> None:
    builders.event(
        person.idp,
        kind,
        userids,
        departments=departments,
        name="org_admin_add",
        state="applied",
    )
    assert said in words(read(console, LIST))


def test_a_department_that_is_gone_is_called_as_it_was(
    console: Client, root: Department
) -> None:
    run = builders.run(root.idp, breadth="narrow")
    builders.change(run, "department", "remove", "9", label="Night shift")
    builders.event(root.idp, "department_removed", departments=["9"])
    assert "Night shift was deleted" in words(read(console, LIST))


def test_of_people_with_one_userid_the_one_who_is_here_is_named(
    console: Client, root: Department
) -> None:
    for name, status in (("Old", "left"), ("New", "active"), ("Older", "left")):
        builders.employee(root.idp, "u1", name, status=status)
    builders.event(root.idp, "changed", ["u1"])
    assert "New changed" in words(read(console, LIST))


def test_a_row_says_delay_tries_way_and_copies(
    console: Client, idp: IdentityProvider
) -> None:
    came = timezone.now() - AN_HOUR_AGO
    builders.event(
        idp,
        state="applied",
        run=builders.run(idp),
        received_at=came,
        handled_at=came + timedelta(seconds=200),
        attempts=2,
        copies=3,
        way="stream",
    )
    text = words(read(console, LIST))
    assert "Applied an hour ago 3 min 20 s 3 Stream mode came 3 times" in text
    builders.event(idp, state="pending", received_at=came)
    assert "Waiting an hour ago waits for 1 h 0 min – HTTP push" in words(
        read(console, LIST)
    )


def test_an_event_in_an_open_run_is_in_work(
    console: Client, idp: IdentityProvider
) -> None:
    run = builders.run(idp, "running", breadth="narrow")
    builders.event(idp, run=run)
    assert "In work" in words(read(console, LIST))


def test_the_list_is_filtered_and_pages_by_key(
    console: Client, idp: IdentityProvider
) -> None:
    other = builders.idp("Other")
    foreign = builders.event(other, "left", ["u1"], state="dead")
    mine = [builders.event(idp, "changed", ["u1"]).pk for _ in range(40)]
    assert shown(console, f"?idp={other.pk}") == [foreign.pk]
    assert shown(console, "?state=dead") == [foreign.pk]
    assert shown(console, "?kind=left") == [foreign.pk]
    assert shown(console, f"?kind=left&idp={idp.pk}") == []
    first = shown(console, f"?state=pending&idp={idp.pk}")
    source = read(console, f"{LIST}?state=pending&idp={idp.pk}")
    older = next(link for link in links(source) if "before=" in link)
    assert first + shown(console, older) == mine[::-1]


def test_states_are_chips_with_the_number_of_what_is_not_over(
    console: Client, idp: IdentityProvider
) -> None:
    for state in ("pending", "pending", "dead", "applied", "applied"):
        builders.event(idp, state=state)
    source = read(console, f"{LIST}?kind=changed&state=dead")
    chips = words(source)
    assert "Every state Waiting 2 Held Failed 1 Applied Ignored Parked" in chips
    assert "?kind=changed&state=applied" in links(source)
    assert re.search(r'state=dead" aria-current="true"', source.replace("&amp;", "&"))


def test_a_draft_s_events_are_there_too(console: Client) -> None:
    """It verifies its address before it is confirmed."""
    draft = builders.idp("", draft=True)
    event = builders.event(draft, "verify", state="ignored", outcome="verify")
    assert shown(console, f"?idp={draft.pk}") == [event.pk]


def test_an_empty_list_says_what_comes_first(
    console: Client, idp: IdentityProvider
) -> None:
    text = words(read(console, LIST))
    assert "No event yet DingTalk sends the first when someone changes." in text
    assert "No event matches" in words(read(console, f"{LIST}?state=dead"))


def test_the_delays_of_today_stand_above(
    console: Client, idp: IdentityProvider
) -> None:
    now = timezone.now()
    for seconds in range(1, 21):
        builders.event(
            idp,
            state="applied",
            received_at=now - timedelta(seconds=seconds),
            handled_at=now,
        )
    builders.event(idp, "verify", state="ignored", handled_at=now, received_at=now)
    text = words(read(console, LIST))
    assert "Today 20 events were applied: half of them within 10 s" in text
    assert "19 of 20 within 19 s" in text


def test_a_banner_names_whom_the_guard_holds_and_what_happens_if_nobody_decides(
    console: Client, staff_console: Client, root: Department, person: Employee
) -> None:
    """T-06: cut at once, not marked until somebody says so."""
    builders.event(root.idp, "left", ["zhang"], state="held")
    for number in range(36):
        builders.event(root.idp, "left", [f"user{number:06}"], state="held")
    source = read(console, LIST)
    text = words(source)
    assert "Acme: 37 people are said to have left" in text
    assert "Their access is cut already" in text
    assert re.search(r"张三丰 , \S+ , \S+ and 34 more", text)
    assert "If nobody does anything" in text
    assert "37 people are asked for in DingTalk once more" in text
    assert "Mark 37 people as left" in text
    approve = reverse("sync:events-approve", args=[root.idp_id])
    assert f'action="{approve}"' in source
    theirs = read(staff_console, LIST)
    assert "37 people are said to have left" in words(theirs)
    assert approve not in theirs


def test_somebody_named_twice_is_one_person(
    console: Client, idp: IdentityProvider
) -> None:
    for _ in range(2):
        builders.event(idp, "left", ["u1"], state="held")
    assert "Acme: 1 person is said to have left" in words(read(console, LIST))


def test_events_that_wait_for_a_held_full_run_say_so(
    console: Client, idp: IdentityProvider
) -> None:
    """Above 500 objects one full run reads them, and its own guard may hold it."""
    run = builders.run(idp, "held")
    for _ in range(2):
        builders.event(idp, "changed", ["u1"], state="held")
    source = read(console, LIST)
    text = words(source)
    assert "Acme: 2 events wait for a decision" in text
    assert f"Run {run.pk} · This full synchronization is held, too" in text
    assert "said to have left" not in text
    assert reverse("sync:events-approve", args=[idp.pk]) not in source
    builders.event(idp, "left", ["u1"], state="held")
    text = words(read(console, LIST))
    assert "Acme: 1 person is said to have left" in text
    assert "2 other events wait with them" in text


def test_failed_events_are_offered_together(
    console: Client, staff_console: Client, idp: IdentityProvider
) -> None:
    """F-73."""
    for _ in range(3):
        builders.event(idp, state="dead", attempts=5)
    source = read(console, LIST)
    assert "3 events failed" in words(source)
    assert "Process all failed again" in words(source)
    assert reverse("sync:events-again") in source
    assert "Process all failed again" not in words(read(staff_console, LIST))


def asked(client: Client, address: str) -> int:
    """How many questions a page asks; none of them counts rows up to its place."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    assert not any("OFFSET" in query["sql"] for query in queries)
    return len(queries)


def test_the_number_of_questions_is_constant(console: Client, root: Department) -> None:
    """Design 7."""

    def fill(number: int) -> None:
        for each in range(number):
            for state in ("held", "dead", "applied"):
                builders.event(
                    root.idp, "left", [f"user{each:06}", "gone"], state=state
                )
            builders.event(root.idp, "department_removed", departments=[f"9{each}"])

    fill(1)
    few = [asked(console, f"{LIST}{query}") for query in ("", "?state=held")]
    fill(30)
    many = [asked(console, f"{LIST}{query}") for query in ("", "?state=held")]
    assert few == many
    event = InboxEvent.objects.latest("pk")
    before = asked(console, reverse("sync:event", args=[event.pk]))
    everybody = [f"user{each:06}" for each in range(40)]
    wide = builders.event(root.idp, "left", everybody, state="held")
    assert asked(console, reverse("sync:event", args=[wide.pk])) <= before + 2
