"""Drafts, Edit Identity Source and deletion in a real browser (U05, U07, U12, U13)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Dialog, Page, Request, Route, expect

from identity.models import AuditEvent, IdentityProvider, User
from tests import builders
from tests.identity.conftest import page as address
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVE = "**/setup/basic/save/"


def edit_of(idp: IdentityProvider) -> str:
    return reverse("identity:edit", args=[idp.pk])


def delete_of(idp: IdentityProvider) -> str:
    return reverse("console:delete", args=[idp.pk])


@pytest.fixture
def closed(idp: IdentityProvider) -> IdentityProvider:
    builders.company(idp, people=12, departments=3)
    idp.status = "closed"
    idp.save()
    return idp


@pytest.fixture
def warned(live_console: LiveConsole) -> list[str]:
    """What the browser asked before leaving a page; it is told to leave."""
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    live_console.page.on("dialog", leave)
    return asked


@contextmanager
def stored(page: Page) -> Iterator[None]:
    """Until the page itself has taken in that the fields left in the block are stored."""
    version = page.locator("#version")
    before = version.input_value()
    yield
    expect(version).not_to_have_value(before)


# --- a draft is stored as it is typed ---


def test_U05_what_was_typed_is_there_after_the_tab_was_closed(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    page.fill("#id_name", "Hangzhou")
    page.fill("#id_app_secret", "a-secret-0123456789")
    page.focus("#id_corp_id")
    expect(page.locator("#id_app_secret-hint")).to_contain_text("Set on")
    page.close()
    again = live_console.page.context.new_page()
    again.goto(live_console.url + address(draft, "basic"))
    expect(again.locator("#id_name")).to_have_value("Hangzhou")
    expect(again.locator("#id_app_secret")).to_have_value("")
    expect(again.locator("#id_app_secret-hint")).to_contain_text("Set on")
    again.close()


def test_U05_what_cannot_be_stored_is_named_beside_the_time(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    page.fill("#id_name", "two words")
    page.fill("#id_corp_id", "ding12345")
    page.focus("#id_app_key")
    saved = page.locator(".sb-saved")
    expect(saved).to_contain_text("Not saved: IdP Name")
    page.fill("#id_name", "Hangzhou")
    page.focus("#id_app_key")
    expect(saved).not_to_contain_text("Not saved")
    expect(page.locator("#id_app_key")).to_be_focused()


def test_U05_a_field_that_could_not_be_stored_says_so_where_the_time_stood(
    live_console: LiveConsole, draft: IdentityProvider, complaints: list[str]
) -> None:
    page = live_console.open(address(draft, "basic"))
    saved = page.locator(".sb-saved")
    expect(saved).to_contain_text("Saved")
    draft.delete()  # a colleague discarded it
    page.fill("#id_description", "Logon")
    page.focus("#id_corp_id")
    expect(saved).to_have_text("Not saved. Reload the page to see what is stored.")
    complaints.clear()  # the browser's own line about the 404


def test_I85_what_a_colleague_stored_survives_a_page_opened_before(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    draft.description = "theirs"
    draft.save()
    for name in ("Hangzhou", "Shanghai"):
        page.fill("#id_name", name)
        page.focus("#id_description")
        saved = page.locator(".sb-saved")
        expect(saved).to_contain_text("and kept: Description. Reload")
    page.get_by_role("link", name="Reload").click()
    expect(page.locator("#id_description")).to_have_value("theirs")
    expect(page.locator("#id_name")).to_have_value("Shanghai")


def test_I85_back_shows_what_is_stored_and_not_what_was_chosen_before(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    saved = page.locator(".sb-saved")
    with stored(page):
        page.fill("#id_sync_interval_hours", "5")
        page.get_by_role("radio", name="Closed").check()
    page.goto(live_console.url + "/identity/")
    IdentityProvider.objects.update(sync_interval_hours=9, status="enabled")
    page.go_back()
    expect(page.locator("#id_sync_interval_hours")).to_have_value("9")
    expect(page.get_by_role("radio", name="Enabled")).to_be_checked()
    with stored(page):
        page.fill("#id_name", "Hangzhou")
        page.focus("#id_description")
    expect(saved).to_contain_text("Saved")
    draft.refresh_from_db()
    assert (draft.name, draft.sync_interval_hours) == ("Hangzhou", 9)
    assert draft.status == "enabled"


def test_I85_ones_own_last_word_stands_after_an_answer_was_lost(
    live_console: LiveConsole, draft: IdentityProvider, complaints: list[str]
) -> None:
    """Stored, the answer lost; put back: nobody else had a part in it."""
    page = live_console.open(address(draft, "basic"))
    before, saved = draft.description, page.locator(".sb-saved")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(SAVE, lose)
    page.fill("#id_description", "oops")
    page.focus("#id_name")
    expect(saved).to_contain_text("Not saved. Reload")
    page.unroute(SAVE)
    complaints.clear()  # the browser's own line about the lost answer
    draft.refresh_from_db()
    assert draft.description == "oops"
    page.fill("#id_description", before)
    page.focus("#id_name")
    expect(saved).to_contain_text("Saved")
    draft.refresh_from_db()
    assert draft.description == before
    expect(saved).not_to_contain_text("kept")
    IdentityProvider.objects.update(description="theirs")
    page.fill("#id_name", "Hangzhou")
    page.focus("#id_description")
    expect(saved).to_contain_text("and kept: Description")


def test_I85_the_form_is_sent_after_the_field_that_is_under_way(
    live_console: LiveConsole, draft: IdentityProvider
) -> None:
    page = live_console.open(address(draft, "basic"))
    under_way: list[Route] = []
    order: list[str] = []

    def hold(route: Route) -> None:
        if under_way:
            route.continue_()
        else:
            under_way.append(route)

    def note(request: Request) -> None:
        if request.is_navigation_request() and request.method == "POST":
            order.append("form sent")

    page.route(SAVE, hold)
    page.on("request", note)
    page.on("response", lambda _answer: order.append("answered"))
    with page.expect_request(SAVE):
        page.fill("#id_description", "oops")
        page.focus("#id_name")
    while not under_way:  # the request is told of before it is held
        page.wait_for_timeout(10)
    answer = under_way[0].fetch()
    page.fill("#id_description", "")
    page.get_by_role("button", name="Save and leave").click()
    under_way[0].fulfill(response=answer)
    page.wait_for_url("**/identity/")
    assert order[0] == "answered"
    assert "form sent" in order
    expect(page.locator("#messages")).not_to_contain_text("kept")
    draft.refresh_from_db()
    assert draft.description == ""


def test_U13_leaving_a_stored_draft_asks_nothing(
    live_console: LiveConsole, draft: IdentityProvider, warned: list[str]
) -> None:
    page = live_console.open(address(draft, "basic"))
    page.fill("#id_name", "Hangzhou")
    with stored(page):
        page.focus("#id_corp_id")
    page.goto(live_console.url + "/identity/")
    assert warned == []


# --- Edit marks what changes ---


@pytest.mark.alone
def test_U12_changes_are_marked_and_counted_as_they_are_typed(
    live_console: LiveConsole, idp: IdentityProvider
) -> None:
    page = live_console.open(edit_of(idp))
    bar, save = page.locator("[data-changes]"), page.locator("[data-save]")
    expect(bar).to_have_text("No changes")
    page.fill("#id_name", "Renamed")
    expect(page.get_by_text("was Example")).to_be_visible()
    expect(bar).to_have_text("1 change")
    expect(save).to_have_text("Save")
    page.uncheck("#id_auto_sync")
    expect(bar).to_have_text("3 changes")  # people go off with the cycle
    page.fill("#id_app_secret", "another-secret-01")
    expect(page.get_by_text("will be replaced")).to_be_visible()
    expect(save).to_have_text("Test and save")
    page.fill("#id_name", "Example")
    page.fill("#id_app_secret", "")
    expect(page.get_by_text("was Example")).to_be_hidden()
    expect(save).to_have_text("Save")
    expect(bar).to_have_text("2 changes")


def test_U12_back_to_edit_shows_what_is_stored_and_no_changes(
    live_console: LiveConsole, idp: IdentityProvider, warned: list[str]
) -> None:
    page = live_console.open(edit_of(idp))
    page.fill("#id_sync_interval_hours", "5")
    page.goto(live_console.url + "/identity/")
    assert warned == ["beforeunload"]
    page.go_back()
    expect(page.locator("#id_sync_interval_hours")).to_have_value("24")
    expect(page.locator("[data-changes]")).to_have_text("No changes")


def test_U13_leaving_with_changes_asks_and_discarding_or_saving_does_not(
    live_console: LiveConsole, idp: IdentityProvider, warned: list[str]
) -> None:
    page = live_console.open(edit_of(idp))
    page.fill("#id_name", "Renamed")
    page.get_by_role("link", name="Synchronization Settings").click()
    page.wait_for_url("**/setup/sync/")
    assert warned == ["beforeunload"]
    page.goto(live_console.url + edit_of(idp))
    page.fill("#id_name", "Renamed")
    page.get_by_role("link", name="Discard").click()
    page.wait_for_url(f"**/identity/{idp.pk}/")
    page.goto(live_console.url + edit_of(idp))
    page.fill("#id_name", "Renamed")
    page.locator("[data-save]").click()
    page.wait_for_url(f"**/identity/{idp.pk}/")
    assert warned == ["beforeunload"]
    idp.refresh_from_db()
    assert idp.name == "Renamed"


def test_S092_closing_is_warned_of_counted_and_confirmed(
    live_console: LiveConsole, idp: IdentityProvider
) -> None:
    builders.company(idp, people=12, departments=3)
    page = live_console.open(edit_of(idp))
    confirmation = page.get_by_label("Type Example to close it")
    expect(confirmation).to_be_hidden()
    page.get_by_role("link", name="Choose Closed").click()
    page.get_by_role("radio", name="Closed").check()
    warning = page.locator("#status-closed")
    expect(warning).to_contain_text("12 active employees")
    confirmation.fill("Example")
    page.locator("[data-save]").click()
    expect(page.get_by_text("This IdP is closed")).to_be_visible()


def test_U51_an_idp_is_deleted_by_keys_alone(
    live_console: LiveConsole, closed: IdentityProvider, complaints: list[str]
) -> None:
    page = live_console.open(delete_of(closed))
    page.focus("#id_typed")
    page.keyboard.type("Exampl")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not the name of this IdP")).to_be_visible()
    expect(page.locator("#id_typed")).to_have_value("Exampl")
    complaints.clear()  # the status 422 of a form with an error
    page.focus("#id_typed")
    page.keyboard.press("End")
    page.keyboard.type("e")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Example was deleted.")).to_be_visible()
    assert not IdentityProvider.objects.exists()


# --- everywhere ---


@pytest.mark.alone
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(
    live_console: LiveConsole,
    closed: IdentityProvider,
    axe: Callable[[Page], None],
    complaints: list[str],
    theme: str,
) -> None:
    User.objects.update(theme=theme)
    draft = IdentityProvider.objects.create(kind="dingtalk")
    axe(live_console.open("/identity/"))
    axe(live_console.open(reverse("identity:discard", args=[draft.pk])))
    axe(live_console.open(delete_of(closed)))
    page = live_console.page
    page.fill("#id_typed", "x")
    page.get_by_role("button", name="Delete this IdP").click()
    expect(page.get_by_text("This is not the name of this IdP")).to_be_visible()
    axe(page)
    IdentityProvider.objects.filter(pk=closed.pk).update(status="enabled")
    axe(live_console.open(delete_of(closed)))
    live_console.open(edit_of(closed))
    IdentityProvider.objects.filter(pk=closed.pk).update(description="Theirs")
    page.fill("#id_name", "Renamed")
    page.fill("#id_app_secret", "another-secret-01")
    page.get_by_role("radio", name="Closed").check()
    axe(page)
    page.fill("#id_app_secret", "")
    page.fill("#id_description", "Mine")
    page.locator("[data-save]").click()
    expect(page.get_by_text("Somebody else saved this IdP meanwhile")).to_be_visible()
    axe(page)
    page.locator("[data-save]").click()
    expect(page.get_by_text("1 value needs your attention")).to_be_visible()
    axe(page)
    assert [
        said for said in complaints if "422" not in said and "409" not in said
    ] == []
    complaints.clear()


@pytest.mark.alone
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_U44_no_page_scrolls_sideways(
    live_console: LiveConsole, closed: IdentityProvider, width: int
) -> None:
    draft = IdentityProvider.objects.create(kind="dingtalk")
    builders.idp("W" * 100, description="W" * 100)
    live_console.page.set_viewport_size({"width": width, "height": 700})
    for path in (
        "/identity/",
        "/identity/new/",
        "/",
        address(draft, "basic"),
        reverse("identity:discard", args=[draft.pk]),
        delete_of(closed),
        edit_of(closed),
        reverse("console:overview", args=[closed.pk]),
    ):
        page = live_console.open(path)
        wide = page.evaluate(
            "document.documentElement.scrollWidth - "
            "document.documentElement.clientWidth"
        )
        assert wide == 0, path


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser without script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_U46_closing_deleting_and_discarding_work_without_script(
    plain: Page,
    live_server: Client,
    administrator: User,
    idp: IdentityProvider,
) -> None:
    page, base = plain, str(live_server)
    draft = IdentityProvider.objects.create(kind="dingtalk")
    page.goto(base + edit_of(idp))
    page.fill("[name=username]", administrator.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.get_by_role("radio", name="Closed").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("it has to be confirmed").first).to_be_visible()
    expect(page.get_by_text("was Enabled")).to_be_visible()
    expect(page.get_by_text("1 change", exact=True)).to_be_visible()
    page.get_by_label("Type Example to close it").fill("Example")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Delete…").click()
    page.get_by_label("Type Example to confirm").fill("Example")
    page.get_by_role("button", name="Delete this IdP").click()
    expect(page.get_by_text("Example was deleted.")).to_be_visible()
    page.get_by_role("link", name="Discard DingTalk").click()
    page.get_by_role("button", name="Discard draft").click()
    expect(page.get_by_text("The draft was discarded.")).to_be_visible()
    assert not IdentityProvider.objects.filter(pk__in=[idp.pk, draft.pk]).exists()
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-4:] == [
        "idp.close",
        "idp.delete.begin",
        "idp.delete",
        "idp.discard",
    ]
