"""Language and theme: kept in the browser and with the account."""

import pytest
from django.test import Client

from identity.models import User


def test_a_theme_is_kept_with_the_account_and_in_the_browser(
    staff_console: Client, staff: User
) -> None:
    """U42"""
    response = staff_console.post(
        "/choices/theme/", {"theme": "dark", "next": "/identity/"}
    )
    assert response["Location"] == "/identity/"
    staff.refresh_from_db()
    assert staff.theme == "dark"
    assert staff_console.cookies["sasebridge_theme"].value == "dark"
    page = staff_console.get("/identity/").content.decode()
    assert '<html lang="en" data-theme="dark" data-bs-theme="dark">' in page


def test_as_the_system_leaves_the_choice_to_the_browser(staff_console: Client) -> None:
    """U42"""
    page = staff_console.get("/").content.decode()
    assert '<html lang="en" data-theme="system">' in page


def test_a_visitors_theme_holds_on_the_logon_page(client: Client, db: None) -> None:
    client.post("/choices/theme/", {"theme": "light", "next": "/accounts/login/"})
    page = client.get("/accounts/login/").content.decode()
    assert 'data-bs-theme="light"' in page


def test_a_forged_cookie_is_not_believed(client: Client, db: None) -> None:
    client.cookies["sasebridge_theme"] = '"><script>'
    page = client.get("/accounts/login/").content.decode()
    assert 'data-theme="system"' in page


@pytest.mark.parametrize("theme", ["", "pink", "dark "])
def test_an_unknown_theme_is_refused(staff_console: Client, theme: str) -> None:
    response = staff_console.post("/choices/theme/", {"theme": theme})
    assert response.status_code == 400


@pytest.mark.parametrize("address", ["/choices/theme/", "/choices/language/"])
def test_choices_take_posts_only(staff_console: Client, address: str) -> None:
    assert staff_console.get(address).status_code == 405


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example"])
def test_a_choice_never_leads_to_another_site(staff_console: Client, away: str) -> None:
    theme = staff_console.post("/choices/theme/", {"theme": "dark", "next": away})
    assert theme["Location"] == "/"
    language = staff_console.post(
        "/choices/language/", {"language": "en", "next": away}
    )
    assert language["Location"] == "/"


def test_the_language_changes_in_place_and_is_remembered(
    staff_console: Client, staff: User
) -> None:
    """U43"""
    response = staff_console.post(
        "/choices/language/", {"language": "zh-hans", "next": "/settings/"}
    )
    assert response["Location"] == "/settings/"
    staff.refresh_from_db()
    assert staff.language == "zh-hans"
    assert '<html lang="zh-Hans"' in staff_console.get("/settings/").content.decode()


def test_an_unknown_language_changes_nothing(
    staff_console: Client, staff: User
) -> None:
    staff_console.post("/choices/language/", {"language": "xx"})
    staff.refresh_from_db()
    assert staff.language == ""
    assert '<html lang="en"' in staff_console.get("/settings/").content.decode()
