"""What is promised to tests that share ports or a queue of tasks."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

SUITE = """
import os
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", range(6))
@pytest.mark.xdist_group("programs")
def test_grouped(number):
    with Path("workers.txt").open("a") as log:
        log.write(os.environ["PYTEST_XDIST_WORKER"] + chr(10))


@pytest.mark.parametrize("number", range(6))
def test_alone(number):
    pass
"""


def test_tests_of_one_group_run_in_one_process(tmp_path: Path) -> None:
    """As tests/run asks for it: two processes, and the group in one of them."""
    (tmp_path / "test_suite.py").write_text(SUITE)
    words = ["-n", "2", "--dist", "loadgroup", "-p", "no:django", "-p", "no:randomly"]
    words += ["-p", "tests.plugins.groups", "-p", "no:cacheprovider"]
    words += ["--rootdir", str(tmp_path), "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "test_suite.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    workers = (tmp_path / "workers.txt").read_text().split()
    assert len(workers) == 6
    assert len(set(workers)) == 1
