"""The main job, end to end in a real browser: connect a company, sync it, browse it.

A real worker carries the sync out; DingTalk is the simulator behind the product's own
client. The page fixture fails a test that met a console error or a policy violation.
"""

from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import AuditEvent, IdentityProvider, User
from sync.models import Employee, SyncRun
from tests.engine.oracle import assert_equal
from tests.plugins.accounts import PASSWORD
from tests.plugins.browser import LiveConsole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("celery"),
]

TYPED = ("corp_id", "app_key", "app_secret")


def log_on(site: LiveConsole, account: User) -> Page:
    page = site.open("/")
    page.fill("[name=username]", account.username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log on").click()
    return page


def log_off(page: Page) -> None:
    page.locator("summary[aria-label^=Account]").click()
    page.get_by_role("button", name="Log off").click()
    expect(page.get_by_role("button", name="Log on")).to_be_visible()


def set_up(
    page: Page, credentials: dict[str, str], look: Callable[[Page], None]
) -> None:
    """From the empty dashboard to Confirm, with one wrong secret on the way."""
    page.get_by_role("link", name="Create IdP").first.click()
    expect(page.get_by_role("radio", name="DingTalk")).to_be_checked()
    look(page)
    page.get_by_role("button", name="Configure").click()
    look(page)
    page.fill("[name=name]", "Headquarters")
    page.fill("[name=description]", "DingTalk Logon")
    for name in TYPED:
        page.fill(f"[name={name}]", credentials[name])
    page.fill("[name=app_secret]", "wrong-secret-0001")
    page.get_by_role("button", name="Connectivity Test").click()
    expect(page.get_by_text("Connection Failed").first).to_be_visible()
    expect(page.get_by_text("server address and server port").first).to_be_visible()
    expect(page.get_by_text("invalidClientIdOrSecret").first).to_be_visible()
    look(page)
    page.get_by_role("link", name="Back").click()
    page.fill("[name=app_secret]", credentials["app_secret"])
    page.get_by_role("button", name="Connectivity Test").click()
    expect(page.get_by_text("Connectivity Test passed").first).to_be_visible()
    look(page)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Field Synchronization Mapping")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Confirm").click()


def nothing(page: Page) -> None:
    """Look at nothing."""


def test_an_administrator_connects_a_company_and_staff_browse_it(
    worker: None,
    live_site: LiveConsole,
    administrator: User,
    staff: User,
    simulator: Simulator,
    credentials: dict[str, str],
    axe: Callable[[Page], None],
) -> None:
    """S080 to S131, H10: the whole path, then the org tree as staff sees it."""
    page = log_on(live_site, administrator)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    axe(page)
    set_up(page, credentials, axe)
    page.wait_for_url("**/sync/runs/*/")
    expect(page.get_by_text("Success").first).to_be_visible(timeout=60_000)
    axe(page)
    idp = IdentityProvider.objects.get()
    assert_equal(idp, simulator.company)
    assert SyncRun.objects.get().by == administrator
    assert AuditEvent.objects.filter(actor=administrator).count() >= 2
    log_off(page)

    page = log_on(live_site, staff)
    page.goto(live_site.url + reverse("sync:directory"))
    root = simulator.company.departments[1].name
    expect(page.get_by_role("tree").get_by_text(root)).to_be_visible()
    someone = Employee.objects.exclude(mobile="").filter(name__regex="^[A-Z]").first()
    assert someone is not None
    page.fill("main [name=q]", someone.name)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=someone.name).first.click()
    expect(page.get_by_role("heading", name=someone.name)).to_be_visible()
    axe(page)
    for number in Employee.objects.exclude(mobile="").values_list("mobile", flat=True):
        assert number not in page.content()
    changing = page.locator("main form[method=post]")
    assert changing.count() == 0
    refused = page.request.get(
        live_site.url + reverse("identity:setup-basic", args=[idp.pk])
    )
    assert refused.status == 403


@pytest.fixture
def plain(live_server: object, browser: Browser) -> Iterator[Page]:
    """A browser without script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_same_path_works_without_script(
    worker: None,
    live_site: LiveConsole,
    plain: Page,
    administrator: User,
    simulator: Simulator,
    credentials: dict[str, str],
) -> None:
    """U46: forms, wizard, tree links and lists are plain HTML."""
    site = LiveConsole(plain, live_site.url)
    page = log_on(site, administrator)
    set_up(page, credentials, nothing)
    expect(page.get_by_role("heading", name="Run")).to_be_visible()
    for _ in range(60):
        if page.get_by_text("Success").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    assert_equal(IdentityProvider.objects.get(), simulator.company)
    page.goto(site.url + reverse("sync:directory"))
    department = simulator.company.children(1)[0].name
    page.get_by_role("link", name=department).first.click()
    expect(page.get_by_role("heading", name=department)).to_be_visible()
    page.locator("table a").first.click()
    expect(page.get_by_role("heading").first).to_be_visible()
    assert "/directory/u/" in page.url
