"""What every page promises: headers, error pages, and templates without inline code."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client, RequestFactory
from django.views import defaults

import sasebridge

pytestmark = pytest.mark.alone

ROOT: Path = settings.BASE_DIR
TEMPLATES = sorted(
    path
    for path in ROOT.rglob("*.html")
    if "templates" in path.parts and ".venv" not in path.parts
)
INLINE = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.I),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "a script address": re.compile(r"javascript:", re.I),
}


def test_there_are_templates_to_scan() -> None:
    assert len(TEMPLATES) > 30


@pytest.mark.parametrize(
    "template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_template_has_inline_code(template: Path) -> None:
    """Pages' rule 1: strict CSP."""
    text = template.read_text()
    found = [what for what, pattern in INLINE.items() if pattern.search(text)]
    assert found == []


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = (ROOT / "static/img/icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {
        name
        for template in TEMPLATES
        for call in re.findall(r"_icon\.html[^%]*%}", template.read_text())
        for name in re.findall(r'name="([^"]+)"', call)
    }
    assert used
    assert used <= there


def vendored() -> list[list[str]]:
    lines = (ROOT / "static/vendor/VENDOR.txt").read_text().splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("row", vendored(), ids=lambda row: row[0])
def test_a_vendored_file_is_what_its_makers_published(row: list[str]) -> None:
    """Pages' rule 9: never edited."""
    name, _package, _version, licence, text, digest = row
    folder = ROOT / "static/vendor"
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert licence == "MIT"
    assert "Permission is hereby granted" in (folder / text).read_text()


def test_no_file_is_vendored_silently() -> None:
    listed = {row[0] for row in vendored()} | {row[4] for row in vendored()}
    there = {path.name for path in (ROOT / "static/vendor").iterdir()}
    assert there - {"VENDOR.txt"} <= listed


def test_pages_carry_the_policy_and_stay_out_of_caches(console: Client) -> None:
    response = console.get("/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_htmx_is_served_from_here_and_told_to_behave(console: Client) -> None:
    """Pages' rule 2"""
    page = console.get("/").content.decode()
    meta = re.search(r"<meta name=\"htmx-config\" content='([^']+)'", page)
    assert meta
    for word in (
        '"includeIndicatorStyles": false',
        '"allowEval": false',
        '"historyCacheSize": 0',
        '"selfRequestsOnly": true',
    ):
        assert word in meta.group(1)
    assert "x-csrftoken" in page
    for address in re.findall(r'(?:src|href)="([^"#]+)', page):
        assert address.startswith("/")


def test_every_static_file_that_a_page_names_is_there(console: Client) -> None:
    page = console.get("/").content.decode()
    names = set(re.findall(r'"/static/([^"#]+)', page))
    assert len(names) > 6
    assert [name for name in names if not finders.find(name)] == []


def test_the_page_is_small_enough_to_be_quick(console: Client) -> None:
    """U47: the first page below 150 KB compressed."""
    import gzip

    page = console.get("/")
    names = set(re.findall(r'"/static/([^"#]+)', page.content.decode()))
    files = [Path(str(finders.find(name))).read_bytes() for name in names]
    total = sum(len(gzip.compress(each)) for each in [page.content, *files])
    assert total < 150_000


def test_the_version_is_the_same_everywhere(console: Client) -> None:
    line = f'version = "{sasebridge.__version__}"'
    assert line in (ROOT / "pyproject.toml").read_text()
    assert f"sasebridge {sasebridge.__version__}" in console.get("/").content.decode()


def test_the_foot_says_which_zone_times_are_in(console: Client) -> None:
    page = console.get("/").content.decode()
    assert "Times are in Asia/Shanghai (UTC+08:00)" in page


def test_a_wrong_address_says_so(console: Client, client: Client) -> None:
    for browser in (console, client):
        response = browser.get("/nothing/here/")
        assert response.status_code == 404
        assert "Page not found" in response.content.decode()
        assert "Content-Security-Policy" in response


def test_a_refusal_says_who_can_help(rf: RequestFactory, db: None) -> None:
    response = defaults.permission_denied(rf.get("/"), PermissionDenied())
    assert response.status_code == 403
    assert "An administrator can" in response.content.decode()


def test_a_broken_request_says_what_to_do(rf: RequestFactory, db: None) -> None:
    response = defaults.bad_request(rf.get("/"), SuspiciousOperation())
    assert response.status_code == 400
    assert "reload the page" in response.content.decode()


def test_the_page_of_a_failure_needs_no_database(
    rf: RequestFactory, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        response = defaults.server_error(rf.get("/"))
    page = response.content.decode()
    assert response.status_code == 500
    assert "Something went wrong" in page
    assert "csrfmiddlewaretoken" not in page
