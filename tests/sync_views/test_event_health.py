"""How the events of an IdP do, on its overview; and runs of events in their list."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from identity.connectors.base import PUSH_METHOD, PushMethod
from identity.models import IdentityProvider
from sync.health import WINDOW, health
from sync.models import AccessCut, CatchUp, Employee, InboxEvent
from tests import builders
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db


def overview(client: Client, idp: IdentityProvider) -> str:
    return words(read(client, reverse("console:overview", args=[idp.pk])))


@pytest.fixture
def listening(idp: IdentityProvider) -> IdentityProvider:
    """An IdP whose keys are set."""
    for name in idp.connector_class.push_settings:
        idp.set_secret(name, "x" * 43)
    return idp


def came(idp: IdentityProvider, *hours_ago: float, kind: str = "changed") -> None:
    """Events that came so long ago, each applied after 2 s."""
    for hours in hours_ago:
        at = timezone.now() - timedelta(hours=hours)
        builders.event(
            idp,
            kind,
            ["u1"],
            state="applied",
            received_at=at,
            handled_at=at + timedelta(seconds=2),
        )


def test_without_keys_it_says_what_that_means(
    console: Client, idp: IdentityProvider
) -> None:
    idp.set_secret(idp.connector_class.push_settings[0], "x" * 43)  # one is not both
    text = overview(console, idp)
    assert "Events are not set up" in text
    assert "Median delay" not in text


def test_stream_mode_needs_no_keys(idp: IdentityProvider) -> None:
    assert not health(idp).set_up
    idp.settings = {**idp.settings, PUSH_METHOD: PushMethod.STREAM}
    assert health(idp).set_up


def test_with_keys_it_shows_the_last_event_delays_and_what_waits(
    console: Client, staff_console: Client, listening: IdentityProvider
) -> None:
    person: Employee = builders.employee(listening, "u1")
    AccessCut.objects.create(employee=person)
    CatchUp.objects.create(idp=listening, at=timezone.now(), found=2)
    came(listening, 0.001)
    builders.event(listening, "verify", state="ignored")
    for state in ("pending", "pending", "held", "dead", "dead", "dead"):
        builders.event(listening, state=state)
    for client in (console, staff_console):
        text = overview(client, listening)
        assert "Events are not set up" not in text
        assert re.search(r"Last event (now|\w+ seconds? ago)", text)
        assert "Waiting 2 Held 1 Failed 3" in text
        assert "Access cut, not confirmed yet 1" in text
        assert re.search(r"pushes asked [\w ]+ 2 events were new", text)


def test_a_catch_up_that_failed_says_why(
    console: Client, listening: IdentityProvider
) -> None:
    CatchUp.objects.create(
        idp=listening, at=timezone.now(), error_code="88", error_cause="No right."
    )
    assert "No right." in overview(console, listening)


def test_silence_is_told_when_it_is_unusual(
    console: Client, listening: IdentityProvider
) -> None:
    came(listening, *range(140, 100, -4))  # each four hours, and none for four days
    text = overview(console, listening)
    assert "Events have gone silent" in text
    assert "about every 4 h 0 min" in text
    came(listening, 1)
    assert "gone silent" not in overview(console, listening)


def test_what_was_fetched_from_the_list_breaks_no_silence(
    listening: IdentityProvider,
) -> None:
    """DingTalk does not reach us: that must not look well."""
    came(listening, *range(140, 100, -4))
    came(listening, 1, 2)
    since = timezone.now() - timedelta(hours=3)
    fetched = InboxEvent.objects.filter(received_at__gte=since)
    assert fetched.update(way=InboxEvent.Way.FAILED) == 2
    assert health(listening).silence is not None


def test_an_administrators_time_is_no_delay(listening: IdentityProvider) -> None:
    now = timezone.now()
    long_ago = now - timedelta(hours=5)
    values: dict[str, Any] = {"state": "applied", "handled_at": now}
    builders.event(
        listening, "left", ["u1"], received_at=long_ago, approved=True, **values
    )
    assert health(listening).delays is None
    builders.event(listening, "left", ["u2"], received_at=now, **values)
    found = health(listening).delays
    assert found is not None
    assert (found.count, found.median) == (1, 0)


def test_silence_is_nothing_where_it_is_usual_or_nobody_listens(
    listening: IdentityProvider,
) -> None:
    came(listening, *range(2000, 300, -170))  # once a week
    assert health(listening).silence is None
    other = builders.idp("Other")
    came(other, *range(140, 100, -4))
    assert health(other).silence is None  # no keys
    few = builders.idp("Few")
    came(few, 200, 199)
    assert health(few).silence is None
    assert health(few).last_at is not None


def test_a_closed_idp_is_silent_rightly(listening: IdentityProvider) -> None:
    came(listening, *range(140, 100, -4))
    assert health(listening).silence is not None
    listening.status = IdentityProvider.Status.CLOSED
    assert health(listening).silence is None


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"employees": 3, "departments": 1}, "Run 1 found 4 changes that no event had"),
        ({"employees": 0, "departments": 1}, "Run 1 found 1 change that no event had"),
        ({"employees": 0, "departments": 0, "many": True, "caught_up": 3}, ""),
        ({"employees": 9, "departments": 0, "resettled": True}, ""),
    ],
)
def test_changes_that_no_event_announced_are_told_until_a_run_finds_none(
    console: Client, listening: IdentityProvider, report: dict[str, object], said: str
) -> None:
    builders.run(listening, pk=1, unannounced={"first": [], **report})
    builders.run(listening, pk=2)  # one without a report says nothing
    text = overview(console, listening)
    assert said in text
    assert ("Changes came without an event" in text) is bool(said)
    builders.run(listening, pk=3, unannounced={"employees": 0, "departments": 0})
    assert "without an event" not in overview(console, listening)


def test_the_number_of_questions_is_constant(listening: IdentityProvider) -> None:
    came(listening, 1)
    for number in (0, 20):
        for _ in range(number):
            builders.event(listening, state="dead")
            builders.run(listening)
        with CaptureQueriesContext(connection) as queries:
            health(listening)
        assert len(queries) == 6
        assert sum(f"LIMIT {WINDOW}" in query["sql"] for query in queries) == 1


def test_runs_of_events_are_shown_only_where_they_are_wanted(
    console: Client, idp: IdentityProvider
) -> None:
    full = builders.run(idp)
    narrow = builders.run(idp, breadth="narrow", trigger="event")
    page = reverse("sync:runs")
    few, all_of_them = read(console, page), read(console, f"{page}?events=1")
    assert f"Run {full.pk}" in words(few)
    assert f"Run {narrow.pk}" not in words(few)
    assert "?events=1" in links(few)
    for run in (full, narrow):
        assert f"Run {run.pk}" in words(all_of_them)
    assert f"Run {narrow.pk}" not in overview(console, idp)


def test_a_run_of_events_lists_them(console: Client, person: Employee) -> None:
    run = builders.run(person.idp, breadth="narrow", trigger="event")
    event = builders.event(person.idp, "changed", ["zhang"], state="applied", run=run)
    source = read(console, reverse("sync:run", args=[run.pk]))
    assert "only what events named" in words(source)
    assert "张三丰 changed" in words(source)
    assert reverse("sync:event", args=[event.pk]) in links(source)


def test_an_open_run_of_events_has_no_measure_and_no_cancel(
    console: Client, idp: IdentityProvider
) -> None:
    builders.department(idp, "1", total=1000)
    run = builders.run(idp, "running", breadth="narrow", stage="fetch")
    for name in ("sync:run", "sync:progress"):
        source = read(console, reverse(name, args=[run.pk]))
        assert "Reads what events named" in words(source)
        assert "<progress" not in source
        assert reverse("sync:cancel", args=[run.pk]) not in source
