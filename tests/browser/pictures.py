"""The README's pictures, made anew from the running product: `make pictures`.

    python -m tests.browser.pictures [FOLDER]

Starts the demo with a company and data of its own, goes through the wizard in a browser
as an administrator would, and takes a picture at each stop. Nothing is posed: what is
seen is what the demo shows. Writes FOLDER/<name>.png, by default beside this module.
"""

import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.browser.chromium import CHROMIUM, FLAGS
from tests.running.program import Program

FOLDER = Path(__file__).with_name("pictures")
NAMES = ("wizard", "test", "run", "held", "tree", "past", "logon", "trace")
WIDE: ViewportSize = {"width": 1280, "height": 800}
TALL: ViewportSize = {"width": 1280, "height": 1240}
"""Down to the fields that the administrator fills in."""
HELD: ViewportSize = {"width": 1280, "height": 1060}
"""Down to the buttons that decide."""
GONE = 214
USERID = re.compile(r'name="userid" value="([^"]+)"')
PHONE: ViewportSize = {"width": 390, "height": 700}
HUNDREDS = re.compile(r"^[1-9]\d\d|^[1-9],\d")
"""So much of the company is read that the bar can be seen."""
Take = Callable[[str], None]


def main(words: list[str]) -> int:
    """Take all the pictures."""
    folder = Path(words[0]) if words else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, Program("demo", Path(data)) as demo:
        demo.come_up()
        take_pictures(demo, folder)
        demo.interrupt()
    return 0


def take_pictures(demo: Program, folder: Path) -> None:
    """Walk through the running demo."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_page(viewport=WIDE, reduced_motion="reduce")

        def take(name: str) -> None:
            page.screenshot(path=folder / f"{name}.png")

        _log_on(page, demo)
        _connect(page, demo, take)
        _synchronize(page, take)
        _browse(page, demo, take)
        guest = browser.new_page(viewport=PHONE, reduced_motion="reduce")
        _log_on_as_employee(guest, demo, identifier_of(page, demo), folder)
        _look_at_the_logon(page, demo, take)
        _look_back(page, demo, take)
        _hold(page, demo, take)
        browser.close()


def _log_on(page: Page, demo: Program) -> None:
    user, _, password = demo.value("Administrator").partition(" ")
    page.goto(f"http://localhost:{demo.port}/accounts/login/")
    page.fill("[name=username]", user)
    page.fill("[name=password]", password.strip())
    page.get_by_role("button", name="Log on").click()


def _connect(page: Page, demo: Program, take: Take) -> None:
    """Basic Configurations, and the Connectivity Test with its rows."""
    page.get_by_role("link", name="Create IdP").first.click()
    page.get_by_role("button", name="Configure").click()
    page.fill("[name=name]", "Headquarters")
    page.fill("[name=description]", "DingTalk Logon")
    for field, label in {
        "corp_id": "CorpId",
        "app_key": "AppKey",
        "app_secret": "AppSecret",
    }.items():
        page.fill(f"[name={field}]", demo.value(label))
    page.locator("#id_app_key").focus()  # the guide beside it turns to this field
    page.evaluate("scrollTo(0, 0)")
    _let_settle(page)
    page.set_viewport_size(TALL)
    take("wizard")
    page.set_viewport_size(WIDE)
    page.get_by_role("button", name="Connectivity Test").click()
    expect(page.get_by_role("heading", name="passed")).to_be_visible(timeout=60_000)
    _let_settle(page)
    take("test")
    page.get_by_role("link", name="Next").click()


def _synchronize(page: Page, take: Take) -> None:
    """Confirm, and the first run while it is at work."""
    expect(page.locator("#sample-state")).to_contain_text("Read from", timeout=30_000)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/sync/runs/*/")
    read = page.locator("#running dl div", has_text="People read").locator("dd")
    expect(read).to_have_text(HUNDREDS, timeout=60_000)
    take("run")
    expect(page.get_by_text("Success").first).to_be_visible(timeout=120_000)


def _browse(page: Page, demo: Program, take: Take) -> None:
    """The org tree, open below one department, with its people."""
    page.goto(f"http://localhost:{demo.port}/directory/")
    tree = page.get_by_role("tree")
    for level in (2, 3):
        item = tree.locator(f'[aria-level="{level}"]:has([data-toggle])').first
        item.locator(".sb-node-name").first.click()
        expect(item).to_have_attribute("aria-selected", "true")
    _let_settle(page)
    take("tree")


def identifier_of(page: Page, demo: Program) -> str:
    """What the Settings page tells employees to type."""
    page.goto(f"http://localhost:{demo.port}/settings/")
    return page.input_value("[name=identifier]")


def _log_on_as_employee(
    page: Page, demo: Program, identifier: str, folder: Path
) -> None:
    """The client on a phone, and the logon page of the simulated DingTalk."""
    page.goto(f"http://localhost:{demo.port}/client/")
    page.fill("[name=enterprise_id]", identifier)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("link", name="Log on with DingTalk").click()
    page.locator("button[name=unionid]").nth(2).click()
    expect(page.get_by_text("Connection successful")).to_be_visible()
    _let_settle(page)
    page.screenshot(path=folder / "logon.png")


def _look_at_the_logon(page: Page, demo: Program, take: Take) -> None:
    """What Logs > Logons has of it."""
    page.goto(f"http://localhost:{demo.port}/logons/")
    page.locator("a.sb-row-link").first.click()
    _let_settle(page)
    take("trace")


def _look_back(page: Page, demo: Program, take: Take) -> None:
    """The tree of _browse as it was, after its department got another name."""
    page.goto(f"http://localhost:{demo.port}/directory/")
    name = page.get_by_role("tree").locator('[aria-level="2"] .sb-node-name').first
    name.click()
    expect(page.locator(".sb-pane-title")).to_have_text(name.inner_text())
    department = page.locator("#pane [name=dept][form=dir-at-form]").input_value()
    moment = quote(datetime.now(UTC).isoformat(timespec="seconds"))
    _simulate(
        page, demo, action="rename_department", department=department, name="客户成功部"
    )
    _synchronize_now(page, demo)
    expect(page.get_by_text("Success").first).to_be_visible(timeout=120_000)
    page.goto(f"http://localhost:{demo.port}/directory/?at={moment}&dept={department}")
    _let_settle(page)
    take("past")


def _synchronize_now(page: Page, demo: Program) -> None:
    page.goto(f"http://localhost:{demo.port}/identity/")
    page.get_by_role("button", name="Synchronize now").click()


def _hold(page: Page, demo: Program, take: Take) -> None:
    """More people go at once than anybody would believe, and a run that waits for it."""
    gone = 0
    while gone < GONE:
        shown = page.request.get(f"http://localhost:{demo.port + 1}/control").text()
        for userid in sorted(set(USERID.findall(shown)))[: GONE - gone]:
            _simulate(page, demo, action="let_go", userid=userid)
            gone += 1
    for name in ("韩梅梅", "李雷"):
        _simulate(page, demo, action="hire", name=name, title="工程师")
    _synchronize_now(page, demo)
    expect(page.get_by_text("nothing of this run was applied")).to_be_visible(
        timeout=120_000
    )
    page.set_viewport_size(HELD)
    page.reload()  # without the chip of a run at work
    _let_settle(page)
    take("held")
    page.set_viewport_size(WIDE)


def _simulate(page: Page, demo: Program, **fields: str) -> None:
    """What a button of the simulator's page does."""
    form: dict[str, str | float | bool] = {**fields}
    address = f"http://localhost:{demo.port + 1}/control"
    assert page.request.post(address, form=form).ok


def _let_settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
