"""The page of one event: what was said, what was asked, what changed, what came."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import AuditEvent, IdentityProvider
from sync.models import AccessCut, Department, Employee, InboxEvent
from sync.views.body import masked, whole
from tests import builders
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db
MOBILE, LANDLINE, ADDRESS = "13900001111", "0571-8888", "zhang@example.test"
LATER = timezone.now() + timedelta(minutes=30)
CAME = json.dumps(
    {
        "EventType": "user_modify_org",
        "userId": ["zhang"],
        "timeStamp": "1645077203219",
        "token": "a-secret",
        "diffInfo": {
            "prev": {"name": "张三", "telephone": LANDLINE, "email": ADDRESS},
            "curr": [{"mobile": int(MOBILE), "remark": f"call {MOBILE}, {ADDRESS}"}],
        },
    },
    ensure_ascii=False,
)


def page_of(event: InboxEvent) -> str:
    return reverse("sync:event", args=[event.pk])


def test_it_says_what_came_when_and_by_which_way(
    console: Client, person: Employee
) -> None:
    now = timezone.now()
    event = builders.event(
        person.idp,
        "changed",
        ["zhang", "nobody"],
        name="user_modify_org",
        state="applied",
        outcome="read",
        run=builders.run(person.idp),
        born_at=now - timedelta(minutes=10),
        received_at=now - timedelta(minutes=5),
        handled_at=now - timedelta(minutes=4),
        late=True,
        copies=2,
    )
    source = read(console, page_of(event))
    text = words(source)
    for said in (
        "2 people changed",
        "What DingTalk said",
        "User In Address Book Changed user_modify_org",
        "1 min 0 s after it came",
        "HTTP push came 2 times",
        "long after it was made",
        "nobody",
        "Nothing of what it names had to be changed in this run.",
        event.get_outcome_display(),
    ):
        assert said in text
    assert reverse("sync:employee", args=[person.pk]) in links(source)
    assert reverse("sync:run", args=[event.run_id]) in links(source)


def test_it_shows_the_changes_of_what_it_names_and_no_others(
    console: Client, root: Department, person: Employee
) -> None:
    run = builders.run(root.idp, breadth="narrow")
    titles = {"before": {"title": "Junior"}, "after": {"title": "Senior"}}
    builders.change(run, "employee", "update", "zhang", **titles)
    builders.change(run, "membership", "create", "zhang/501")
    builders.change(run, "membership", "remove", "zhangs/501")
    builders.change(run, "employee", "leave", "somebody", label="Somebody else")
    elsewhere = builders.run(root.idp)
    builders.change(elsewhere, "employee", "leave", "zhang")
    event = builders.event(root.idp, "changed", ["zhang"], state="applied", run=run)
    text = words(read(console, page_of(event)))
    assert "Title before Junior → after Senior" in text
    assert "Membership: Created Department 1 部" in text
    assert "Somebody else" not in text
    assert "Removed" not in text
    assert "Employee: Left" not in text


def test_a_cut_is_told_until_it_is_confirmed(
    console: Client, staff_console: Client, person: Employee
) -> None:
    """F-68: visible as "leaving, not confirmed", here and at the person."""
    event = builders.event(person.idp, "left", ["zhang"])
    cut = AccessCut.objects.create(employee=person)
    place = reverse("sync:employee", args=[person.pk])
    for client in (console, staff_console):
        told = words(read(client, page_of(event)))
        assert re.search(r"张三丰 access cut at [\d:]{8}, not confirmed yet", told)
        assert "not confirmed yet" in words(read(client, place))
    cut.delete()
    for address in (page_of(event), place):
        assert "not confirmed yet" not in words(read(console, address))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "It waits for its turn."),
        ({"due_at": LATER}, "is not certain yet: DingTalk is asked again at"),
        ({"attempts": 3, "error_cause": "Down."}, "Tried 3 times, again at"),
        ({"state": "dead", "attempts": 5}, "It was tried 5 times and given up"),
        ({"state": "dead", "error_cause": "Broken."}, "Cause Broken."),
        ({"state": "held"}, "the full synchronization that was to read them is held"),
        ({"state": "held", "kind": "left"}, "an administrator decides for all of them"),
        ({"state": "parked"}, "Once it is enabled, a full synchronization reads"),
        ({"state": "ignored", "outcome": "unknown"}, "Nothing here depends on"),
    ],
)
def test_each_state_says_what_happens_next(
    console: Client, idp: IdentityProvider, values: dict[str, Any], said: str
) -> None:
    event = builders.event(idp, **values)
    assert said in words(read(console, page_of(event)))


def test_an_event_that_nobody_can_redo_offers_nothing(
    console: Client, staff_console: Client, idp: IdentityProvider
) -> None:
    again = "Process again"
    for state in ("dead", "applied", "ignored"):
        event = builders.event(idp, "changed", ["u1"], state=state)
        assert again in words(read(console, page_of(event)))
        assert again not in words(read(staff_console, page_of(event)))
    for kind, people, state in (
        ("verify", [], "ignored"),
        ("changed", [], "ignored"),
        ("changed", ["u1"], "pending"),
    ):
        event = builders.event(idp, kind, people, state=state)
        assert again not in words(read(console, page_of(event)))


def test_what_came_is_masked_and_only_an_administrator_may_open_it(
    console: Client, staff_console: Client, idp: IdentityProvider
) -> None:
    event = builders.event(idp, "changed", ["zhang"], body=CAME)
    opening = reverse("sync:event-body", args=[event.pk])
    for client in (console, staff_console):
        source = read(client, page_of(event))
        assert "user_modify_org" in source
        for value in (MOBILE, LANDLINE, ADDRESS, "a-secret"):
            assert value not in source
    assert opening not in read(staff_console, page_of(event))
    assert staff_console.post(opening).status_code == 403
    assert not AuditEvent.objects.filter(action="event.body_shown").exists()

    opened = console.post(opening)

    source = opened.content.decode()
    for value in (MOBILE, LANDLINE, ADDRESS):
        assert value in source
    assert "a-secret" not in source
    line = AuditEvent.objects.get(action="event.body_shown")
    assert (line.actor_name, line.target_id) == ("alice", str(event.pk))
    assert MOBILE not in str(line.detail)


def test_what_was_sealed_with_a_lost_key_is_said_to_be(
    console: Client, idp: IdentityProvider
) -> None:
    event = builders.event(idp, body=CAME)
    InboxEvent.objects.filter(pk=event.pk).update(key="another")
    assert "cannot be opened with the present" in words(read(console, page_of(event)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON " + ADDRESS,
        "[" * 900 + "]" * 900,
        "[" * 50_000,
        '{"name": "\\ud800"}',
        f'{{"{MOBILE}": null, "phone": null, "isPhone": true, "email": "x"}}',
        json.dumps({"userId": ["u"] * 20_000}),
    ],
)
def test_whatever_came_can_be_shown(
    console: Client, idp: IdentityProvider, text: str
) -> None:
    event = builders.event(idp, body=text)
    source = read(console, page_of(event))
    assert ADDRESS not in source
    assert MOBILE not in source
    assert len(source) < 200_000


def test_times_and_ids_are_no_numbers_of_people() -> None:
    shown = masked(CAME)
    assert "1645077203219" in shown
    assert "139****1111" in shown
    assert "****@example.test" in shown
    assert json.loads(whole(CAME))["diffInfo"] == json.loads(CAME)["diffInfo"]


def test_an_unknown_number_is_not_found(console: Client, db: None) -> None:
    for number in (0, 987654321, 10**25):
        assert console.get(reverse("sync:event", args=[number])).status_code == 404
