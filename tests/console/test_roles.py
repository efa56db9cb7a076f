"""Who may open which page of the frame, and what staff does not see."""

import pytest
from django.test import Client

from identity.models import User
from tests import builders

pytestmark = pytest.mark.alone

PAGES = ["/", "/identity/", "/settings/", "/running/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_visitor_is_sent_to_the_logon(client: Client, path: str, db: None) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("path", PAGES)
def test_an_employee_is_refused(
    client: Client, employee_account: User, path: str
) -> None:
    client.force_login(employee_account)
    response = client.get(path)
    assert response.status_code == 403
    assert "Your account may not do this" in response.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_staff_and_administrators_may_look(
    console: Client, staff_console: Client, path: str
) -> None:
    assert console.get(path).status_code in (200, 286)
    assert staff_console.get(path).status_code in (200, 286)


@pytest.mark.parametrize("path", ["/", "/identity/", "/running/"])
def test_pages_that_show_do_not_take_posts(console: Client, path: str) -> None:
    assert console.post(path).status_code == 405


def test_the_navigation_speaks_the_vendors_words(console: Client) -> None:
    """S082, S172"""
    page = console.get("/settings/").content.decode()
    for words in (
        "Dashboard",
        "Identity Authentication",
        "Identity Access",
        "Employee Center",
        "Logs",
        "Synchronization records",
        "Settings",
    ):
        assert words in page
    assert 'href="/admin/identity/user/"' in page


def test_staff_is_not_shown_what_it_may_not_use(staff_console: Client) -> None:
    """U35, page map: staff sees pages without the buttons."""
    idp = builders.idp("Hangzhou")
    for path in ("/", "/identity/", "/settings/"):
        page = staff_console.get(path).content.decode()
        assert "/admin/" not in page
        assert "Create IdP" not in page
        assert "Synchronize now" not in page
        assert f"/identity/{idp.pk}/setup/" not in page
    assert ">Save</button>" not in staff_console.get("/settings/").content.decode()


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/", "Dashboard"),
        ("/identity/", "Identity Access"),
        ("/settings/", "General"),
    ],
)
def test_the_navigation_says_where_one_is(
    console: Client, path: str, label: str
) -> None:
    page = console.get(path).content.decode()
    marked = [part for part in page.split("<a ") if 'aria-current="page"' in part]
    assert any(label in part.split("</a>")[0] for part in marked)
    inside_nav = page[page.index('id="sb-nav"') : page.index("<main")]
    assert inside_nav.count('aria-current="page"') == 1


def test_an_ended_session_reloads_the_page_that_htmx_works_in(
    client: Client, db: None
) -> None:
    """U49: no logon form in the middle of a page."""
    response = client.get("/running/", headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"
    assert response.content == b""


def test_an_employee_with_a_session_can_leave(
    client: Client, employee_account: User
) -> None:
    client.force_login(employee_account)
    refused = client.get("/").content.decode()
    assert ">Log off</button>" in refused
    assert "To the dashboard" not in refused
    assert client.get("/accounts/login/").status_code == 200
