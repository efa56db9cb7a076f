"""Show as file: the page, the download, and who may see them."""

import html
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from identity.connection import connector_for
from identity.models import IdentityProvider, User
from tests.identity.conftest import words
from tests.plugins.browser import LiveConsole
from tests.plugins.files import Folder, run

CANARIES = {
    "app_secret": "canary-secret-0123456789",
    "aes_key": "canaryAesKey0123456789012345678901234567890",
    "token": "canary-token",
}


@pytest.fixture
def full(idp: IdentityProvider) -> IdentityProvider:
    """An IdP with every secret set."""
    for name, value in CANARIES.items():
        idp.set_secret(name, value)
    assert connector_for(idp).credentials.items() >= CANARIES.items()
    return idp


def path(idp: IdentityProvider, name: str = "file") -> str:
    return reverse(f"identity:{name}", args=[idp.pk])


def test_U15_the_overview_leads_to_the_file_with_what_to_do_with_it(
    console: Client, full: IdentityProvider
) -> None:
    overview = words(console.get(reverse("console:overview", args=[full.pk])))
    shown = words(console.get(path(full)))
    assert f'href="{path(full)}"' in overview
    assert "Show as file" in overview
    for text in (
        "app_secret = &quot;env:DINGTALK_APP_SECRET&quot;",
        "<code>DINGTALK_TOKEN</code>",
        "manage.py idp apply idp-Example.toml --dry-run",
    ):
        assert text in shown


def test_U15_the_downloaded_text_parses_and_applies(
    console: Client, idp: IdentityProvider, folder: Folder
) -> None:
    response = console.get(path(idp, "file-download"))
    assert response.headers["Content-Type"] == "application/toml; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="idp-Example.toml"'
    )
    assert tomllib.loads(words(response))["id"] == str(idp.pk)
    assert folder.text(response.content).output == "Example: nothing to change.\n"


def test_U15_page_download_and_command_give_the_same_text(
    console: Client, full: IdentityProvider
) -> None:
    label = {"name": "研发 <&> \"R&D\" 'x'", "path": []}
    IdentityProvider.objects.update(
        name="总部",
        description="Logon & <b>'登录'</b> \"\\",
        scope="partial",
        departments=["5"],
        department_labels={"5": label},
    )
    shown = words(console.get(path(full))).split('id="file-text"')[1]
    on_page = html.unescape(shown.partition(">")[2].partition("</pre>")[0])
    exported = run("export", "总部").output
    assert on_page == exported
    assert words(console.get(path(full, "file-download"))) == exported


def test_a_chinese_name_is_the_files_name_too(
    console: Client, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(name="总部")
    header = console.get(path(idp, "file-download")).headers["Content-Disposition"]
    assert header == "attachment; filename*=utf-8''idp-%E6%80%BB%E9%83%A8.toml"


@pytest.mark.parametrize("name", ["file", "file-download"])
def test_P6_no_secret_leaves_with_the_file(
    console: Client, full: IdentityProvider, name: str
) -> None:
    """T-34: neither the values nor their beginnings."""
    shown = words(console.get(path(full, name)))
    assert "canary" not in shown
    for row in full.secrets.all():
        assert row.sealed not in shown
        assert row.fingerprint not in shown


@pytest.mark.parametrize("name", ["file", "file-download"])
def test_only_administrators_see_it(
    client: Client, staff_console: Client, idp: IdentityProvider, name: str
) -> None:
    overview = words(staff_console.get(reverse("console:overview", args=[idp.pk])))
    assert staff_console.get(path(idp, name)).status_code == 403
    assert client.get(path(idp, name)).status_code == 302
    assert path(idp) not in overview


def test_what_a_vendor_named_is_text_and_no_markup(
    console: Client, idp: IdentityProvider
) -> None:
    label = {"name": "<script>x</script>", "path": []}
    IdentityProvider.objects.update(
        scope="partial", departments=["5"], department_labels={"5": label}
    )
    shown = words(console.get(path(idp)))
    assert "&lt;script&gt;x&lt;/script&gt;" in shown
    assert "<script>x" not in shown


def test_a_draft_without_values_has_a_file_too(
    console: Client, draft: IdentityProvider
) -> None:
    assert "No secret is set yet." in words(console.get(path(draft)))
    header = console.get(path(draft, "file-download")).headers["Content-Disposition"]
    assert str(draft.pk) in header


# --- in a browser ---


@pytest.mark.alone
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_text_can_be_copied(live_console: LiveConsole, full: Any) -> None:
    context = live_console.page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = live_console.open(path(full))
    page.get_by_role("button", name="Copy the file").click()
    expect(page.locator("[data-copy-label]")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert tomllib.loads(copied)["name"] == "Example"


@pytest.mark.alone
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_U44_axe_finds_nothing_and_no_phone_scrolls_sideways(
    live_console: LiveConsole,
    full: IdentityProvider,
    axe: Callable[[Page], None],
    theme: str,
) -> None:
    User.objects.update(theme=theme)
    IdentityProvider.objects.update(name="A" * 100, description="W" * 100)
    axe(live_console.open(path(full)))
    for width in (390, 320):
        live_console.page.set_viewport_size({"width": width, "height": 700})
        for address in (path(full), reverse("console:overview", args=[full.pk])):
            page = live_console.open(address)
            wide = page.evaluate(
                "document.documentElement.scrollWidth - "
                "document.documentElement.clientWidth"
            )
            assert wide == 0, (address, width)
