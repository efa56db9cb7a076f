"""`make pictures`, really run: the README's pictures come from the product itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.pictures import FOLDER, NAMES
from tests.running.program import ROOT

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.browser
@pytest.mark.alone
@pytest.mark.xdist_group("programs")
def test_one_command_makes_every_picture(
    tmp_path: Path, browser_type_launch_args: dict[str, object]
) -> None:
    """The walk still finds its way: wizard, test, run and tree."""
    command = [sys.executable, "-m", "tests.browser.pictures", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    made = {path.stem: path.read_bytes() for path in tmp_path.glob("*.png")}
    assert made.keys() == set(NAMES)
    assert all(picture.startswith(PNG) for picture in made.values())


def test_the_readme_shows_every_picture_and_no_other() -> None:
    readme = (ROOT / "README.md").read_text()
    shown = re.findall(r"!\[[^\]]{20,}\]\(([^)]+)\)", readme)
    wanted = [FOLDER / f"{name}.png" for name in NAMES]
    assert [ROOT / path for path in shown] == wanted
    assert sorted(FOLDER.iterdir()) == sorted(wanted)
