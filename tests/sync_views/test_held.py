"""A held run's page: what would happen, which rows are left out, and the decision."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from identity.models import AuditEvent, IdentityProvider, LogonSession
from sync.models import Change, Department, Kept, SyncRun
from tests import builders
from tests.sync_views.reading import read, words

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def address(run: SyncRun, name: str = "run") -> str:
    """Where the run's page is, or where a decision about it is sent."""
    return reverse(f"sync:{name}", args=[run.pk])


def planned(run: SyncRun, entity: str, kind: str, key: str, **values: object) -> Change:
    """A row of a plan."""
    values.setdefault("label", key)
    return builders.change(run, entity, kind, key, applied=False, **values)


@pytest.fixture
def held(root: Department) -> SyncRun:
    """Twelve people who moved and one who left, one who joins, one who changes, and an
    agreement from before."""
    run = builders.run(
        root.idp,
        "held",
        digest="d" * 64,
        held_because=[{"reason": "people", "count": 13, "limit": 5}],
    )
    for number in range(12):
        planned(run, "employee", "remove", f"moved{number:02}", verdict="moved")
    planned(run, "employee", "remove", "gone", label="Gone For Good", verdict="left")
    after = {"name": "New Comer", "title": "Baker"}
    planned(run, "employee", "create", "joiner", label="New Comer", after=after)
    sides = {"before": {"title": "Clerk"}, "after": {"title": "Chief"}}
    planned(run, "employee", "update", "user000001", label="Changer", **sides)
    planned(run, "department", "remove", "900", label="Old News", approved=True)
    return run


def sent(run: SyncRun, source: str, **values: str) -> dict[str, str]:
    """What the form that approves would send."""
    hidden = dict(re.findall(r'name="(mark|digest)" value="([^"]*)"', source))
    return hidden | {"typed": "13"} | values


def leave_out(client: Client, run: SyncRun, *out: str, **headers: str) -> str:
    """Tick these of all rows that can be left out, and nothing else; the answer."""
    rows = Change.objects.filter(run=run).exclude(verdict="left")
    keys = dict(rows.exclude(approved=True).values_list("key", "pk"))
    data = {"row": list(keys.values()), "out": [keys[one] for one in out]}
    response = client.post(address(run, "leave-out"), data, headers=headers)
    assert response.status_code in (200, 302)
    return response.content.decode()


def stale(client: Client) -> None:
    """As if the password had been entered an hour ago."""
    old = timezone.now() - timedelta(hours=1)
    LogonSession.objects.update(confirmed_at=old)


@pytest.mark.alone
def test_the_plan_is_read_in_parts_losses_first_with_before_and_after(
    console: Client, held: SyncRun
) -> None:
    """U21."""
    source = read(console, address(held))
    said = words(source)
    assert "13 people would lose the active status; up to 5 go without" in said
    for label in ("Left the company 1", "Moved out of the chosen scope 12"):
        assert label in said
    assert said.index("Moved out of the chosen scope 12") < said.index(
        "People who join 1"
    )
    assert "Gone For Good" in said  # the first part
    assert "who has left may not keep access" in said
    assert "before active → after left" in said
    joins = words(read(console, f"{address(held)}?part=employee-create"))
    assert "New Comer" in joins
    assert "Title before – → after Baker" in joins
    changes = words(read(console, f"{address(held)}?part=employee-update"))
    assert "Title before Clerk → after Chief" in changes
    agreed = words(read(console, f"{address(held)}?part=agreed"))
    assert "An earlier approval was about these" in agreed
    assert "Old News" in agreed


def test_the_plan_is_searched_by_name_and_user_id(
    console: Client, held: SyncRun
) -> None:
    for text in ("for good", "gone"):
        said = words(read(console, f"{address(held)}?q={text}"))
        assert "Gone For Good" in said
        assert "New Comer" not in said
    assert "Nothing in this plan matches" in words(
        read(console, f"{address(held)}?q=xyz")
    )


def test_rows_are_left_out_at_once_counted_and_audited(
    console: Client, held: SyncRun
) -> None:
    """U21: htmx brings the decision with its new numbers; a form does without script."""
    said = words(
        leave_out(console, held, "moved00", "joiner", **{"HX-Request": "true"})
    )
    assert "Left out 2" in said
    assert "Approve these 13" in said
    assert "Lose access 12" in said
    held.refresh_from_db()
    assert held.left_out == [["employee", "joiner"], ["employee", "moved00"]]
    line = AuditEvent.objects.get(action="run.leave_out")
    assert line.detail == {
        "run": held.pk,
        "digest": held.digest,
        "rows": 13,
        "left_out": 2,
        "people": 12,
        "departments": 0,
        "added": 2,
        "taken_back": 0,
    }
    leave_out(console, held, "joiner")
    held.refresh_from_db()
    assert held.left_out == [["employee", "joiner"]]
    assert re.search(
        r"value=\"\d+\" checked", read(console, f"{address(held)}?q=joiner")
    )


def test_a_persons_memberships_are_left_out_with_the_person(
    console: Client, held: SyncRun
) -> None:
    for key in ("joiner/1", "joiner/x/1"):  # the second is of the user id "joiner/x"
        planned(held, "membership", "create", key)
    row = Change.objects.get(key="joiner")
    post = address(held, "leave-out")
    console.post(post, {"row": [row.pk], "out": [row.pk], "part": "employee-create"})
    held.refresh_from_db()
    together = [["employee", "joiner"], ["membership", "joiner/1"]]
    assert held.left_out == together
    kept = [
        Kept.objects.create(idp=held.idp, entity=entity, key=key)
        for entity, key in together
    ]
    console.post(reverse("sync:release", args=[held.idp_id, kept[0].pk]))
    assert not Kept.objects.exists()
    console.post(post, {"row": [row.pk]})
    held.refresh_from_db()
    assert held.left_out == []


@pytest.mark.alone
def test_who_left_has_no_box_and_is_not_left_out_by_a_forged_form(
    console: Client, held: SyncRun
) -> None:
    gone = Change.objects.get(key="gone")
    assert f'value="{gone.pk}"' not in read(console, address(held))
    data = {"row": [gone.pk], "out": [gone.pk]}
    response = console.post(address(held, "leave-out"), data, follow=True)
    assert "Who has left may not keep access" in words(response.content.decode())
    held.refresh_from_db()
    assert held.left_out == []


def test_rows_of_another_plan_are_refused(console: Client, held: SyncRun) -> None:
    """Another IdP's row is none of this run's, whatever a form sends."""
    other = builders.run(builders.idp("Other"), "held")
    foreign = planned(other, "employee", "remove", "theirs")
    mine = Change.objects.get(key="moved00")
    for data in (
        {"row": [foreign.pk], "out": [foreign.pk]},
        {"row": [mine.pk], "out": [foreign.pk]},
        {"row": ["x"]},
        {},
    ):
        assert console.post(address(held, "leave-out"), data).status_code == 404
    held.refresh_from_db()
    other.refresh_from_db()
    assert held.left_out == other.left_out == []


def test_an_approval_needs_the_number_and_the_password_and_leads_to_the_new_run(
    console: Client, held: SyncRun
) -> None:
    """T-48, U12, U21."""
    leave_out(console, held, "joiner")
    stale(console)
    source = read(console, address(held))
    assert "Type 13 , the number of people who lose access" in words(source)
    post = address(held, "approve")
    wrong = console.post(post, sent(held, source, typed="12", own_password=PASSWORD))
    assert wrong.status_code == 422
    assert "type 13, exactly so" in words(wrong.content.decode())
    bare = console.post(post, sent(held, source))
    assert bare.status_code == 422
    assert "enter your password" in words(bare.content.decode())
    assert not SyncRun.objects.filter(approves=held).exists()
    LogonSession.objects.update(confirmed_at=timezone.now())
    response = console.post(post, sent(held, source))
    queued = SyncRun.objects.get(approves=held)
    assert response["Location"] == address(queued)
    line = AuditEvent.objects.get(action="run.approve")
    assert (line.detail["rows"], line.detail["left_out"]) == (14, 1)
    assert line.detail["carried_out_by"] == queued.pk
    assert Kept.objects.get().key == "joiner"
    said = words(read(console, address(held)))
    assert "This plan was approved" in said
    assert f"Run {queued.pk} carries it out" in said
    again = console.post(post, sent(held, source), follow=True)
    assert "has been approved already" in words(again.content.decode())


def test_what_was_not_read_is_not_approved(console: Client, held: SyncRun) -> None:
    """Somebody else left rows out meanwhile."""
    source = read(console, address(held))
    leave_out(console, held, "joiner")
    response = console.post(address(held, "approve"), sent(held, source))
    assert response.status_code == 409
    assert "changed while you were reading" in words(response.content.decode())
    assert not SyncRun.objects.filter(approves=held).exists()


def test_a_plan_is_rejected(console: Client, held: SyncRun) -> None:
    response = console.post(address(held, "refuse"), follow=True)
    assert "This plan was rejected" in words(response.content.decode())
    assert AuditEvent.objects.get(action="run.refuse").detail["digest"] == held.digest
    late = console.post(address(held, "leave-out"), {"row": [1]}, follow=True)
    assert "does not wait any more" in words(late.content.decode())


@pytest.mark.alone
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"finished_at": timezone.now() - timedelta(hours=25)},
            "too old to be approved",
        ),
        ({"state": "superseded"}, "A newer run took the place"),
        ({"state": "superseded", "error_code": "expired"}, "too old to be approved"),
        ({"error_code": "company", "error_cause": "Not yours."}, "Not yours."),
    ],
)
def test_a_plan_that_does_not_wait_says_why_and_leads_on(
    console: Client, held: SyncRun, changed: dict[str, object], says: str
) -> None:
    SyncRun.objects.filter(pk=held.pk).update(**changed)
    newer = builders.run(held.idp)
    source = read(console, address(held))
    assert says in words(source)
    assert f'href="{address(newer)}"' in source
    assert address(held, "approve") not in source


@pytest.mark.alone
def test_staff_read_the_plan_and_decide_nothing(
    staff_console: Client, held: SyncRun
) -> None:
    source = read(staff_console, address(held))
    assert "An administrator decides" in words(source)
    assert 'type="checkbox"' not in source
    for name in ("leave-out", "approve", "refuse"):
        assert staff_console.post(address(held, name)).status_code == 403
    guard = reverse("sync:guard", args=[held.idp_id])
    assert staff_console.get(guard).status_code == 403


@pytest.mark.alone
def test_a_preview_says_that_nothing_was_written(
    console: Client, root: Department
) -> None:
    run = builders.run(
        root.idp,
        "held",
        purpose="preview",
        held_because=[{"reason": "preview", "count": 1, "limit": 0}],
    )
    planned(run, "employee", "create", "new", after={"name": "New"})
    said = words(read(console, address(run)))
    assert "Preview: nothing was written" in said
    assert "Approve this 1" in said
    assert "Type" not in said
    dashboard = words(read(console, reverse("console:dashboard")))
    assert "A preview of Acme waits for a decision" in dashboard


@pytest.mark.alone
def test_five_thousand_removals_are_shown_quickly_by_as_many_questions_as_ten(
    console: Client, idp: IdentityProvider
) -> None:
    def asked(count: int) -> int:
        run = builders.run(idp, "held", left_out=[["employee", "p0"]])
        Change.objects.bulk_create(
            Change(
                run=run, entity="employee", kind="remove", key=f"p{n}", applied=False
            )
            for n in range(count)
        )
        began = timezone.now()
        with CaptureQueriesContext(connection) as queries:
            read(console, address(run))
        assert timezone.now() - began < timedelta(seconds=2)
        return len(queries)

    assert asked(10) == asked(5000)


def test_the_limits_say_what_they_come_to_and_change_with_the_password(
    console: Client, root: Department
) -> None:
    """T-48: audited with before and after."""
    page = reverse("sync:guard", args=[root.idp_id])
    idp = root.idp
    assert "5 and 10 % of 40 active people, up to 5 go" in words(read(console, page))
    wanted = {
        "guard_people_min": "50",
        "guard_people_percent": "10",
        "guard_departments_min": "3",
        "guard_departments_percent": "20",
    }
    stale(console)
    assert console.post(page, wanted).status_code == 422
    assert (
        console.post(page, wanted | {"guard_people_percent": "101"}).status_code == 422
    )
    idp.refresh_from_db()
    assert idp.guard_people_min == 5
    LogonSession.objects.update(confirmed_at=timezone.now())
    assert console.post(page, wanted).status_code == 302
    idp.refresh_from_db()
    assert idp.guard_people_min == 50
    assert AuditEvent.objects.get(action="idp.guard").detail == {
        "guard_people_min": [5, 50]
    }


def test_what_is_kept_is_seen_on_the_overview_and_released(
    console: Client, staff_console: Client, root: Department
) -> None:
    kept = Kept.objects.create(
        idp=root.idp, entity="employee", key="user000001", label="<b>Kept</b>"
    )
    overview = reverse("console:overview", args=[root.idp_id])
    assert "1 is kept as it is" in words(read(console, overview))
    page = reverse("sync:kept", args=[root.idp_id])
    source = read(staff_console, page)
    assert "&lt;b&gt;Kept&lt;/b&gt;" in source
    release = reverse("sync:release", args=[root.idp_id, kept.pk])
    assert release not in source
    other = reverse("sync:release", args=[builders.idp("Other").pk, kept.pk])
    assert console.post(other).status_code == 404
    assert console.post(release).status_code == 302
    assert not Kept.objects.exists()
    assert AuditEvent.objects.get(action="run.release").detail["key"] == "user000001"
    assert "Nothing is kept back" in words(read(console, page))


@pytest.mark.alone
def test_what_was_agreed_to_earlier_cannot_be_left_out(
    console: Client, held: SyncRun
) -> None:
    """The page offers no box for it, and the numbers do not count it."""
    agreed = Change.objects.get(run=held, approved=True)
    data = {"row": [agreed.pk], "out": [agreed.pk]}
    assert console.post(address(held, "leave-out"), data).status_code == 404
    held.refresh_from_db()
    assert held.left_out == []


def test_t48_a_plan_that_begins_to_wait_while_it_is_approved_is_asked_about(
    console: Client, held: SyncRun
) -> None:
    """An IdP that is enabled between two looks must not skip the password."""
    stale(console)
    idps = IdentityProvider.objects.filter(pk=held.idp_id)
    idps.update(status="closed")
    looks = []

    def enable(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if sql.startswith("SELECT") and "JOIN" in sql and "left_out" in sql:
            looks.append(sql)
            if len(looks) == 2:
                idps.update(status="enabled")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(enable):
        console.post(address(held, "approve"), {"digest": held.digest})
    assert len(looks) >= 2
    assert not SyncRun.objects.filter(approves=held).exists()
