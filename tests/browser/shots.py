"""Pictures of a running console, to look at: each page, light and dark, wide and phone.

    python -m tests.browser.shots http://localhost:8000 FOLDER --user alice \\
        --password ... [/path/ ...]

Without paths it takes the pages that need no id. Writes FOLDER/<page>-<theme>-<width>.png
and prints console errors, policy violations and pages that scroll sideways.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import CHROMIUM, EYES, FLAGS

PAGES = [
    "/",
    "/identity/",
    "/identity/new/",
    "/directory/",
    "/sync/runs/",
    "/settings/",
    "/accounts/login/",
]
WIDTHS = {1280: 800, 390: 844}
THEMES = ("light", "dark")


def main(words: list[str]) -> int:
    """Take the pictures; 1 if a page complained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--language", default="en")
    parser.add_argument("paths", nargs="*", default=PAGES)
    options = parser.parse_intermixed_args(words)
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        complaints = [
            complaint
            for theme in THEMES
            for width in WIDTHS
            for complaint in _round(browser, options, theme, width)
        ]
        browser.close()
    sys.stdout.writelines(f"{complaint}\n" for complaint in complaints)
    return bool(complaints)


def _round(
    browser: Browser, options: argparse.Namespace, theme: str, width: int
) -> list[str]:
    """All pages in one theme and width."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        locale=options.language,
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.add_init_script(EYES)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: (
            complaints.append(f"{page.url} {said.text}")
            if said.type == "error"
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(f"{page.url} {error}"))
    for path in options.paths:
        if path == "/accounts/login/":
            context.clear_cookies()
        elif options.user and not context.cookies():
            _log_on(page, options)
        page.goto(options.url + path, wait_until="networkidle")
        name = path.strip("/").replace("/", "_") or "dashboard"
        page.screenshot(
            path=options.folder / f"{name}-{theme}-{width}.png", full_page=True
        )
        if _scrolls_sideways(page):
            complaints.append(f"{page.url} scrolls sideways at {width}")
    context.close()
    return complaints


def _log_on(page: Page, options: argparse.Namespace) -> None:
    page.goto(options.url + "/accounts/login/")
    page.fill("[name=username]", options.user)
    page.fill("[name=password]", options.password)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


def _scrolls_sideways(page: Page) -> bool:
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
