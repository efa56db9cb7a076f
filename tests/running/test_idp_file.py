"""`manage.py idp` as operators and pipelines run it: processes, exit codes, a terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.program import ROOT, Program, environment, eventually, manage, shell

pytestmark = [pytest.mark.alone, pytest.mark.xdist_group("programs")]
SECRET = "canary-secret-0123456789"
FILE = """\
type = "dingtalk"
name = "总部"
[credentials]
corp_id = "{corp_id}"
app_key = "{app_key}"
app_secret = "env:APP_SECRET"
"""
NAMES = "print([i.name for i in __import__('identity.models').models.IdentityProvider.objects.all()])"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A migrated product's data, and a file beside it."""
    text = FILE.format(corp_id="dingcompany1234", app_key="dingapp1234")
    (tmp_path / "hq.toml").write_text(text)
    assert manage("migrate", folder=tmp_path).returncode == 0
    return tmp_path


def apply(folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    return manage(
        "idp", "apply", str(folder / "hq.toml"), *options, folder=folder, **more
    )


def on_a_terminal(folder: Path, typed: str) -> tuple[int, str]:
    """Exit code and output of `idp apply --draft` by somebody who types an answer."""
    keyboard, terminal = pty.openpty()
    os.write(keyboard, typed.encode())
    try:
        ended = subprocess.run(
            [
                sys.executable,
                "manage.py",
                "idp",
                "apply",
                str(folder / "hq.toml"),
                "--draft",
            ],
            cwd=ROOT,
            env=environment(folder, APP_SECRET=SECRET),
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(keyboard)
        os.close(terminal)
    return ended.returncode, ended.stdout


def test_exit_codes_are_0_1_and_2_and_no_secret_is_printed(folder: Path) -> None:
    missing = apply(folder, "--draft")
    saved = apply(folder, "--draft", APP_SECRET=SECRET)
    again = apply(folder, "--draft", APP_SECRET=SECRET)
    elsewhere = manage("idp", "apply", str(folder / "nothing.toml"), folder=folder)
    unknown = manage("idp", "show", "nobody", folder=folder)
    wrong = manage("idp", "destroy", folder=folder)
    ended = (missing, saved, again, elsewhere, unknown, wrong)
    assert [one.returncode for one in ended] == [1, 0, 0, 2, 2, 2]
    assert "the environment variable APP_SECRET is not set" in missing.stderr
    assert "nothing to change" in again.stdout
    assert not [one for one in ended if SECRET in one.stdout + one.stderr]


def test_on_a_terminal_it_asks_and_only_a_yes_goes_on(folder: Path) -> None:
    for answer in ("n\n", "\x04"):
        code, output = on_a_terminal(folder, answer)
        assert code == 1
        assert output.endswith("Apply? [y/N] ")
    assert shell(NAMES, folder=folder) == "[]"
    code, output = on_a_terminal(folder, "y\n")
    assert code == 0
    assert "Apply? [y/N]" in output
    assert shell(NAMES, folder=folder) == "['总部']"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    with Program("demo", tmp_path) as program:
        program.come_up()
        yield program


def test_a_file_alone_connects_a_company_and_the_running_product_synchronizes_it(
    demo: Program, tmp_path: Path
) -> None:
    """The whole job without a click: apply in one process, the first run in another."""
    text = FILE.format(corp_id=demo.value("CorpId"), app_key=demo.value("AppKey"))
    (tmp_path / "hq.toml").write_text(text)
    simulator = f"http://127.0.0.1:{demo.port + 1}"
    data = tmp_path / "demo"
    ended = manage(
        *("idp", "apply", str(tmp_path / "hq.toml")),
        folder=data,
        APP_SECRET=demo.value("AppSecret"),
        DINGTALK_OAPI_URL=f"{simulator}/oapi",
        DINGTALK_API_URL=f"{simulator}/api",
    )
    assert ended.returncode == 0, ended.stderr
    assert "The first synchronization begins" in ended.stdout
    state = "print(__import__('sync.models').models.SyncRun.objects.get().state)"
    assert eventually(lambda: shell(state, folder=data) in ("success", "partial"))
