"""`manage.py up`, really started."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.running.program import ENDING, Program, eventually, manage

pytestmark = [pytest.mark.alone, pytest.mark.xdist_group("programs")]


def test_up_serves_from_an_empty_folder_and_ctrl_c_ends_it_without_a_rest(
    tmp_path: Path,
) -> None:
    with Program("up", tmp_path) as up:
        up.come_up()
        assert f"http://localhost:{up.port}/" in up.output
        assert up.value("First account") == "python manage.py createsuperuser"
        assert up.parts() == {
            "ready": True,
            "parts": {"database": "ok", "migrations": "ok"},
        }
        assert up.get("/accounts/login/")[0] == 200
        assert up.get("/static/css/console.css")[0] == 200
        assert up.interrupt() < ENDING
        assert up.code == 0, up.output
        assert up.members() == set()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_as_ctrl_c_does(
    tmp_path: Path, signum: signal.Signals
) -> None:
    with Program("up", tmp_path) as up:
        up.come_up()
        assert up.interrupt(signum) < ENDING
        assert up.code == 0, up.output


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_port_in_use_is_said_in_one_sentence_before_anything_else_starts(
    tmp_path: Path, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = manage(command, "--port", str(port), folder=tmp_path)
    assert result.returncode == 1
    assert result.stderr == (
        f"CommandError: Port {port} on 127.0.0.1 is in use; "
        "end what uses it, or choose another port.\n"
    )
    assert result.stdout == ""
    assert not list(tmp_path.rglob("*.sqlite3"))


def test_an_account_that_exists_is_not_asked_for(tmp_path: Path) -> None:
    assert manage("migrate", "--verbosity", "0", folder=tmp_path).returncode == 0
    made = manage(
        *(
            "createsuperuser",
            "--noinput",
            "--username",
            "ada",
            "--email",
            "a@example.test",
        ),
        folder=tmp_path,
        DJANGO_SUPERUSER_PASSWORD="correct horse battery",
    )
    assert made.returncode == 0, made.stderr
    with Program("up", tmp_path) as up:
        up.come_up()
        assert "First account" not in up.output


def test_production_without_secrets_does_not_start(tmp_path: Path) -> None:
    database = "postgres://nobody:nothing@127.0.0.1:1/none"
    result = manage("up", folder=tmp_path, DATABASE_URL=database)
    assert result.returncode == 1
    assert "SECRET_KEY is not set" in result.stderr


@pytest.mark.services
def test_on_postgresql_and_redis_it_is_the_parent_of_its_processes(
    tmp_path: Path, servers: dict[str, str]
) -> None:
    with Program("up", tmp_path, servers) as up:
        up.come_up()
        for words in ("gunicorn", "--queues events", "--queues sync,notify", " beat"):
            assert up.child(words), f"no {words}: {up.output}"
        assert up.interrupt() < ENDING
        assert up.code == 0, up.output
        assert up.members() == set()


@pytest.mark.services
@pytest.mark.parametrize("words", ["gunicorn", "--queues sync,notify"])
def test_a_child_that_dies_is_started_again(
    tmp_path: Path, servers: dict[str, str], words: str
) -> None:
    with Program("up", tmp_path, servers) as up:
        up.come_up()
        old = up.child(words)
        assert old, up.output
        os.kill(old, signal.SIGKILL)
        assert eventually(lambda: up.child(words) not in (0, old)), up.output
        assert eventually(lambda: up.get("/readyz")[0] == 200), up.output
        assert "starts again in 0.5 s" in up.output


@pytest.mark.services
def test_the_children_end_even_if_the_parent_is_killed(
    tmp_path: Path, servers: dict[str, str]
) -> None:
    with Program("up", tmp_path, servers) as up:
        up.come_up()
        os.kill(up.pid, signal.SIGKILL)
        assert eventually(lambda: not up.members(), within=15), up.members()
