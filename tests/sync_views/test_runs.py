"""Pages of runs: the list, live numbers, and what a run did or would have done."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import IdentityProvider, User
from sync.models import Change, Department, Employee, SyncRun
from tests import builders
from tests.sync_views.reading import links, read, words

pytestmark = pytest.mark.django_db
Entity, Kind = Change.Entity, Change.Kind
LIST = reverse("sync:runs")


def page_of(run: SyncRun) -> str:
    """The address of a run's page."""
    return reverse("sync:run", args=[run.pk])


def progress_of(run: SyncRun) -> str:
    """The address of a run's live numbers."""
    return reverse("sync:progress", args=[run.pk])


def running(idp: IdentityProvider, **values: object) -> SyncRun:
    """A run in the middle of reading."""
    numbers: dict[str, object] = {
        "stage": SyncRun.Stage.FETCH,
        "departments_seen": 240,
        "departments_read": 212,
        "employees_read": 34120,
        "calls": 1450,
        "started_at": timezone.now() - timedelta(seconds=100),
    }
    return builders.run(idp, "running", **(numbers | values))


def test_the_list_shows_each_run_with_its_numbers(
    console: Client, idp: IdentityProvider, administrator: User
) -> None:
    """U22: who, why, how long, what changed."""
    start = timezone.now() - timedelta(minutes=5)
    run = builders.run(
        idp,
        by=administrator,
        calls=1201,
        counts={
            "created": 3,
            "returned": 1,
            "updated": 5,
            "left": 2,
            "out_of_scope": 1,
        },
        started_at=start,
        finished_at=start + timedelta(seconds=200),
    )
    shown = words(read(console, LIST))
    for text in (
        f"Run {run.pk}",
        "Success",
        "Started by hand alice",
        "3 min 20 s",
        "joined +4",
        "updated ~5",
        "gone −3",
        "1,201",
    ):
        assert text in shown


def test_the_list_is_filtered_by_idp_and_state_and_pages_by_key(
    console: Client, idp: IdentityProvider
) -> None:
    other = builders.idp("Other")
    foreign = builders.run(other, "failed")
    mine = [builders.run(idp) for _ in range(35)]

    def shown(query: str) -> list[int]:
        source = read(console, f"{LIST}{query}")
        return [
            int(n) for n in re.findall(r'sb-row-link" href="/sync/runs/(\d+)/"', source)
        ]

    newest_first = [run.pk for run in reversed(mine)]
    assert shown(f"?idp={other.pk}") == [foreign.pk]
    assert shown("?state=failed") == [foreign.pk]
    assert shown(f"?state=failed&idp={idp.pk}") == []
    first = shown(f"?idp={idp.pk}")
    older = next(
        link
        for link in links(read(console, f"{LIST}?idp={idp.pk}"))
        if "before=" in link
    )
    assert first + shown(older) == newest_first


def test_a_list_without_runs_says_why(console: Client, idp: IdentityProvider) -> None:
    assert "No synchronization yet" in words(read(console, LIST))
    assert "No run matches" in words(read(console, f"{LIST}?state=held"))


def test_a_running_run_shows_real_numbers_and_asks_for_them_each_second(
    console: Client, idp: IdentityProvider
) -> None:
    """U20."""
    builders.department(idp, "1", total=100_000)
    run = running(idp)
    source = read(console, page_of(run))
    shown = words(source)
    assert "34,120 of about 100,000 people" in shown
    assert "212 of 240 found so far" in shown
    assert "1,450" in shown
    assert re.search(r"about 3 min [1-5]\d s left to read", shown)  # of 100 s and some
    assert '<progress value="34120" max="100000"' in source
    assert f'hx-get="{progress_of(run)}" hx-trigger="every 1s"' in source
    assert "every 10s" in source


def test_the_first_run_has_no_number_of_people_to_compare_with(
    console: Client, idp: IdentityProvider
) -> None:
    source = read(console, page_of(running(idp)))
    assert '<progress value="212" max="240"' in source
    assert "34,120 people read" in words(source)


def test_what_is_read_is_never_more_than_its_measure(
    console: Client, idp: IdentityProvider
) -> None:
    """A company that has grown is no measure any more, and there is no time left."""
    builders.department(idp, "1", total=33_901)
    shown = words(read(console, page_of(running(idp))))
    assert "34,120 people read" in shown
    assert "33,901" not in shown
    assert "left to read" not in shown


def test_one_person_is_no_people(console: Client, idp: IdentityProvider) -> None:
    shown = words(read(console, page_of(running(idp, employees_read=1))))
    assert "1 person read" in shown


@pytest.mark.parametrize(
    ("values", "label", "bar"),
    [
        ({"stage": "compare"}, "Comparing", "<progress aria-label"),
        (
            {"stage": "apply", "changes_planned": 1000, "changes_applied": 250},
            "250 of about 1,000 changes written",
            '<progress value="250" max="1000"',
        ),
        (
            {"people": False},
            "Departments read: 212 of 240 found so far",
            '<progress value="212" max="240"',
        ),
    ],
)
def test_each_stage_has_its_words_and_its_bar(
    console: Client,
    idp: IdentityProvider,
    values: dict[str, object],
    label: str,
    bar: str,
) -> None:
    source = read(console, progress_of(running(idp, **values)))
    assert label in words(source)
    assert bar in source


def test_the_live_numbers_grow_and_end_by_themselves(
    console: Client, idp: IdentityProvider
) -> None:
    """U20: the last answer stops the polling and brings the finished page."""
    run = running(idp)
    assert "34,120" in words(read(console, progress_of(run)))
    SyncRun.objects.filter(pk=run.pk).update(employees_read=35000)
    assert "35,000" in words(read(console, progress_of(run)))
    SyncRun.objects.filter(pk=run.pk).update(
        state="success", finished_at=timezone.now(), counts={"created": 7}
    )

    last = console.get(progress_of(run))

    assert last.status_code == 286
    assert (last["HX-Retarget"], last["HX-Reswap"]) == ("#run", "outerHTML")
    assert "People joined 7" in words(last.content.decode())
    assert "every 1s" not in last.content.decode()
    assert "hx-trigger" not in read(console, page_of(run))


def test_a_sentence_for_screen_readers_comes_every_ten_seconds_until_the_end(
    console: Client, idp: IdentityProvider
) -> None:
    run = running(idp)
    say = f"{progress_of(run)}?say=1"
    sentence = "Running. People read: 34,120. Departments read: 212."
    assert words(read(console, say)) == sentence
    SyncRun.objects.filter(pk=run.pk).update(state="failed", finished_at=timezone.now())
    last = console.get(say)
    assert last.status_code == 286
    assert words(last.content.decode()) == "The run is over: Failed"


def test_a_queued_run_says_that_it_waits(
    console: Client, idp: IdentityProvider
) -> None:
    run = builders.run(idp, "queued")
    assert "Waiting for a worker" in words(read(console, page_of(run)))
    assert console.get(progress_of(run)).status_code == 200


def test_a_run_that_changed_nothing_says_so(
    console: Client, idp: IdentityProvider
) -> None:
    run = builders.run(idp, counts={"created": 0, "left": 0})
    assert "Nothing had changed: no row was written." in words(
        read(console, page_of(run))
    )


def test_a_finished_run_lists_its_changes_by_kind_losses_first(
    console: Client, root: Department, person: Employee
) -> None:
    """U22: filter by "left", link from run to person."""
    run = builders.run(root.idp)
    left = builders.employee(root.idp, "gone", "Gone", status="left")
    builders.change(run, Entity.EMPLOYEE, Kind.CREATE, person.userid, label="x")
    builders.change(run, Entity.EMPLOYEE, Kind.LEAVE, "gone", label="Gone")
    builders.change(
        run,
        Entity.DEPARTMENT,
        Kind.UPDATE,
        "501",
        before={"name": "Old"},
        after={"name": "New"},
    )

    first = read(console, page_of(run))
    created = read(console, f"{page_of(run)}?entity=employee&kind=create")
    renamed = words(read(console, f"{page_of(run)}?entity=department&kind=update"))

    assert "Employee: Left 1 Employee: Created 1 Department: Updated 1" in words(first)
    assert reverse("sync:employee", args=[left.pk]) in links(first)
    assert reverse("sync:employee", args=[person.pk]) not in links(first)
    assert reverse("sync:employee", args=[person.pk]) in links(created)
    assert "Name before Old → after New" in renamed


def test_changes_page_by_key(console: Client, idp: IdentityProvider) -> None:
    run = builders.run(idp)
    for number in range(120):
        builders.change(
            run,
            Entity.EMPLOYEE,
            Kind.CREATE,
            f"u{number:03}",
            label=f"Person {number:03}",
        )
    seen: list[str] = []
    address = page_of(run)
    while address:
        source = read(console, address)
        seen += re.findall(r"<bdi>(Person \d+)</bdi>", source)
        nexts = re.findall(r'rel="next" href="([^"]+)"', source)
        address = nexts[0].replace("&amp;", "&") if nexts else ""
    assert seen == [f"Person {number:03}" for number in range(120)]


def test_a_person_who_came_back_under_the_userid_is_the_one_that_is_linked(
    console: Client, idp: IdentityProvider
) -> None:
    builders.employee(idp, "u1", "Old", status="left")
    new = builders.employee(idp, "u1", "New")
    builders.employee(idp, "u1", "Older", status="left")
    run = builders.run(idp)
    builders.change(run, Entity.EMPLOYEE, Kind.CREATE, "u1", label="New")
    source = read(console, page_of(run))
    assert reverse("sync:employee", args=[new.pk]) in links(source)
    assert "Older" not in words(source)


def test_a_held_run_says_why_lists_who_would_go_and_that_nothing_was_applied(
    console: Client, root: Department
) -> None:
    """U21; what is decided on this page is in test_held.py."""
    run = builders.run(
        root.idp,
        "held",
        held_because=[
            {"reason": "people", "count": 7, "limit": 5},
            {"reason": "departments", "count": 4, "limit": 3},
            {"reason": "credentials", "count": 1, "limit": 0},
        ],
    )
    leaver = Employee.objects.get(idp=root.idp, userid="user000001")
    builders.change(run, Entity.EMPLOYEE, Kind.REMOVE, leaver.userid, applied=False)
    builders.change(run, Entity.DEPARTMENT, Kind.REMOVE, "501", applied=False)
    builders.change(
        run, Entity.EMPLOYEE, Kind.CREATE, "new", label="New", applied=False
    )

    source = read(console, page_of(run))
    shown = words(source)

    assert "Held: nothing of this run was applied" in shown
    assert (
        "7 people would lose the active status; up to 5 go without a question." in shown
    )
    assert "4 departments would be removed; up to 3 go without a question." in shown
    assert "1 person would lose the active status." in shown
    assert "mend it in DingTalk or change the scope of this IdP" in shown
    assert "approve exactly this list" in shown
    assert "Not asked yet 1 Departments that go 1 People who join 1" in shown
    assert reverse("sync:employee", args=[leaver.pk]) in links(source)


def test_a_failed_run_says_cause_and_remedy(
    console: Client, idp: IdentityProvider
) -> None:
    run = builders.run(
        idp,
        "failed",
        error_code="40014",
        error_cause="DingTalk refused the secret.",
        error_remedy="Compare it.",
    )
    shown = words(read(console, page_of(run)))
    assert "The synchronization failed" in shown
    assert (
        "Cause DingTalk refused the secret. What to do Compare it. Code 40014" in shown
    )


@pytest.mark.parametrize("state", ["abandoned", "superseded"])
def test_a_run_that_did_not_finish_says_so(
    console: Client, idp: IdentityProvider, state: str
) -> None:
    run = builders.run(idp, state, error_cause="The worker stopped.")
    shown = words(read(console, page_of(run)))
    assert "The synchronization did not finish" in shown
    assert "The worker stopped." in shown


def test_remarks_stand_apart_from_what_could_not_be_read(
    console: Client, idp: IdentityProvider
) -> None:
    """F-41, I-30: nothing is missing because of them, and the run is a success."""
    remark = {"kind": "cleaned", "where": "li", "message": "Cut.", "remedy": "Mend it."}
    run = builders.run(idp, "success", faults=[remark])
    shown = words(read(console, page_of(run)))
    assert "1 remark Where" in shown
    assert "li Cut. Mend it." in shown
    assert "could not be read" not in shown


def test_a_partial_run_lists_what_could_not_be_read_and_what_was_kept(
    console: Client, idp: IdentityProvider
) -> None:
    run = builders.run(
        idp,
        "partial",
        faults=[
            {
                "kind": "permission",
                "where": "501",
                "message": "No right.",
                "remedy": "Grant it.",
            }
        ],
        unknown_fields=["mobile", "attributes.Rank"],
    )
    shown = words(read(console, page_of(run)))
    assert "1 part could not be read" in shown
    assert "501 No right. Grant it." in shown
    assert "Mobile, Rank: a permission is probably missing." in shown
