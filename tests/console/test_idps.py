"""Identity Access: the list of IdPs, and an IdP's overview."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from identity.models import AuditEvent, ConnectionReport, IdentityProvider
from sync.models import SyncRun
from tests import builders

pytestmark = pytest.mark.alone

SECRET = "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR"


def listing(client: Client) -> str:
    return client.get("/identity/").content.decode()


def overview(client: Client, idp: IdentityProvider) -> str:
    return client.get(f"/identity/{idp.pk}/").content.decode()


def test_without_an_idp_the_page_says_what_one_is(console: Client) -> None:
    """S083, S084, U35"""
    page = listing(console)
    assert "Identity synchronization" in page
    assert "No IdP yet" in page
    assert page.count('href="/identity/new/"') == 2
    assert "Create IdP" in page


def test_the_tabs_lead_to_both_pages(console: Client) -> None:
    """S083"""
    page = listing(console)
    tabs = page[page.index('class="sb-tabs"') :]
    assert 'href="/identity/" aria-current="page">Identity synchronization' in tabs
    assert 'href="/directory/">Employee Center' in tabs


def test_the_list_shows_name_description_type_status_and_people(
    console: Client,
) -> None:
    idp = builders.idp("Hangzhou", description="DingTalk Logon")
    builders.idp("Shanghai", status="closed")
    builders.employee(idp, "1")
    builders.employee(idp, "2")
    builders.employee(idp, "3", status="left")
    page = listing(console)
    assert "1 of 5 enabled" in page
    for words in ("Hangzhou", "DingTalk Logon", "Enabled", "Shanghai", "Closed"):
        assert words in page
    assert f'href="/identity/{idp.pk}/"' in page
    assert 'data-label="People" class="sb-number">2</td>' in page


def test_a_draft_says_which_step_is_next_and_leads_there(console: Client) -> None:
    """A11, U05"""
    draft = builders.idp("", draft=True)
    page = listing(console)
    assert "Draft, step 1 of 3: Basic Configurations" in page
    assert f'href="/identity/{draft.pk}/">DingTalk</a>' in page
    assert f'href="/identity/{draft.pk}/setup/basic/"' in page
    assert "0 of 5 enabled" in page
    assert "Synchronize now" not in page


def test_the_last_and_the_next_synchronization_are_shown(console: Client) -> None:
    due = timezone.now() + timedelta(hours=5, minutes=1)
    idp = builders.idp("Hangzhou", next_due_at=due)
    builders.run(idp, SyncRun.State.FAILED)
    last = builders.run(idp, SyncRun.State.PARTIAL)
    page = listing(console)
    assert f'href="/sync/runs/{last.pk}/"' in page
    assert "Partial" in page
    assert "Failed" not in page
    assert "5\xa0hours from now" in page


def test_the_next_attempt_of_a_failing_idp_is_shown_with_the_reason(
    console: Client,
) -> None:
    """F-32: in the list, on the overview and on the page of the run that failed."""
    at = timezone.localtime().replace(hour=10, minute=15) + timedelta(days=1)
    idp = builders.idp(
        "Hangzhou", next_due_at=at + timedelta(hours=3), retry_at=at, failed_runs=3
    )
    before, failed = builders.run(idp, "failed"), builders.run(idp, "failed")
    assert "the last 3 in a row failed" in listing(console)
    said = f"next attempt at {at:%-d %b, %H:%M}, for the last 3 in a row failed"
    pages = [f"/identity/{idp.pk}/", f"/sync/runs/{failed.pk}/"]
    assert all(said in console.get(page).content.decode() for page in pages)
    old = console.get(f"/sync/runs/{before.pk}/").content.decode()
    assert "next attempt" not in old


def test_S118_the_pages_say_what_an_automatic_run_reads(console: Client) -> None:
    idp = builders.idp("Hangzhou", sync_users=False, next_due_at=timezone.now())
    overview = f"/identity/{idp.pk}/"
    assert "departments only" in listing(console)
    told = console.get(overview).content.decode()
    assert "every 24 hours · departments only: people stay as they are" in told
    idp.sync_users = True
    idp.save()
    assert "departments only" not in listing(console)
    told = console.get(overview).content.decode()
    assert "every 24 hours · departments and people" in told


def test_an_idp_without_automatic_synchronization_waits_for_somebody(
    console: Client,
) -> None:
    """S116"""
    builders.idp("Hangzhou", auto_sync=False, sync_users=False)
    assert "by hand" in listing(console)


def test_synchronize_now_is_a_post_and_rests_while_one_runs(console: Client) -> None:
    """S116"""
    idp = builders.idp("Hangzhou")
    form = listing(console).split('method="post">')
    assert any("Synchronize now" in part for part in form)
    builders.run(idp, SyncRun.State.RUNNING)
    page = listing(console)
    button = page[: page.index("Synchronize now")].rpartition("<button")[2]
    assert "disabled" in button


def test_a_running_synchronization_shows_how_far_it_is(console: Client) -> None:
    """U20"""
    idp = builders.idp("Hangzhou")
    builders.run(
        idp,
        SyncRun.State.RUNNING,
        stage=SyncRun.Stage.FETCH,
        departments_seen=40,
        departments_read=20,
    )
    assert "40 %" in listing(console)


def test_the_list_asks_the_same_number_of_queries_whatever_is_in_it(
    console: Client, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    def fill(number: int) -> None:
        idp = builders.idp(f"IdP-{number}")
        for userid in range(number + 2):
            builders.employee(idp, str(userid))
        for _ in range(number + 1):
            builders.run(idp)

    fill(0)
    with django_assert_max_num_queries(8) as first:
        listing(console)
    for number in range(1, 5):
        fill(number)
    with django_assert_num_queries(len(first.captured_queries)):
        listing(console)


@pytest.fixture
def idp(db: None) -> IdentityProvider:
    idp = builders.idp(
        "Hangzhou",
        description="DingTalk Logon",
        settings={
            "corp_id": "ding3608be7c4e5266ce4ac5d6980864",
            "app_key": "dingwjlht8b93ara",
            "dingtalk_type": "dedicated",
        },
    )
    idp.set_secret("app_secret", SECRET)
    return idp


def test_the_overview_shows_facts_and_never_a_secret(
    console: Client, idp: IdentityProvider
) -> None:
    """U11: secrets only as "set on"."""
    page = overview(console, idp)
    for words in (
        "ding3608be7c4e5266ce4ac5d6980864",
        "dingwjlht8b93ara",
        "Dedicated DingTalk",
        "AppSecret",
        "set on",
        "not set",
    ):
        assert words in page
    assert SECRET not in page
    assert idp.secrets.get().sealed not in page


def test_the_overview_offers_the_three_values_to_copy(
    console: Client, idp: IdentityProvider
) -> None:
    """S089, S090, S091"""
    page = overview(console, idp)
    assert f"http://localhost:8000/events/dingtalk/{idp.pk}/" in page
    assert "http://localhost:8000/ui/dingAuth/" in page
    assert "http://localhost:8000/open-dev/dingtalk" in page
    assert page.count("data-copy=") == 3


def test_the_overview_warns_of_closing_and_says_when_it_is_closed(
    console: Client, idp: IdentityProvider
) -> None:
    """S092"""
    warning = "end users cannot access internal applications through the SASE App"
    assert warning in overview(console, idp)
    IdentityProvider.objects.update(status="closed")
    page = overview(console, idp)
    assert "This IdP is closed" in page
    assert warning not in page


def test_the_overview_tells_how_the_last_test_ended(
    console: Client, idp: IdentityProvider
) -> None:
    """S125"""
    assert "never run" in overview(console, idp)
    ConnectionReport.objects.create(
        idp=idp, fingerprint="x", passed=False, finished_at=timezone.now()
    )
    assert "Connection Failed" in overview(console, idp)


def test_staff_reads_the_overview_without_the_ways_to_change(
    staff_console: Client, idp: IdentityProvider
) -> None:
    page = overview(staff_console, idp)
    assert "Hangzhou" in page
    assert "/setup/" not in page
    assert "/edit/" not in page
    assert "Synchronize now" not in page


def test_a_draft_goes_on_where_it_was_left(
    console: Client, staff_console: Client
) -> None:
    """U05"""
    draft = builders.idp("", draft=True)
    response = console.get(f"/identity/{draft.pk}/")
    assert response.status_code == 302
    assert response["Location"] == f"/identity/{draft.pk}/setup/basic/"
    assert staff_console.get(f"/identity/{draft.pk}/").status_code == 200


def test_an_unknown_idp_is_not_found(console: Client) -> None:
    assert console.get(f"/identity/{uuid4()}/").status_code == 404
    assert console.get("/identity/not-an-id/").status_code == 404


def test_looking_leaves_no_trace(console: Client, idp: IdentityProvider) -> None:
    overview(console, idp)
    listing(console)
    assert AuditEvent.objects.count() == 0
