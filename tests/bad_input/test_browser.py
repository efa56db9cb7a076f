"""Errors as people meet them: the summary first, then the field, and nothing lost."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from identity.models import IdentityProvider, User
from tests.plugins.browser import SETTLED, LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
SECRET = "1Uji1mEjhmWq_SmE0KNS****"


def forgive(complaints: list[str]) -> None:
    """The browser complains of each 422, which is meant here, and of nothing else."""
    assert [said for said in complaints if "422" not in said] == []
    complaints.clear()


def fill_badly(page: Page) -> None:
    """One wrong value in each kind of field."""
    page.fill("#id_name", "a b")
    page.fill("#id_description", "Logon\u200b")
    page.fill("#id_corp_id", "ding3608be7c4e****")
    page.fill("#id_app_secret", SECRET)
    page.fill("#id_sync_interval_hours", "25")
    page.press("#id_name", "Enter")


def is_wide(page: Page) -> int:
    wide: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_wrong_is_read_first_and_stands_at_each_field(
    live_console: LiveConsole,
    idp: IdentityProvider,
    axe: Callable[[Page], None],
    complaints: list[str],
    theme: str,
) -> None:
    """I-01, I-02, I-04, I-06, I-12; WCAG 3.3.1: a text, an id, a secret, a number."""
    User.objects.update(theme=theme)
    page = live_console.open(f"/identity/{idp.pk}/edit/")
    fill_badly(page)
    expect(page.locator("#problems")).to_be_focused()
    expect(page.locator("#problems li")).to_have_count(5)
    for name, kept in (
        ("name", "a b"),
        ("description", "Logon\u200b"),
        ("corp_id", "ding3608be7c4e****"),
        ("app_secret", ""),
        ("sync_interval_hours", "25"),
    ):
        field = page.locator(f"#id_{name}")
        expect(field).to_have_value(kept)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#id_{name}_error")).to_be_visible()
    page.locator("#problems a").first.click()
    expect(page.locator("#id_name")).to_be_focused()
    axe(page)
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate(SETTLED)
    assert is_wide(page) == 0
    forgive(complaints)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_wrong_with_the_settings_is_said_at_the_choice(
    live_console: LiveConsole,
    idp: IdentityProvider,
    axe: Callable[[Page], None],
    complaints: list[str],
    theme: str,
) -> None:
    """I-13: nobody is chosen; I-15: a custom field without a plain name."""
    User.objects.update(theme=theme)
    idp.mapping = [
        {"target": "name", "sources": ["name"]},
        {"target": "attributes.Desk", "sources": ["extension.Desk"]},
    ]
    idp.save()
    page = live_console.open(f"/identity/{idp.pk}/setup/sync/")
    page.get_by_text("Partially Synchronize").click()
    page.fill("#id_custom_1", "1st desk")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#problems")).to_be_focused()
    expect(page.locator("#id_departments_error")).to_be_visible()
    expect(page.locator("#id_custom_1")).to_have_value("1st desk")
    expect(page.locator("#id_custom_1_error")).to_be_visible()
    page.locator("#problems a").first.click()
    expect(page.locator("#id_departments")).to_be_focused()
    axe(page)
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate(SETTLED)
    assert is_wide(page) == 0
    forgive(complaints)


def test_the_logon_and_the_settings_say_what_is_wrong_in_place(
    live_console: LiveConsole, axe: Callable[[Page], None], complaints: list[str]
) -> None:
    page = live_console.open("/settings/")
    page.fill("#id_name", "Acme\u202e")
    page.locator("#id_name").press("Enter")
    expect(page.locator("#problems")).to_be_focused()
    expect(page.locator("#id_name_error")).to_be_visible()
    axe(page)
    page.context.clear_cookies()
    live_console.open("/accounts/login/")
    page.locator("form[method=post] [name=username]").evaluate(
        "field => { field.form.noValidate = true; field.form.requestSubmit(); }"
    )
    expect(page.locator("#id_username_error")).to_have_text(
        "The user name is empty. Enter it."
    )
    expect(page.locator("#id_username")).to_be_focused()
    axe(page)
    forgive(complaints)
