"""What `up` and `demo` decide before the settings are read."""

import os
from collections.abc import Iterator, Mapping
from unittest import mock

import pytest

from sasebridge.environment import prepare

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """A copy of the environment without the names that are decided."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PORT", "DATA_DIR")}
    with mock.patch.dict(os.environ, kept, clear=True):
        yield


def prepared(*words: str) -> Mapping[str, str]:
    prepare(["manage.py", *words])
    return os.environ


def test_the_port_of_the_command_line_wins() -> None:
    os.environ["PORT"] = "8500"
    assert prepared("up")["PORT"] == "8500"
    assert prepared("up", "--port", "9000")["PORT"] == "9000"
    assert prepared("up", "--port=9001")["PORT"] == "9001"


def test_the_port_is_8000_if_nobody_says_otherwise() -> None:
    assert prepared("up")["PORT"] == "8000"


def test_other_commands_decide_nothing() -> None:
    assert "PORT" not in prepared("migrate")
    assert "PORT" not in prepared()


def test_the_demo_keeps_its_data_apart_and_talks_to_the_simulator_next_door() -> None:
    os.environ["DATA_DIR"] = "/srv/sasebridge"
    environment = prepared("demo", "--port", "9000")
    assert environment["DATA_DIR"] == "/srv/sasebridge/demo"
    assert environment["DINGTALK_OAPI_URL"] == "http://127.0.0.1:9001/oapi"
    assert environment["DINGTALK_API_URL"] == "http://127.0.0.1:9001/api"
    assert environment["DINGTALK_LOGIN_URL"] == "http://127.0.0.1:9001/login"


@pytest.mark.parametrize(
    ("command", "port"),
    [("up", "0"), ("up", "65536"), ("up", "http"), ("up", "-1"), ("demo", "65535")],
)
def test_what_cannot_be_a_port_is_refused_in_one_sentence(
    command: str, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        prepare(["manage.py", command, f"--port={port}"])
    assert caught.value.code == 2
    assert "The port must be a number from 1 to 6553" in capsys.readouterr().err
