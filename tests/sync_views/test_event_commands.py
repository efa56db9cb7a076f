"""What may be done to events, by whom, and what of it is written down."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import AuditEvent, IdentityProvider
from sync.models import InboxEvent
from sync.views.held import held_by, mark_of
from tests import builders
from tests.sync_views.reading import read, words

pytestmark = pytest.mark.django_db
LIST = reverse("sync:events")
ALL = reverse("sync:events-again")


def again(event: InboxEvent) -> str:
    return reverse("sync:event-again", args=[event.pk])


def approve(idp: IdentityProvider) -> str:
    return reverse("sync:events-approve", args=[idp.pk])


def states() -> list[str]:
    """The states of all events, the oldest first."""
    return list(InboxEvent.objects.order_by("pk").values_list("state", flat=True))


def written(action: str) -> list[dict[str, object]]:
    """What the audit trail holds of an action."""
    return list(
        AuditEvent.objects.filter(action=action).values_list("detail", flat=True)
    )


@pytest.mark.parametrize("state", ["dead", "applied", "ignored"])
def test_an_event_is_processed_again_once(
    console: Client, idp: IdentityProvider, state: str
) -> None:
    """U23, F-71: pressing twice does it once."""
    event = builders.event(idp, "changed", ["u1"], state=state, attempts=5)
    first = console.post(again(event), follow=True)
    assert first.redirect_chain == [(reverse("sync:event", args=[event.pk]), 302)]
    assert "The event is processed again." in words(first.content.decode())
    assert states() == ["pending"]
    second = console.post(again(event), follow=True)
    assert "not over, so nothing was changed" in words(second.content.decode())
    assert written("event.again") == [{"idp": "Acme", "events": 1}]


@pytest.mark.parametrize(
    ("kind", "people", "state"),
    [
        ("verify", [], "ignored"),
        ("changed", [], "ignored"),
        ("changed", ["u1"], "pending"),
        ("left", ["u1"], "held"),
        ("left", ["u1"], "parked"),
    ],
)
def test_others_are_left_alone(
    console: Client,
    idp: IdentityProvider,
    kind: str,
    people: list[str],
    state: str,
) -> None:
    event = builders.event(idp, kind, people, state=state)
    assert console.post(again(event)).status_code == 302
    assert states() == [state]
    assert written("event.again") == []


def test_all_failed_ones_are_processed_again(
    console: Client, idp: IdentityProvider
) -> None:
    """F-73: of one IdP, or of every one; an audit line for each."""
    other = builders.idp("Other")
    for each in (idp, other, other):
        builders.event(each, state="dead")
    builders.event(idp, state="applied")
    done = console.post(ALL, {"idp": str(idp.pk)}, follow=True)
    assert done.redirect_chain == [(f"{LIST}?idp={idp.pk}", 302)]
    assert "1 event is processed again." in words(done.content.decode())
    assert states() == ["pending", "dead", "dead", "applied"]
    done = console.post(ALL, follow=True)
    assert "2 events are processed again." in words(done.content.decode())
    assert states() == ["pending", "pending", "pending", "applied"]
    assert len(written("event.again")) == 2
    assert console.post(ALL, {"idp": "nobody"}).status_code == 404


def held_of(idp: IdentityProvider, number: int) -> InboxEvent:
    """So many held events, each about another person; the newest."""
    return [
        builders.event(idp, "left", [f"user{each:06}"], state="held")
        for each in range(number)
    ][-1]


def test_held_ones_pass_when_an_administrator_says_so(
    console: Client, idp: IdentityProvider
) -> None:
    held_of(idp, 7)
    mark = mark_of(held_by(idp))
    foreign = held_of(builders.idp("Other"), 1)
    done = console.post(approve(idp), {"mark": mark}, follow=True)
    assert done.redirect_chain == [(f"{LIST}?idp={idp.pk}", 302)]
    assert "7 people are looked up once more" in words(done.content.decode())
    mine = InboxEvent.objects.filter(idp=idp)
    assert set(mine.values_list("state", "approved")) == {("pending", True)}
    foreign.refresh_from_db()
    assert (foreign.state, foreign.approved) == ("held", False)
    assert written("event.approve") == [{"events": 7, "people": 7}]
    done = console.post(approve(idp), {"mark": mark}, follow=True)
    assert "Nothing is held any more." in words(done.content.decode())


def test_an_older_event_that_is_held_later_was_not_shown(
    console: Client, idp: IdentityProvider
) -> None:
    older = builders.event(idp, "left", ["user"], state="pending")
    held_of(idp, 2)
    mark = mark_of(held_by(idp))
    InboxEvent.objects.filter(pk=older.pk).update(state="held")
    done = console.post(approve(idp), {"mark": mark}, follow=True)
    assert "so nothing was changed" in words(done.content.decode())
    assert states() == ["held"] * 3


@pytest.mark.parametrize("mark", ["", "1", "x" * 100])
def test_only_what_was_shown_is_approved(
    console: Client, idp: IdentityProvider, mark: str
) -> None:
    held_of(idp, 2)
    done = console.post(approve(idp), {"mark": mark}, follow=True)
    assert "so nothing was changed" in words(done.content.decode())
    assert states() == ["held", "held"]
    assert written("event.approve") == []


def test_only_an_administrator_does_any_of_it(
    client: Client,
    staff_console: Client,
    employee_client: Client,
    idp: IdentityProvider,
) -> None:
    event = builders.event(idp, state="dead", body="{}")
    held_of(idp, 1)
    body = reverse("sync:event-body", args=[event.pk])
    for address in (again(event), ALL, approve(idp), body):
        assert client.post(address).status_code == 302
        assert staff_console.post(address).status_code == 403
        assert employee_client.post(address).status_code == 403
    assert states() == ["dead", "held"]
    assert not AuditEvent.objects.filter(action__startswith="event.").exists()


def test_nothing_is_done_by_looking(console: Client, idp: IdentityProvider) -> None:
    event = builders.event(idp, state="dead")
    for address in (again(event), ALL, approve(idp)):
        assert console.get(address).status_code == 405
    read(console, reverse("sync:event", args=[event.pk]))
    assert states() == ["dead"]
