"""The parts that pages are built from: each in its states, in both themes."""

from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from playwright.sync_api import Page

from identity.connectors.records import CheckStatus
from identity.models import IdentityProvider
from sync.models import Employee, SyncRun
from tests.plugins.browser import LiveConsole

pytestmark = pytest.mark.alone

STATES = [
    *SyncRun.State.values,
    *IdentityProvider.Status.values,
    "draft",
    *Employee.Status.values,
    *CheckStatus,
]
STEPS = [
    SimpleNamespace(label="Basic Configurations", url="/1/", state="done"),
    SimpleNamespace(label="Connectivity Test", url="/2/", state="current"),
    SimpleNamespace(label="Synchronization Settings", url="", state="open"),
]
CHECK = SimpleNamespace(
    title="Token",
    status="fail",
    ms=31,
    cause="DingTalk does not know this AppKey <x>.",
    fix="Copy it again.",
    link="https://open-dev.dingtalk.com/",
    paste="203.0.113.7",
    asked="GET /gettoken",
    proves="AppKey and AppSecret",
)
MOMENT = datetime(2026, 11, 12, 10, 2, tzinfo=timezone.get_default_timezone())


def part(name: str, /, **values: Any) -> str:
    return render_to_string(f"parts/_{name}.html", values)


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_a_word_and_an_icon_and_a_colour(state: str) -> None:
    """U52"""
    pill = part("pill", state=state, label="In words")
    assert "In words" in pill
    assert "icons.svg#" in pill
    assert "data-tone=" in pill


@pytest.mark.parametrize(
    ("good", "bad"),
    [("success", "failed"), ("pass", "fail"), ("active", "left"), ("queued", "held")],
)
def test_good_and_bad_states_do_not_look_alike(good: str, bad: str) -> None:
    assert part("pill", state=good, label="x") != part("pill", state=bad, label="x")


def test_a_secret_shows_when_it_was_set_and_nothing_of_it() -> None:
    """U11, S106"""
    html = part(
        "secret",
        name="app_secret",
        id="id_app_secret",
        label="AppSecret",
        set_at=MOMENT,
        required=True,
        value="must never be looked at",
    )
    assert "Set on 12 Nov 2026, 10:02. Leave empty to keep it." in html
    assert "must never" not in html
    assert " value=" not in html
    assert 'type="password"' in html
    assert " required" not in html, "an empty field keeps the old value"


def test_a_secret_that_was_never_set_is_required() -> None:
    html = part("secret", name="s", id="s", label="AppSecret", required=True)
    assert " required" in html
    assert "Set on" not in html


def test_a_time_that_never_was_says_so() -> None:
    assert "never" in part("timeago", at=None, never="never")
    assert "–" in part("timeago", at=None)


def test_a_time_carries_the_exact_one() -> None:
    """U43: UTC on hover."""
    html = part("timeago", at=MOMENT)
    assert 'title="2026-11-12 10:02:00 (2026-11-12 02:02 UTC)"' in html


def test_done_steps_are_links_and_the_present_one_is_marked() -> None:
    """U04"""
    html = part("stepper", steps=STEPS)
    assert 'href="/1/"' in html
    assert 'href="/2/"' not in html
    assert html.count('aria-current="step"') == 1
    assert "Step 2 of 3: Connectivity Test" in html


def test_a_failed_check_is_open_and_says_cause_and_fix() -> None:
    """U06"""
    html = part("check", check=CHECK, id="paste-1", label="failed")
    assert "<details" in html
    assert " open>" in html
    assert "does not know this AppKey &lt;x&gt;." in html
    assert "Copy it again." in html
    assert 'data-copy="paste-1"' in html
    passed = SimpleNamespace(**vars(CHECK) | {"status": "pass"})
    assert " open>" not in part("check", check=passed, id="p", label="passed")


def test_progress_without_a_known_end_is_indeterminate() -> None:
    assert "value=" not in part("progress", value=3, max=0, label="Reading")
    known = part("progress", value=3, max=10, label="Reading")
    assert 'value="3" max="10"' in known


def test_an_error_is_an_alert_and_a_success_is_not() -> None:
    assert 'role="alert"' in part("notice", tone="bad", text="x")
    assert 'role="status"' in part("notice", tone="ok", text="x")


@pytest.fixture
def gallery() -> str:
    """Every part in its states, one below the other."""
    check = part("check", check=CHECK, id="paste-1", label="failed")
    secret = {"name": "s", "label": "AppSecret", "required": True}
    return "".join(
        [
            part("stepper", steps=STEPS),
            "<p>",
            *(part("pill", state=state, label=state) for state in STATES),
            "</p>",
            *(part("notice", tone=t, text="Words") for t in ("ok", "warn", "bad", "")),
            part("copy", label="Request URL", value="https://x" * 20, id="copy-1"),
            part("secret", id="s1", set_at=MOMENT, **secret),
            part("secret", id="s2", error="Too short.", **secret),
            f'<ul class="sb-checks card"><li>{check}</li></ul>',
            part("progress", value=3, max=10, label="Reading", text="3 of 10"),
            part("progress", value=0, max=0, label="Waiting"),
            part(
                "empty", title="Nothing", text="Yet.", action_url="/", action_label="Go"
            ),
            part("timeago", at=MOMENT),
        ]
    )


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_in_any_part(
    live_console: LiveConsole, gallery: str, axe: Callable[[Page], None], theme: Any
) -> None:
    live_console.page.emulate_media(color_scheme=theme)
    live_console.open("/settings/")
    axe(live_console.put(gallery))


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_part_is_wider_than_the_page(
    live_console: LiveConsole, gallery: str, width: int
) -> None:
    """U44"""
    live_console.page.set_viewport_size({"width": width, "height": 800})
    live_console.open("/settings/")
    page = live_console.put(gallery)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
