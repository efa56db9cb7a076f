"""The values of people who left are erased after a time; row and history stay."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.connectors.records import FaultKind
from identity.models import (
    AuditEvent,
    Enterprise,
    IdentityProvider,
    LogonAttempt,
    LogonSession,
    User,
)
from sync import erasure, feed, outworn
from sync.models import Change, Employee, InboxEvent, Kept, SyncRun
from sync.org import asof
from sync.tasks import prune
from tests import builders

State, Purpose = SyncRun.State, SyncRun.Purpose
NOW = timezone.now()
LONG_AGO, BEFORE = NOW - timedelta(days=200), NOW - timedelta(days=300)
LI: dict[str, Any] = {
    "name": "Canary 黎",
    "mobile": "13812345678",
    "email": "canary@li.test",
}


@dataclass
class World:
    """Li joined, was renamed, and left 200 days ago; Wang has had the user id since."""

    idp: IdentityProvider
    li: Employee
    wang: Employee
    joined: SyncRun
    left: SyncRun

    def read(self) -> Employee:
        return Employee.objects.get(pk=self.li.pk)


@pytest.fixture
def world(db: None) -> World:
    idp = builders.idp()
    builders.department(idp, "1", "Acme")
    li = builders.employee(
        idp,
        "li",
        **LI,
        title="Canary chief",
        attributes={"desk": "canary-desk"},
        fingerprint="canary-print",
        status="left",
        left_at=LONG_AGO,
        created_at=BEFORE,
        account=User.objects.create_user("of-li", role=User.Role.EMPLOYEE),
    )
    wang = builders.employee(idp, "wang", "Wang", created_at=NOW)
    Employee.objects.filter(pk=wang.pk).update(userid="li")
    joined, left = (
        builders.run(idp, queued_at=at, started_at=at, finished_at=at)
        for at in (BEFORE, LONG_AGO)
    )
    made(joined, "department", "create", "1", place="1", label="Acme")
    made(joined, "employee", "create", "li", label="Canary old")
    made(joined, "membership", "create", "li/1", place="1")
    renamed = {"before": {"name": "Canary old"}, "after": {"name": LI["name"]}}
    made(joined, "employee", "update", "li", label=LI["name"], **renamed)
    values = {"unionid": "union-li", **LI, "custom.desk": "canary-desk"}
    made(left, "employee", "leave", "li", label=LI["name"], before=values)
    made(left, "membership", "remove", "li/1", place="1", before={"leader": None})
    made(left, "employee", "create", "li", label="Wang", at=NOW)
    moved = {"before": {"title": "a"}, "after": {"title": "b"}}
    made(left, "employee", "update", "li", label="Wang", at=NOW, **moved)
    return World(idp, li, wang, joined, left)


def made(run: SyncRun, entity: str, kind: str, key: str, **values: Any) -> Change:
    values.setdefault("at", run.finished_at)
    return builders.change(run, entity, kind, key, **values)


def people(**wanted: Any) -> QuerySet[Change]:
    """Changes of people in the order in which they were made."""
    return Change.objects.filter(entity="employee", **wanted).order_by("pk")


def beside(world: World) -> None:
    """Everything else that names Li, or Wang under the same user id."""
    idp, run, name = world.idp, world.joined, LI["name"]
    because: list[Any] = [{"reason": "people"}]
    over = builders.run(
        idp, State.SUPERSEDED, finished_at=LONG_AGO, held_because=because
    )
    planned = {"applied": False, "before": dict(LI), "after": dict(LI)}
    made(over, "employee", "replace", "li", label=name, **planned)
    Kept.objects.create(
        idp=idp, entity="employee", key="li", label=name, run=run, at=LONG_AGO
    )
    fault = {"kind": FaultKind.NOT_UNDONE, "where": name, "message": "It stays."}
    builders.run(idp, purpose=Purpose.UNDO, faults=[fault])
    line = {"entity": "employee", "key": "li", "label": name, "kind": "leave"}
    report = {"employees": 1, "departments": 0, "first": [line]}
    SyncRun.objects.filter(pk=run.pk).update(unannounced=report)
    facts = {"cause": LI["email"]}
    for account, at in ((world.li.account, LONG_AGO), (None, NOW - timedelta(days=9))):
        builders.attempt(
            idp, at=at, account=account, userid="li", name=name, facts=facts
        )
    builders.attempt(idp, at=NOW + timedelta(seconds=1), userid="li", name="Wang")
    body = json.dumps(LI)
    for state, at in (("applied", LONG_AGO), ("pending", LONG_AGO), ("applied", NOW)):
        builders.event(idp, userids=["li"], body=body, state=state, received_at=at)


def dump() -> str:
    """Everything that the database holds, as text, a row in a line."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    return "\n".join(f"{name}: {row}" for name in names for row in _rows(name))


def _rows(table: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(table)
        cursor.execute(f"SELECT * FROM {name}")  # noqa: S608  # a name of our own
        for row in cursor.fetchall():
            yield "\t".join(_plain(cell) for cell in row)


def _plain(cell: object) -> str:
    """JSON is text on one of the databases, and its letters may be escaped."""
    text = cell if isinstance(cell, str) else json.dumps(cell, default=str)
    return text.encode().decode("unicode_escape") if "\\u" in text else text


def test_nothing_of_a_leavers_values_is_left_in_any_table(world: World) -> None:
    beside(world)
    assert dump().count("Canary") > 10
    prune()
    held = dump()
    for word in ("anary", "13812345678", "li.test", "union-li", "黎"):
        assert word not in held, [one for one in held.splitlines() if word in one]
    row = world.read()
    assert (row.sub, row.userid, row.status) == (world.li.sub, "li", "left")
    assert (row.left_at, row.created_at) == (LONG_AGO, BEFORE)
    assert row.erased_at
    assert erasure.is_mark(row.unionid)
    wang = Employee.objects.get(pk=world.wang.pk)
    assert (wang.name, wang.erased_at) == ("Wang", None)
    assert Kept.objects.get().label == ""
    assert LogonAttempt.objects.exclude(name="").get().name == "Wang"
    events = InboxEvent.objects.order_by("pk")
    assert [bool(event.reveal()) for event in events] == [False, True, True]
    assert SyncRun.objects.get(pk=world.joined.pk).unannounced == {
        "employees": 1, "departments": 0, "first": [],
    }  # fmt: skip


def test_history_stays_and_another_holders_is_not_touched(world: World) -> None:
    assert erasure.erase() == 1
    joined, renamed, left, wang, moved = people()
    assert [joined.label, renamed.label, left.label] == ["", "", ""]
    assert (renamed.before, renamed.after) == ({}, {})
    assert left.before == {"unionid": world.read().unionid}
    assert (wang.label, moved.label) == ("Wang", "Wang")
    assert (moved.before, moved.after) == ({"title": "a"}, {"title": "b"})
    then = asof.moment(world.idp, LONG_AGO)
    assert asof.picture(world.idp, then).people["li"][0].status == "left"
    early = asof.moment(world.idp, BEFORE)
    active = asof.picture(world.idp, early).active("li")
    assert active is not None
    assert (active.row, active.values) == (world.li.pk, {})
    before = dump()
    assert (erasure.erase(), outworn.empty()) == (0, 0)
    assert dump() == before


def test_people_without_a_unionid_keep_their_histories_apart(world: World) -> None:
    Employee.objects.filter(pk=world.li.pk).update(unionid="")
    people(kind="leave").update(before={"unionid": "", "name": "Li"})
    gone = {"status": "left", "unionid": "", "left_at": NOW}
    Employee.objects.filter(pk=world.wang.pk).update(**gone)
    before = {"unionid": "", "name": "W"}
    made(world.left, "employee", "leave", "li", label="Wang", before=before)
    assert erasure.erase() == 1
    labels = people().values_list("label", flat=True)
    assert list(labels) == ["", "", "", "Wang", "Wang", "Wang"]
    assert world.read().unionid == ""


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({"status": "active", "left_at": None}, 1),
        ({"status": "active"}, 1),
        ({"status": "out_of_scope"}, 1),
        ({"left_at": None}, 1),
        ({}, 201),
        ({"left_at": NOW - timedelta(hours=23)}, 1),
    ],
)
def test_nobody_is_erased_who_has_not_left_for_long_enough(
    world: World, values: dict[str, Any], days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's clock counts, whatever that of this machine says."""
    world.wang.delete()
    Employee.objects.filter(pk=world.li.pk).update(**values)
    Enterprise.objects.update_or_create(pk=1, defaults={"erase_after_days": days})
    late = timezone.now() + timedelta(days=4000)
    monkeypatch.setattr(timezone, "now", lambda: late)
    assert erasure.erase() == 0
    assert world.read().name == LI["name"]
    assert Change.objects.filter(label=LI["name"]).count() == 2


@pytest.mark.alone
def test_it_goes_in_steps_and_stops_when_it_is_told(world: World) -> None:
    for number in range(3):
        name = f"p{number}"
        builders.employee(world.idp, name, status="left", left_at=LONG_AGO)
    asked = iter([False, False, True])
    assert erasure.erase(stop=lambda: next(asked)) == 2
    assert Employee.objects.filter(erased_at=None, status="left").count() == 2
    assert erasure.erase() == 2


@pytest.mark.alone
def test_waiting_plans_keep_their_values(world: World) -> None:
    """An old one that nobody may decide about any more is emptied; one that waits not."""
    because: dict[str, Any] = {"held_because": [{"reason": "people"}]}
    old = {**because, "finished_at": LONG_AGO}
    waits = builders.run(world.idp, State.HELD, **old)
    agreed = builders.run(world.idp, State.HELD, approved_at=LONG_AGO, **old)
    done = builders.run(world.idp, State.HELD, approved_at=LONG_AGO, **old)
    builders.run(world.idp, State.RUNNING, approves=agreed)
    young = builders.run(world.idp, State.CANCELLED, **because)
    for run in (waits, agreed, done, young):
        values = {"applied": False, "label": "Somebody", "before": dict(LI)}
        made(run, "employee", "leave", "li", at=LONG_AGO, **values)
    assert outworn.empty() == 1
    row = Change.objects.get(run=done)
    assert (row.label, row.before, row.after) == ("", None, None)
    assert Change.objects.filter(applied=False, label="Somebody").count() == 3


# --- pages ---


@pytest.mark.alone
def test_pages_say_that_somebody_was_erased(
    world: World, console: Client, staff_console: Client
) -> None:
    world.wang.delete()
    Change.objects.filter(label="Wang").delete()
    erasure.erase()
    li, idp = world.li, world.idp
    person = reverse("sync:employee", args=[li.pk])
    early, late = (
        timezone.localtime(at + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        for at in (BEFORE, LONG_AGO)
    )
    addresses = [
        person,
        reverse("sync:access", args=[li.pk]),
        f"{reverse('sync:changes')}?person={li.pk}",
        f"{reverse('sync:directory')}?idp={idp.pk}&status=left",
        reverse("sync:run", args=[world.left.pk]),
        f"{reverse('sync:directory')}?idp={idp.pk}&at={early}&dept=1",
        f"{reverse('sync:compare')}?idp={idp.pk}&from={early}&to={late}&kind=left",
    ]
    for client in (console, staff_console):
        for address in addresses:
            page = client.get(address).content.decode()
            assert "Erased person" in page, address
            assert "erased:" not in page, address
    page = console.get(person).content.decode()
    assert "the values were erased" in page
    assert reverse("sync:employee-read", args=[li.pk]) not in page
    for word in ("Canary", "黎", "canary@li.test", "13812345678", "chief"):
        query = {"idp": str(idp.pk), "status": "any", "q": word}
        listed = console.get(reverse("sync:directory"), query).content.decode()
        assert person not in listed, word


@pytest.mark.alone
def test_exports_and_webhooks_tell_no_values_of_somebody_erased(world: World) -> None:
    erasure.erase()
    out = io.StringIO()
    call_command("export_directory", str(world.idp.pk), all=True, stdout=out)
    li = next(
        one
        for one in json.loads(out.getvalue())["employees"]
        if one["status"] == "left"
    )
    assert (li["userid"], li["name"], li["unionid"], li["email"]) == ("li", "", "", "")
    left = list(people(kind="leave"))
    told = feed.body(world.idp, left, ())["data"]["changes"][0]["employee"]
    assert (told["sub"], told["name"], told["email"]) == (str(world.li.sub), "", "")


@pytest.mark.alone
def test_the_audit_trail_names_people_by_their_user_id(
    world: World, console: Client
) -> None:
    """Nothing of it is ever changed, so no name may stand in it."""
    console.post(reverse("sync:employee-read", args=[world.wang.pk]))
    line = AuditEvent.objects.get(action="sync.read")
    assert line.target_label == "li"


@pytest.mark.alone
@pytest.mark.parametrize(("sent", "kept"), [("7", 7), ("", 180), ("0", 180)])
def test_an_administrator_sets_after_how_many_days(
    console: Client, sent: str, kept: int
) -> None:
    Enterprise.objects.create(pk=1, name="Acme", identifier="acme")
    assert "erased for good" in console.get("/settings/").text
    LogonSession.objects.update(confirmed_at=LONG_AGO)
    values = {"name": "Acme", "identifier": "acme", "erase_after_days": sent}
    if kept == 7:  # values go for good (T-48)
        assert console.post("/settings/", values).status_code == 422
        values["own_password"] = "correct horse battery"
    response = console.post("/settings/", values)
    assert response.status_code == (422 if sent == "0" else 302)
    assert Enterprise.load().erase_after_days == kept
    details = AuditEvent.objects.values_list("detail", flat=True)
    written = {"erase_after_days": {"before": 180, "after": 7}}
    assert list(details) == ([written] if kept == 7 else [])
