"""How commands end where their streams fail, or where somebody typed what is no text."""

import io
import json
import os
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from identity.models import IdentityProvider
from tests.plugins.files import Folder, run

pytestmark = pytest.mark.django_db
NO_TEXT = "\udcff"
"""A byte of a command line that is not UTF-8, as Python hands it on."""


class Ascii(io.TextIOWrapper):
    """The output of a terminal that knows no more than ASCII."""

    def __init__(self) -> None:
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, encoding="ascii", write_through=True)

    @property
    def text(self) -> str:
        return self.raw_bytes.getvalue().decode()


@pytest.fixture
def hq(idp: IdentityProvider) -> IdentityProvider:
    IdentityProvider.objects.update(name="总部")
    idp.refresh_from_db()
    return idp


@pytest.mark.parametrize(
    "command",
    [
        ("idp", "show"),
        ("idp", "export"),
        ("check_connection",),
        ("sync_directory",),
        ("export_directory",),
    ],
)
def test_a_name_that_is_no_text_is_nobodys(
    command: tuple[str, ...], idp: IdentityProvider
) -> None:
    with pytest.raises(CommandError, match=r"'\\udcff'") as caught:
        call_command(*command, NO_TEXT)
    assert caught.value.returncode == 2


@pytest.mark.parametrize(
    "command",
    [("idp", "list"), ("idp", "export", "总部"), ("export_directory", "总部")],
)
def test_a_reader_that_left_ends_any_command_quietly(
    command: tuple[str, ...], hq: IdentityProvider
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody, pytest.raises(SystemExit) as ended:
        call_command(*command, stdout=nobody)
    assert ended.value.code == 141


@pytest.mark.parametrize(
    "command",
    [("idp", "list"), ("idp", "export", "总部"), ("export_directory", "总部")],
)
def test_a_full_disk_is_said(command: tuple[str, ...], hq: IdentityProvider) -> None:
    with (
        Path("/dev/full").open("w") as full,
        pytest.raises(CommandError, match="could not be written: No space") as caught,
    ):
        call_command(*command, stdout=full)
    assert caught.value.returncode == 1


def test_nothing_is_saved_whose_differences_were_not_shown(
    folder: Folder, idp: IdentityProvider
) -> None:
    folder.path.write_text('type = "dingtalk"\nname = "Example"\ndescription = "New"')
    with (
        Path("/dev/full").open("w") as full,
        pytest.raises(CommandError, match=r"^Nothing was changed\.") as caught,
    ):
        call_command("idp", "apply", str(folder.path), stdout=full)
    assert caught.value.returncode == 1
    assert IdentityProvider.objects.get().description == idp.description


def test_without_an_output_nothing_is_done(
    folder: Folder, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.path.write_text('type = "dingtalk"\nname = "Example"\ndescription = "New"')
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(CommandError, match="Standard output is closed"):
        call_command("idp", "apply", str(folder.path))
    assert IdentityProvider.objects.get().description == idp.description


def test_without_an_input_a_dash_is_wrong_use_and_a_file_asks_nobody(
    folder: Folder, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ended = run("apply", "-")
    assert (ended.code, ended.reasons) == (2, "standard input: it is closed.")
    text = 'type = "dingtalk"\nname = "Example"\ndescription = "New"'
    assert folder.text(text).code == 0
    assert IdentityProvider.objects.get().description == "New"


@pytest.mark.parametrize("name", ["/", "/proc/self/mem"])
def test_a_file_that_may_not_be_read_is_wrong_use(name: str) -> None:
    ended = run("apply", name)
    assert ended.code == 2
    assert ended.reasons.startswith(f"{name}: ")


def test_an_input_that_may_not_be_read_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Path("/proc/self/mem").open() as unreadable:
        monkeypatch.setattr(sys, "stdin", unreadable)
        ended = run("apply", "-")
    assert ended.code == 2
    assert ended.reasons.startswith("standard input: ")


@pytest.mark.parametrize("typed", [b"\xff\n", b""])
def test_what_is_no_yes_is_a_no(
    folder: Folder,
    idp: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
    typed: bytes,
) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO(typed), encoding="utf-8"))
    ended = folder.text('type = "dingtalk"\nname = "Example"\ndescription = "New"')
    assert ended.code == 1
    assert "You did not say yes." in ended.reasons
    assert IdentityProvider.objects.get().description == idp.description


def test_chinese_on_a_terminal_that_knows_ascii_alone_is_written_as_numbers(
    folder: Folder, hq: IdentityProvider
) -> None:
    for words in (("idp", "list"), ("idp", "show", "总部")):
        out = Ascii()
        call_command(*words, stdout=out)
        assert "\\u603b\\u90e8" in out.text
    folder.path.write_text('type = "dingtalk"\nname = "总部"\ndescription = "登录"')
    out = Ascii()
    call_command("idp", "apply", str(folder.path), stdout=out)
    assert "\\u603b\\u90e8 is saved." in out.text
    assert IdentityProvider.objects.get().description == "登录"


def test_json_and_files_are_utf_8_on_any_terminal(hq: IdentityProvider) -> None:
    shown, exported, directory, checked = (Ascii() for _ in range(4))
    call_command("idp", "show", "总部", "--json", stdout=shown)
    call_command("idp", "export", "总部", stdout=exported)
    call_command("export_directory", "总部", stdout=directory)
    call_command("check_connection", "总部", "--json", stdout=checked)
    assert json.loads(shown.text)["name"] == "总部"
    assert 'name = "总部"' in exported.text
    assert json.loads(directory.text)["idp"] == "总部"
    assert {row["status"] for row in json.loads(checked.text)} <= {"pass", "skipped"}


def test_without_any_idp_the_list_says_how_to_make_one() -> None:
    ended = run("list")
    assert ended.output.startswith("No IdP yet. Create one in the console, http")
    assert ended.output.endswith(
        "/identity/, or by a file: manage.py idp apply --help shows one.\n"
    )
    assert run("list", "--json").output == "[]\n"
