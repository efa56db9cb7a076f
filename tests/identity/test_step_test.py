"""The wizard's second step: the connectivity test and what follows from it."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import ConnectionReport, IdentityProvider
from tests.identity.conftest import page, words

WRONG = "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR-bn4FbfeVQQKNr1_1giWAabcd"


def test_S123_S124_a_pass_opens_the_way_on(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    response = console.post(page(draft, "basic"), typed, follow=True)
    shown = words(response)
    assert response.redirect_chain == [(page(draft, "test"), 302)]
    assert "passed" in shown
    assert "Connection Failed" not in shown
    assert f'href="{page(draft, "sync")}">Next' in shown
    assert console.get(page(draft, "sync")).status_code == 200


def test_S125_A3_a_failure_says_the_sentence_of_the_guide_and_the_real_cause(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    sent = typed | {"app_secret": WRONG}
    shown = words(console.post(page(draft, "basic"), sent, follow=True))
    assert "Connection Failed" in shown
    assert "verify that the server address and server port are correct" in shown
    assert "DingTalk does not accept AppKey and AppSecret" in shown
    assert "passed" not in shown
    assert 'id="next" disabled' in shown
    assert WRONG not in shown


def test_S124_without_a_pass_there_is_no_way_on(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    sent = typed | {"app_secret": WRONG}
    console.post(page(draft, "basic"), sent)
    for response in (
        console.get(page(draft, "sync")),
        console.post(page(draft, "sync"), {"scope": "all"}),
    ):
        assert response.headers["Location"] == page(draft, "test")
    draft.refresh_from_db()
    assert draft.is_draft


def test_U07_a_changed_value_makes_the_pass_stale(
    console: Client,
    tested: IdentityProvider,
    typed: dict[str, Any],
    simulator: Simulator,
) -> None:
    sent = typed | {"corp_id": "ding12345", "name": "a b"}
    console.post(page(tested, "basic"), sent)
    shown = words(console.get(page(tested, "basic")))
    assert 'value="ding12345"' in shown
    console.post(page(tested, "basic"), {**sent, "name": "test", "next": "leave"})
    shown = words(console.get(page(tested, "test")))
    assert "Changed since the test" in shown
    assert 'id="next" disabled' in shown
    assert "passed" not in shown
    assert console.get(page(tested, "sync")).headers["Location"] == page(tested, "test")


def test_a_value_that_the_test_does_not_vouch_for_leaves_the_pass_alone(
    console: Client, tested: IdentityProvider, typed: dict[str, Any]
) -> None:
    console.post(
        page(tested, "basic"),
        typed | {"description": "Another title", "next": "leave"},
    )
    assert "passed" in words(console.get(page(tested, "test")))


def test_a_get_shows_the_present_result_and_tests_nothing(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    before = sum(simulator.calls.values())
    assert "passed" in words(console.get(page(tested, "test")))
    assert sum(simulator.calls.values()) == before
    assert ConnectionReport.objects.count() == 1


def test_U06_a_row_says_its_cause_without_being_opened(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    """Skipped rows and warnings; a failed one is open anyway, and stands first."""
    simulator.permissions.discard("fieldMobile")
    simulator.permissions.discard("qyapi_get_member")
    shown = words(console.post(page(tested, "test"), follow=True))
    closed = re.findall(r"<summary>.*?</summary>", shown, re.DOTALL)
    assert any("checked at first logon" in row for row in closed)
    assert any("Probably missing: of" in row for row in closed)
    assert shown.index("What failed") < shown.index("Legacy API — ")


def test_U06_the_report_as_text_holds_every_row_and_no_secret(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    sent = typed | {"app_secret": WRONG}
    shown = words(console.post(page(draft, "basic"), sent, follow=True))
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", shown, re.DOTALL)
    assert found is not None
    report = found.group(1)
    assert "test · Connectivity Test · " in report
    assert "[Failed] Credentials: AppKey and AppSecret" in report
    assert "DingTalk does not accept AppKey and AppSecret" in report
    assert report.count("[Not run]") == 10
    assert WRONG not in report


def test_running_again_finds_what_changed_in_dingtalk(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    simulator.permissions.discard("qyapi_get_department_list")
    shown = words(console.post(page(tested, "test"), follow=True))
    assert "Connection Failed" in shown
    assert "qyapi_get_department_list" in shown
    assert ConnectionReport.objects.count() == 2
    assert console.get(page(tested, "sync")).status_code == 302


def test_a_warning_does_not_stand_in_the_way_and_says_so(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    simulator.permissions.discard("fieldMobile")
    shown = words(console.post(page(tested, "test"), follow=True))
    assert "passed" in shown
    assert "1 warning does not stand in the way" in shown
    assert console.get(page(tested, "sync")).status_code == 200


def test_the_test_is_not_entered_before_the_values_are_there(
    console: Client, draft: IdentityProvider
) -> None:
    for response in (
        console.get(page(draft, "test")),
        console.post(page(draft, "test")),
    ):
        assert response.headers["Location"] == page(draft, "basic")
    assert not ConnectionReport.objects.exists()


def test_a_test_that_was_interrupted_says_so_and_can_be_run_again(
    console: Client, tested: IdentityProvider
) -> None:
    tested.reports.all().delete()
    long_ago = timezone.now() - timedelta(minutes=5)
    tested.reports.create(fingerprint="x", started_at=long_ago)
    assert "The test was interrupted" in words(console.get(page(tested, "test")))
    assert "passed" in words(console.post(page(tested, "test"), follow=True))


def test_a_test_that_runs_is_not_started_twice(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    tested.reports.create(fingerprint=tested.credentials_fingerprint())
    before = sum(simulator.calls.values())
    shown = words(console.post(page(tested, "test"), follow=True))
    assert "Testing the connection" in shown
    assert sum(simulator.calls.values()) == before


def test_the_page_asks_again_while_the_test_runs_and_stops_with_286(
    console: Client, tested: IdentityProvider
) -> None:
    htmx = {"HX-Request": "true"}
    ended = console.get(page(tested, "test"), headers=htmx)
    assert ended.status_code == 286
    assert "<html" not in words(ended)
    tested.reports.create(fingerprint=tested.credentials_fingerprint())
    running = console.get(page(tested, "test"), headers=htmx)
    assert running.status_code == 200
    assert 'hx-trigger="every 1s"' in words(running)


@pytest.mark.django_db(transaction=True)
def test_a_page_with_script_watches_the_test_grow(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    """`live` makes the test run in a thread; the answer does not wait for it."""
    response = console.post(page(draft, "basic"), typed | {"live": "1"})
    assert response.headers["Location"] == page(draft, "test")
    for _turn in range(100):
        polled = console.get(page(draft, "test"), headers={"HX-Request": "true"})
        if polled.status_code == 286:
            break
        time.sleep(0.05)
    assert polled.status_code == 286
    assert "passed" in words(polled)


@pytest.mark.django_db(transaction=True)
def test_the_rows_of_a_watched_test_are_in_the_language_of_who_asked(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    """U43: the thread would begin in English."""
    chinese = {"accept-language": "zh-hans"}
    console.post(page(draft, "basic"), typed | {"live": "1"}, headers=chinese)
    for _turn in range(100):
        report = ConnectionReport.objects.get(idp=draft)
        if report.finished_at:
            break
        time.sleep(0.05)
    assert "钉钉接受 AppKey 和 AppSecret，并返回访问凭证。" in [
        row["proves"] for row in report.checks
    ]


def test_a_secret_whose_key_was_lost_is_an_honest_message(
    console: Client, tested: IdentityProvider, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = ["another key"]
    shown = words(console.post(page(tested, "test"), follow=True))
    assert "ENCRYPTION_KEYS" in shown
    assert console.get(page(tested, "test")).status_code == 200
    assert console.get(page(tested, "sync")).status_code == 302
