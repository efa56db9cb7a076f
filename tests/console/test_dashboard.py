"""The dashboard: where things stand, and what needs somebody."""

from typing import Any

import pytest
from django.test import Client

from sync.models import SyncRun
from tests import builders

pytestmark = pytest.mark.alone


def dashboard(client: Client) -> str:
    return client.get("/").content.decode()


def test_before_anything_is_set_up_it_shows_the_three_steps(
    console: Client, staff_console: Client
) -> None:
    """S084, S087, S126; U35"""
    page = dashboard(console)
    for words in (
        "Basic Configurations",
        "Connectivity Test",
        "Synchronization Settings",
    ):
        assert words in page
    assert 'href="/identity/new/"' in page
    assert "An administrator can create the first IdP" in dashboard(staff_console)


def test_a_begun_setup_can_be_continued_from_it(console: Client) -> None:
    """U05"""
    draft = builders.idp("", draft=True)
    page = dashboard(console)
    assert "The setup of DingTalk is not finished" in page
    assert f'href="/identity/{draft.pk}/setup/basic/"' in page


def test_the_cards_count_what_is_there(console: Client) -> None:
    idp = builders.idp("Hangzhou")
    builders.company(idp, people=1204, departments=41)
    builders.run(idp)
    page = dashboard(console)
    assert '<span class="sb-stat-value">1,204</span>' in page
    assert '<span class="sb-stat-value">41</span>' in page
    assert '<span class="sb-stat-value">1</span>' in page
    assert "Success" in page
    assert "Nothing to do." in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("held", "The synchronization of Hangzhou waits for a decision"),
        ("failed", "The synchronization of Hangzhou failed"),
        ("partial", "The synchronization of Hangzhou could not read everything"),
        ("abandoned", "The synchronization of Hangzhou was interrupted"),
    ],
)
def test_a_troubled_last_run_needs_attention(
    console: Client, state: str, words: str
) -> None:
    run = builders.run(
        builders.idp("Hangzhou"), state, error_cause="No such <AppKey> & so on"
    )
    page = dashboard(console)
    assert words in page
    assert f'href="/sync/runs/{run.pk}/"' in page
    assert "No such &lt;AppKey&gt; &amp; so on" in page
    assert "Nothing to do." not in page


@pytest.mark.parametrize("state", ["success", "running", "cancelled", "superseded"])
def test_a_trouble_that_is_over_needs_nobody(console: Client, state: str) -> None:
    idp = builders.idp("Hangzhou")
    builders.run(idp, SyncRun.State.FAILED)
    builders.run(idp, state)
    assert "Nothing to do." in dashboard(console)


def test_only_an_administrator_is_asked_to_review(
    console: Client, staff_console: Client
) -> None:
    builders.run(builders.idp("Hangzhou"), SyncRun.State.HELD)
    assert ">Review</a>" in dashboard(console)
    page = dashboard(staff_console)
    assert ">View</a>" in page
    assert ">Review</a>" not in page


def test_it_asks_the_same_number_of_queries_whatever_is_there(
    console: Client, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    builders.run(builders.idp("IdP-0"))
    with django_assert_max_num_queries(12) as first:
        dashboard(console)
    for number in range(1, 5):
        idp = builders.idp(f"IdP-{number}")
        builders.company(idp, people=20, departments=5)
        builders.run(idp, SyncRun.State.FAILED)
    with django_assert_num_queries(len(first.captured_queries)):
        dashboard(console)


def test_a_running_synchronization_stands_in_the_top_bar_of_every_page(
    console: Client,
) -> None:
    """U20"""
    run = builders.run(
        builders.idp("Hangzhou"),
        SyncRun.State.RUNNING,
        stage=SyncRun.Stage.APPLY,
        changes_planned=100,
        changes_applied=50,
    )
    for path in ("/", "/settings/", "/identity/"):
        page = console.get(path).content.decode()
        top = page[page.index("<header") : page.index("</header>")]
        assert f'href="/sync/runs/{run.pk}/"' in top
        assert "94 %" in top


def test_the_chip_stops_asking_when_the_run_is_over(console: Client) -> None:
    """U20: polling ends by itself."""
    run = builders.run(builders.idp("Hangzhou"), SyncRun.State.QUEUED)
    waiting = console.get("/running/")
    assert waiting.status_code == 200
    assert 'hx-get="/running/"' in waiting.content.decode()
    SyncRun.objects.filter(pk=run.pk).update(state=SyncRun.State.SUCCESS)
    over = console.get("/running/")
    assert over.status_code == 286
    assert over.content.decode().strip() == ""


@pytest.mark.parametrize(
    ("stage", "values", "percent"),
    [
        ("", {}, 0),
        ("fetch", {"departments_seen": 0, "departments_read": 0}, 0),
        ("fetch", {"departments_seen": 10, "departments_read": 10}, 80),
        ("compare", {}, 80),
        ("confirm", {}, 85),
        ("apply", {"changes_planned": 0, "changes_applied": 0}, 88),
        ("apply", {"changes_planned": 4, "changes_applied": 4}, 100),
        ("apply", {"changes_planned": 4, "changes_applied": 9}, 100),
        ("done", {}, 100),
    ],
)
def test_progress_never_leaves_0_to_100(
    stage: str, values: dict[str, int], percent: int
) -> None:
    from sasebridge.console.summary import percent_of

    assert percent_of(SyncRun(stage=stage, **values)) == percent
