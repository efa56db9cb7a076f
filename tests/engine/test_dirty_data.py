"""Data from DingTalk is never trusted: a whole run over it, and every page that shows it.

One test a row of reliability.md d.2. Whatever a value is, the person is synchronized,
nothing else is overwritten, and what cannot be kept is cleaned and remarked on.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.records import ABSENT, Person
from identity.models import IdentityProvider
from sync.models import Change, Employee, Membership, SyncRun
from tests.bad_input.set_x import VALUES
from tests.engine.conftest import Sync, active
from tests.sync_views.reading import read

State = SyncRun.State
pytestmark = pytest.mark.django_db(transaction=True)
HIRED = 1_597_573_616_828


class Desk:
    """Somebody who synchronizes a company and then looks at everything."""

    def __init__(
        self,
        sync: Sync,
        company: Company,
        idp: IdentityProvider,
        console: Client,
        exported: Callable[..., str],
    ) -> None:
        self.sync, self.company, self.idp = sync, company, idp
        self._console, self._exported = console, exported

    def hire(self, **keys: Any) -> Person:
        """Somebody whose answers carry these keys as they are."""
        person = self.company.hire("Somebody", mobile="13900000009")
        person.distorted = keys
        return person

    def take(self, state: str = State.SUCCESS) -> SyncRun:
        """A run that ends so, in which nobody who is in the company is missing."""
        run = self.sync()
        assert run.state == state, (run.error_cause, run.faults)
        assert active() >= self.company.people.keys()
        return run

    def row(self, person: Person) -> Employee:
        return Employee.objects.get(userid=person.userid, status="active")

    def looks(self, run: SyncRun, *people: Person) -> str:
        """Every page that shows them, and both exports; no mark-up gets out."""
        run_page, directory = (
            reverse("sync:run", args=[run.pk]),
            reverse("sync:directory"),
        )
        groups = Change.objects.filter(run=run).order_by()
        pages = [
            directory,
            f"{directory}?q=Some",
            reverse("sync:runs"),
            reverse("console:overview", args=[self.idp.pk]),
            *(
                f"{run_page}?entity={entity}&kind={kind}"
                for entity, kind in {*groups.values_list("entity", "kind")}
            ),
            *(reverse("sync:employee", args=[self.row(p).pk]) for p in people),
        ]
        sources = [read(self._console, page) for page in pages]
        for source in sources:
            assert "<img src=x" not in source
            assert "<script>" not in source
            bare = re.sub(r'"[^"]*"', '""', source)
            assert not re.search(r"<[a-z]+[^>]*\s(style|on[a-z]+)=", bare)
            assert not re.search(r'\b(href|src)="\s*(javascript|file):', source)
        exported = self._exported("json")
        known = {each["userid"] for each in json.loads(exported)["employees"]}
        assert known >= {person.userid for person in people}
        return "\n".join([*sources, exported, self._exported("csv")])


@pytest.fixture
def desk(
    sync: Sync,
    simulator: Simulator,
    idp: IdentityProvider,
    console: Client,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    def exported(form: str) -> str:
        capsys.readouterr()
        call_command("export_directory", str(idp.pk), "--format", form)
        return capsys.readouterr().out

    sync()
    return Desk(sync, simulator.company, idp, console, exported)


def noted(run: SyncRun) -> set[str]:
    return {note["where"] for note in run.notes}


def test_names_are_text_and_nothing_else(desk: Desk) -> None:
    """I-30: set X, 64 KiB, blanks, emoji, right to left, NUL and a lone surrogate."""
    odd = [
        *(one[:10_000] for one in VALUES),
        "n" * 65536,
        "   ",
        "😀",
        "שלום עולם",
        "a\x00b\ud800c",
    ]
    people = {desk.hire(name=name).userid: name for name in odd}
    company = desk.company
    place = company.add_department("Odd")
    company.distort_department(place.id, name="<script>alert(1)</script>\x00")
    run = desk.take()
    for userid, name in people.items():
        kept = Employee.objects.get(userid=userid).name
        assert len(kept) <= 200
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", kept)
        assert kept or not name.strip()
    named = {name: Employee.objects.get(userid=u).name for u, name in people.items()}
    assert named["a\x00b\ud800c"] == "a\ufffdb\ufffdc"
    assert named["😀"] == "😀"
    assert named["שלום עולם"] == "שלום עולם"
    assert named["n" * 65536] == "n" * 200
    assert all(named[blank] == key for key, blank in people.items() if blank == "   ")
    dirty = {u for u, name in people.items() if "\ufffd" in named[name]}
    dirty |= {u for u, name in people.items() if len(name.strip()) > 200}
    assert noted(run) == dirty | {str(place.id)}
    assert run.notes[0]["message"]
    assert run.notes[0]["remedy"]
    shown = [
        company.people[u] for u, name in people.items() if set(name) & set("<'\"=\x00")
    ]
    assert "&lt;script&gt;" in desk.looks(run, *shown)
    assert not any(desk.sync().counts.values())


MOBILES: list[tuple[Any, str]] = [
    ("+86-138 0013 8000", "+86-138 0013 8000"),
    ("13800138000", "13800138000"),
    (13800138000, "13800138000"),
    ("0", "0"),
    ("1" * 40, "1" * 40),
    ("9" * 80, "9" * 64),
    ("call me", "call me"),
    ("", ""),
    (None, ""),
    (ABSENT, ""),
    ([], ""),
    ({"a": 1}, ""),
]


def test_mobiles_are_text_and_no_keys(desk: Desk) -> None:
    """I-31: any form; two with the same; one that changes hands in one sync."""
    people = [(desk.hire(mobile=came), kept) for came, kept in MOBILES]
    one, two = desk.hire(mobile="13700000001"), desk.hire(mobile="13700000001")
    run = desk.take()
    assert [desk.row(p).mobile for p, _ in people] == [kept for _, kept in people]
    assert desk.row(one).mobile == desk.row(two).mobile == "13700000001"
    desk.looks(run, one, two, *(person for person, _ in people))
    one.distorted, two.distorted = {"mobile": "1"}, {"mobile": "2"}
    desk.take()
    one.distorted, two.distorted = two.distorted, one.distorted
    run = desk.take()
    assert (run.counts["updated"], run.counts["left"]) == (2, 0)
    assert (desk.row(one).mobile, desk.row(two).mobile) == ("2", "1")


EMAILS: list[tuple[Any, str]] = [
    ("LI.LEI@EXAMPLE.TEST", "LI.LEI@EXAMPLE.TEST"),
    ("李@例子.测试", "李@例子.测试"),
    ("no at sign", "no at sign"),
    ("l" * 309 + "@example.te", "l" * 309 + "@example.te"),
    ("l" * 320 + "@example.te", "l" * 320),
    (
        "a@example.test\r\nBcc: b@example.test",
        "a@example.test\ufffd\ufffdBcc: b@example.test",
    ),
    (7, "7"),
]


def test_mail_addresses_carry_no_line_break(desk: Desk) -> None:
    """I-32: capitals, IDN, no @, 320 characters, a header in it, the same twice."""
    people = [(desk.hire(email=came), kept) for came, kept in EMAILS]
    twins = [desk.hire(email="same@example.test") for _ in range(2)]
    run = desk.take()
    assert [desk.row(p).email for p, _ in people] == [kept for _, kept in people]
    assert {desk.row(twin).email for twin in twins} == {"same@example.test"}
    assert noted(run) == {people[4][0].userid, people[5][0].userid}
    shown = desk.looks(run, *twins, *(person for person, _ in people))
    assert "\nBcc:" not in shown


def test_a_persons_departments_are_what_is_there_of_them(desk: Desk) -> None:
    """I-33: null, empty, twice, unknown, as text, 500 of them, none at all.

    A list with something in it that is no id rejects the record (F-55): the run is
    partial, and the person stays as they were.
    """
    company = desk.company
    place = company.add_department("Place").id
    lists: list[tuple[Any, set[int]]] = [
        (None, {1}),
        ([], {1}),
        (ABSENT, {1}),
        ([1, 1, place, place], {1, place}),
        ([1, 999_999_999], {1}),
        (["1", str(place)], {1, place}),
        (f"[1, {place}]", {1, place}),
        ([1, *range(800_000_000, 800_000_500)], {1}),
        ([0, -7, 1], {1}),
    ]
    people = [(desk.hire(dept_id_list=came), kept) for came, kept in lists]
    run = desk.take()

    def seats(person: Person) -> set[int]:
        found = Membership.objects.filter(employee__userid=person.userid)
        return {int(id) for id in found.values_list("department__source_id", flat=True)}

    assert [seats(person) for person, _ in people] == [kept for _, kept in people]
    desk.looks(run, *(person for person, _ in people))

    people[7][0].distorted = {}
    nowhere, broken = people[0][0], people[3][0]
    company.unlist(nowhere)  # in no department: no page lists them
    nowhere.departments, nowhere.distorted = {}, {}
    desk.take()
    assert seats(nowhere) == set()
    broken.distorted = {"dept_id_list": [1, "x"]}
    run = desk.take(State.PARTIAL)
    assert broken.userid in {fault["where"] for fault in run.missing}
    assert seats(broken) == {1, place}
    desk.looks(run, nowhere, broken)


def test_unionids_tell_people_apart_only_where_they_are_there(desk: Desk) -> None:
    """I-34: missing, blank, shared, changed; userids that differ in case alone."""
    company = desk.company
    known = company.hire("Known")
    desk.take()
    sub, unionid = desk.row(known).sub, known.unionid
    for blank in (ABSENT, "", None):
        known.distorted = {"unionid": blank}
        assert not any(desk.take().counts.values())
        assert (desk.row(known).unionid, desk.row(known).sub) == (unionid, sub)
    known.distorted = {}
    without = [desk.hire(unionid=blank) for blank in (ABSENT, "", None)]
    shared = [company.hire("Shared", unionid="shared") for _ in range(2)]
    cases = [company.hire("Case", userid=userid) for userid in ("uSER", "User")]
    run = desk.take()
    assert [desk.row(person).unionid for person in without] == ["", "", ""]
    assert {desk.row(person).unionid for person in shared} == {"shared"}
    desk.looks(run, *without, *shared, *cases)
    company.update(known.userid, unionid="somebody-else")
    run = desk.take()
    assert run.counts["replaced"] == 1
    assert desk.row(known).sub != sub
    assert Employee.objects.get(sub=sub).status == "left"
    too_long = desk.hire(unionid="u" * 129)
    run = desk.sync()
    assert run.state == State.PARTIAL
    assert too_long.userid in {fault["where"] for fault in run.missing}


def test_switches_dates_and_orders_are_read_or_left_blank(desk: Desk) -> None:
    """I-35: "true", 0, 1, null; dates 0, negative, as text, year 50000; floats, 10^30."""
    flags: list[tuple[Any, bool | None]] = [
        *(("true", True), ("False", False), (1, True), (0, False), (None, None)),
        *(("yes", None), ([], None)),
    ]
    dates: list[tuple[Any, str]] = [
        *((HIRED, "2020-08-16"), (str(HIRED), "2020-08-16"), (0, ""), (-5, "")),
        *((1_515_732_566_400_000, ""), ("soon", ""), (1.5, ""), (None, "")),
    ]
    orders: list[tuple[Any, int | None]] = [
        *((7, 7), ("7", 7), (-1, -1), (2**62, 2**62), (1.5, None), (10**30, None)),
        *((None, None), (ABSENT, None)),
    ]
    leaders = [(desk.hire(leader=came), kept) for came, kept in flags]
    hired = [(desk.hire(hired_date=came), kept) for came, kept in dates]
    placed = [(desk.hire(dept_order=came), kept) for came, kept in orders]
    run = desk.take()
    seat = {m.employee.userid: m for m in Membership.objects.select_related("employee")}
    for person, flag in leaders:
        assert seat[person.userid].leader is flag
    for person, day in hired:
        assert desk.row(person).hired_date == day
    for person, order in placed:
        assert seat[person.userid].order == order
    desk.looks(run, *(person for person, _ in (*leaders, *hired, *placed)))
    assert not any(desk.sync().counts.values())


def test_custom_fields_of_any_kind_are_text(desk: Desk) -> None:
    """I-36: no JSON, 1,000 keys, __proto__, nesting."""
    many = {f"Key {number}": "v" for number in range(1000)}
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    cases: list[tuple[Any, str]] = [
        ("no json", ""),
        ("[1, 2]", ""),
        (None, ""),
        ('{"Cost": "C9", "__proto__": {"polluted": true}}', "C9"),
        ({"Cost": "C9"}, "C9"),
        (json.dumps({"Cost": {"a": [1, {"b": None}]}}), '{"a": [1, {"b": null}]}'),
        (json.dumps({"Cost": 5}), "5"),
        (json.dumps({"Cost": "x\x00\ud800"}), "x\ufffd\ufffd"),
        (json.dumps({"Cost": "C9", **many}), "C9"),
        (json.dumps({"Cost": deep})[:-1], ""),
        (
            json.dumps({"Cost": "<script>alert(1)</script>"}),
            "<script>alert(1)</script>",
        ),
    ]
    desk.idp.mapping = [
        {"target": "name", "sources": ["name"]},
        {"target": "attributes.Cost", "sources": ["extension.Cost"]},
        {"target": "attributes.proto", "sources": ["extension.__proto__"]},
    ]
    desk.idp.save()
    people = [(desk.hire(extension=came), kept) for came, kept in cases]
    run = desk.take()
    got = [desk.row(person).attributes.get("Cost", "") for person, _ in people]
    assert got == [kept for _, kept in people]
    assert noted(run) == {people[7][0].userid}
    assert desk.row(people[3][0]).attributes["proto"] == '{"polluted": true}'
    assert "&lt;script&gt;" in desk.looks(run, *(person for person, _ in people))


def test_keys_that_nobody_knows_are_ignored(desk: Desk) -> None:
    """I-37: more keys change nothing; a key under another name blanks its field alone."""
    person = desk.company.hire("Somebody", title="Engineer", job_number="J1")
    desk.take()
    person.distorted = {"future": {"a": [1]}, "": 1, "__proto__": None, "name2": "x"}
    assert not any(desk.take().counts.values())
    person.distorted = {"title": ABSENT, "jobTitle": "Engineer"}
    run = desk.take()
    assert run.counts["updated"] == 1
    assert (desk.row(person).title, desk.row(person).job_number) == ("", "J1")
    desk.looks(run, person)


def test_pictures_are_neither_kept_nor_shown(desk: Desk) -> None:
    """I-38: nobody fetches an address that DingTalk sends, and no page has one."""
    urls = (
        *("file:///etc/passwd", "http://169.254.169.254/latest", "javascript:alert(1)"),
        "https://static-legacy.dingtalk.com/media/lADO.jpg",
    )
    people = [desk.hire(avatar=url) for url in urls]
    run = desk.take()
    keys = {field.key for field in desk.idp.connector_class.source_fields()}
    assert "avatar" not in keys
    shown = desk.looks(run, *people)
    kept = json.dumps(list(Employee.objects.values()), default=str)
    kept += json.dumps(list(Change.objects.values()), default=str)
    for url in urls:
        assert url not in shown + kept
