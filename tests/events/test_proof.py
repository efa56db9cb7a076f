"""P1, P2, P4: what was acknowledged is applied, once, whatever dies or hangs meanwhile.

G-01, G-04 and G-05 with real processes; reliability findings 1 to 5.
"""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.events import ground
from tests.events.course import HITS, REDIS_KILLS, WORKER_KILLS
from tests.running.program import ROOT, end_session, free_port

pytestmark = [
    pytest.mark.services,
    pytest.mark.alone,
    pytest.mark.xdist_group("proof"),
]
CODE = "from tests.events import course; course.run({folder!r})"
LONGEST = 400.0
OVER = {"applied", "ignored"}
TIME_LIMIT = 2.5
"""Seconds that DingTalk waits for an answer."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the course found, in processes and on servers of its own."""
    folder = tmp_path_factory.mktemp("proof")
    with services.postgresql() as database:
        env = ground.surroundings(
            folder,
            DATABASE_URL=database,
            CELERY_BROKER_URL=f"redis://127.0.0.1:{free_port()}/0",
            SECRET_KEY=secrets.token_urlsafe(50),
            ENCRYPTION_KEYS=secrets.token_urlsafe(32),
            DINGTALK_RATE="0",
            LOG_LEVEL="WARNING",
        )
        return course(folder, env, CODE)


def course(folder: Path, env: dict[str, str], code: str) -> dict[str, Any]:
    """Run one to its end; nothing of it stays."""
    code = code.format(folder=str(folder))
    program = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = program.communicate(timeout=LONGEST)
    finally:
        end_session(program.pid)
        program.wait()
    logs = [log.read_text(errors="replace")[-3000:] for log in folder.glob("*.log")]
    assert program.returncode == 0, "\n".join([output, *logs])
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


@pytest.mark.parametrize("part", ["storm", "frozen", "alone"])
def test_all_that_was_acknowledged_is_applied(found: dict[str, Any], part: str) -> None:
    """2,000 pushes, a fifth of them copies, out of order, in both spellings, while
    workers and Redis are killed; then 300 more while Redis hangs."""
    told = found[part]
    assert told["lost"] == []
    assert told["taken"] == told["keys"]
    assert told["states"].keys() <= OVER, told
    assert told["copies"] >= told["acknowledged"] >= told["taken"]
    assert not any("statusCode" in reason for reason in told["refusals"]), told


@pytest.mark.parametrize("part", ["storm", "frozen", "alone"])
def test_no_change_is_applied_twice(found: dict[str, Any], part: str) -> None:
    assert found[part]["impossible"] == []


@pytest.mark.parametrize("part", ["storm", "frozen", "alone"])
def test_the_directory_is_the_company_exactly(found: dict[str, Any], part: str) -> None:
    assert found[part]["differences"] == []


def test_the_faults_happened(found: dict[str, Any]) -> None:
    """Or else nothing was proven."""
    told = found["storm"]
    assert told["kills"] == [WORKER_KILLS, REDIS_KILLS, len(HITS)]
    assert told["sent"] >= 2000
    assert told["sent"] - told["keys"] > 300
    assert told["runs"].get("narrow abandoned"), told["runs"]


@pytest.mark.parametrize("part", ["frozen", "alone"])
def test_answers_do_not_wait_for_a_redis_that_hangs(
    found: dict[str, Any], part: str
) -> None:
    """Each was taken at once; how quickly, `make bench` prints."""
    told = found[part]
    assert told["refusals"] == {}
    assert told["acknowledged"] == told["sent"]
    assert told["seconds"][-1] < TIME_LIMIT


def test_a_leaver_is_out_when_the_answer_is_there(found: dict[str, Any]) -> None:
    """With Redis frozen and no worker; they are marked as left when there is one."""
    assert found["alone"]["before"] == ["left_company", "active"]
    assert found["alone"]["after"] == "left"
