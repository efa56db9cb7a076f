"""The Simplified Chinese catalogue is complete, compiled, and seen on the pages.

To refresh it: `manage.py makemessages -l zh_Hans --add-location file --no-obsolete`,
translate what is new or fuzzy, then `manage.py compilemessages -l zh_Hans`.
"""

import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from identity.models import IdentityProvider
from tests import builders
from tests.plugins.services import need

pytestmark = pytest.mark.alone

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
SIMULATOR = Path("identity/connectors/dingtalk/simulator")
"""A stand-in for somebody else's console: it stays in English."""
PLACEHOLDER = re.compile(r"%\(\w+\)[-.\d]*[a-z]|\{\w*\}|%%")
LONG = 12
"""Shorter messages may be names that stay as they are."""

Key = tuple[str | None, str]


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE / "django.po"))


def keys(entries: polib.POFile) -> set[Key]:
    return {(e.msgctxt, e.msgid) for e in entries if not e.obsolete}


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) or [entry.msgstr]


def test_nothing_is_untranslated_fuzzy_or_obsolete(catalogue: polib.POFile) -> None:
    """U43"""
    assert len(catalogue) > 500
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []


def test_the_compiled_catalogue_is_the_written_one(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(CATALOGUE / "django.mo"))

    def told(file: polib.POFile | polib.MOFile) -> dict[Key, list[str]]:
        return {(e.msgctxt, e.msgid): translations(e) for e in file}

    assert told(compiled) == told(catalogue)


def test_placeholders_are_the_same_on_both_sides(catalogue: polib.POFile) -> None:
    wrong = [
        entry.msgid
        for entry in catalogue
        for text in translations(entry)
        if sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        != sorted(PLACEHOLDER.findall(text))
    ]
    assert wrong == []


def test_every_message_of_the_sources_is_in_the_catalogue(
    catalogue: polib.POFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U43"""
    need(shutil.which("xgettext") is not None, "gettext")
    copied(tmp_path)
    monkeypatch.chdir(tmp_path)
    call_command("makemessages", locale=["zh_Hans"], verbosity=0, stdout=io.StringIO())
    found = keys(polib.pofile("locale/zh_Hans/LC_MESSAGES/django.po"))
    assert sorted(found - keys(catalogue), key=str) == []
    assert sorted(keys(catalogue) - found, key=str) == []


def copied(target: Path) -> None:
    """Copy the sources that may say something to a reader."""
    (target / "locale").mkdir()
    for folder in ("identity", "sync", "sasebridge", "templates"):
        for path in (ROOT / folder).rglob("*"):
            place = path.relative_to(ROOT)
            if path.suffix in (".py", ".html") and SIMULATOR not in place.parents:
                (target / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / place)


class Words(HTMLParser):
    """What a reader of a page sees or hears: text, labels, hints."""

    SPOKEN = ("aria-label", "title", "placeholder", "alt")
    SILENT = ("script", "style")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        self.found += [text for name, text in attrs if name in self.SPOKEN and text]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(data.strip())


def page(client: Client, path: str) -> list[str]:
    """The words of a page as a Chinese reader gets it."""
    response = client.get(path, headers={"accept-language": "zh-hans"})
    assert response.status_code == 200, path
    words = Words()
    words.feed(response.content.decode())
    return words.found


@pytest.fixture
def places(transactional_db: None) -> list[str]:
    """Pages with people, runs, a held run, events and a draft."""
    idp: IdentityProvider = builders.idp("杭州")
    builders.company(idp, people=30, departments=6)
    builders.run(idp)
    held = builders.run(
        idp, "held", held_because=[{"reason": "people", "count": 30, "limit": 5}]
    )
    events = [
        builders.event(idp, "left", ["user000001"], body="{}", state=state)
        for state in ("pending", "held", "dead", "applied", "parked")
    ]
    draft = builders.idp("", draft=True)
    return [
        "/",
        "/identity/",
        "/identity/new/",
        f"/identity/{idp.pk}/",
        f"/identity/{draft.pk}/setup/basic/",
        "/directory/",
        "/sync/runs/",
        f"/sync/runs/{held.pk}/",
        "/sync/events/",
        *(f"/sync/events/{event.pk}/" for event in events),
        "/settings/",
        "/admin/",
    ]


def test_pages_hold_no_english_of_ours(
    console: Client, places: list[str], catalogue: polib.POFile
) -> None:
    """U43"""
    english = {
        entry.msgid
        for entry in catalogue
        if len(entry.msgid) > LONG and entry.msgid not in translations(entry)
    }
    left = [
        (path, text)
        for path in places
        for text in page(console, path)
        for message in english
        if text == message or (len(message) > 2 * LONG and message in text)
    ]
    assert left == []


def test_the_logon_is_in_chinese(client: Client, db: None) -> None:
    words = page(client, "/accounts/login/")
    assert "登录控制台" in words
    assert "Log on to the console" not in words


def test_a_language_is_called_by_its_own_name(console: Client) -> None:
    """U43"""
    words = page(console, "/")
    assert "English" in words
    assert "简体中文" in words


def test_the_catalogue_passes_the_check_of_gettext(tmp_path: Path) -> None:
    need(shutil.which("msgfmt") is not None, "gettext")
    words = ["msgfmt", "--check-format", "-o", str(tmp_path / "out.mo")]
    done = subprocess.run(
        [*words, str(CATALOGUE / "django.po")], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
