"""`simulate_dingtalk`: on a port, in a thread, on the command line; and what it keeps."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import astuple
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.management import CommandError, call_command
from waitress import wasyncore
from waitress.server import BaseWSGIServer

from identity.connectors.dingtalk.crypto import Cipher
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.credentials import Credentials, PushKeys
from identity.connectors.dingtalk.simulator.pusher import Subscription
from identity.connectors.dingtalk.simulator.serving import build, listen

pytestmark = pytest.mark.alone

SMALL = ("--employees", "12", "--departments", "3")


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def wait_for(address: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            requests.get(address, timeout=2)
        except requests.ConnectionError:
            assert time.monotonic() < deadline, f"nothing answers at {address}"
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def process(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command as somebody starts it in a terminal."""
    command = [sys.executable, "manage.py", "simulate_dingtalk", *SMALL]
    child = subprocess.Popen(
        [*command, "--port", str(port), "--state", str(tmp_path / "company.json")],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A background job of a shell ignores SIGINT; a terminal's does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/control")
        yield child
    finally:
        child.kill()
        child.communicate()


def test_it_serves_says_what_to_type_and_ends_with_ctrl_c(
    process: subprocess.Popen[str], port: int
) -> None:
    app = Credentials.of_seed(1)
    base = f"http://127.0.0.1:{port}"
    keys = {"appkey": app.app_key, "appsecret": app.app_secret}
    assert requests.get(f"{base}/oapi/gettoken", params=keys, timeout=5).json()[
        "access_token"
    ]
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=10)
    assert time.monotonic() - begun < 5
    assert process.returncode == 0
    assert "12 people, 3 departments" in said
    for words in (
        f"DINGTALK_OAPI_URL   {base}/oapi",
        f"DINGTALK_API_URL    {base}/api",
        f"DINGTALK_LOGIN_URL  {base}/login",
        f"CorpId              {app.corp_id}",
        f"AppKey              {app.app_key}",
        f"AppSecret           {app.app_secret}",
        f"{base}/control",
        "The simulator has ended.",
    ):
        assert words in said
    assert "Traceback" not in said


def test_a_change_by_hand_is_there_after_a_new_start(
    process: subprocess.Popen[str], port: int, tmp_path: Path
) -> None:
    answer = requests.post(
        f"http://127.0.0.1:{port}/control",
        data={"action": "hire", "name": "Zoe Zed"},
        timeout=5,
    )
    assert answer.status_code == 200
    process.kill()
    kept = Company.load(tmp_path / "company.json")
    assert len(kept.people) == 13
    assert kept.search("Zoe Zed", 1)


class Acknowledging(BaseHTTPRequestHandler):
    """A Request URL that takes every push."""

    keys = PushKeys.of_app("ding")

    def do_POST(self) -> None:
        """Answer with the sealed success."""
        cipher = Cipher(self.keys.aes_key, self.keys.token)
        body = json.dumps(cipher.seal("success", Credentials.of_seed(1).app_key).body())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def request_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Acknowledging) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(5)


def test_a_subscription_goes_on_after_a_new_start_until_it_is_ended(
    tmp_path: Path, request_url: str
) -> None:
    """As in DingTalk: a demo that was stopped pushes again."""

    def start() -> Simulator:
        return build(12, 3, state=tmp_path / "company.json")

    first, keys = start(), Acknowledging.keys
    subscription = Subscription(request_url, keys.token, keys.aes_key)
    assert first.subscribe(subscription).fine
    assert first.pusher
    first.pusher.stop()
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
    second = start()
    assert second.pusher
    again = second.pusher.subscription
    assert (again.url, again.token, again.aes_key) == (request_url, *astuple(keys))
    second.company.hire("Zoe Zed")
    deadline = time.monotonic() + 10
    while not second.pusher.log:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert second.pusher.log[0][1].fine
    second.unsubscribe()
    assert start().pusher is None


def test_it_works_in_a_daemon_thread_as_the_demo_starts_it(port: int) -> None:
    out = StringIO()
    thread = threading.Thread(
        target=call_command,
        args=("simulate_dingtalk", *SMALL, "--port", str(port), "--seed", "5"),
        kwargs={"stdout": out},
        daemon=True,
    )
    thread.start()
    wait_for(f"http://127.0.0.1:{port}/control")
    assert Credentials.of_seed(5).app_secret in out.getvalue()
    assert thread.is_alive()


def test_the_credentials_can_be_had_without_serving() -> None:
    out = StringIO()
    call_command("simulate_dingtalk", "--credentials", "--seed", "5", stdout=out)
    told = json.loads(out.getvalue())
    assert told.keys() == {"corp_id", "app_key", "app_secret"}
    assert Credentials(**told) == Credentials.of_seed(5) != Credentials.of_seed(6)


def test_a_port_in_use_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(CommandError) as caught:
            call_command("simulate_dingtalk", *SMALL, "--port", str(number))
    assert str(caught.value) == f"Port {number} of 127.0.0.1 is in use; choose another."
    assert caught.value.returncode == 1


@pytest.mark.parametrize("content", ["no json", "[]", "{}", '{"counters": {}}'])
def test_a_state_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "company.json"
    file.write_text(content)
    with pytest.raises(CommandError, match="does not hold a company"):
        call_command("simulate_dingtalk", "--state", str(file))
    assert file.read_text() == content


def test_sizes_cannot_be_negative() -> None:
    with pytest.raises(CommandError, match="negative"):
        call_command("simulate_dingtalk", "--employees", "-1")


def test_the_help_teaches() -> None:
    out = subprocess.run(
        [sys.executable, "manage.py", "simulate_dingtalk", "--help"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = "--port --employees --departments --seed --rate --state --credentials"
    for words in [*options.split(), "DINGTALK_OAPI_URL=", "/control", "examples:"]:
        assert words in out
    assert not re.search(r"\{\w+\}", out.replace("{0,1,2,3}", ""))


@pytest.fixture
def served() -> Iterator[tuple[Any, str]]:
    """A simulator on a port of its own, and its address."""
    simulator = build(employees=12, departments=3, rate=0)
    server = listen(simulator, 0)
    assert isinstance(server, BaseWSGIServer)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield simulator, f"http://127.0.0.1:{server.effective_port}"
    # In its own thread: it may be waiting for these sockets just now.
    with contextlib.suppress(OSError):  # its loop has ended by itself
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    thread.join(5)
    assert not thread.is_alive()


def test_on_a_port_a_broken_connection_is_a_broken_connection(
    served: tuple[Any, str],
) -> None:
    simulator, base = served
    for fault in (effects.broken("reset"), effects.cut_off()):
        simulator.faults.clear()
        simulator.faults.add(fault)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(f"{base}/oapi/gettoken", timeout=5)


def test_on_a_port_an_answer_can_drip_and_be_slow(served: tuple[Any, str]) -> None:
    simulator, base = served
    simulator.faults.add(effects.drip(0.001), nth=1)
    simulator.faults.add(effects.slow(0.4), nth=2)
    assert requests.get(f"{base}/oapi/gettoken", timeout=5).json()["errcode"] == 40035
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{base}/oapi/gettoken", timeout=0.1)


def test_on_a_port_many_threads_are_counted_one_by_one(served: tuple[Any, str]) -> None:
    simulator, base = served
    threads = [
        threading.Thread(
            target=requests.get, args=(f"{base}/oapi/gettoken",), kwargs={"timeout": 5}
        )
        for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert simulator.calls["/gettoken"] == 24


def test_a_subscription_whose_check_fails_pushes_nothing(
    served: tuple[Any, str],
) -> None:
    """Here the Request URL is the simulator itself, which acknowledges nothing."""
    simulator, base = served
    key = "SasebridgeTestKey0123456789ABCDEFGHIJKLMNOP"
    assert Cipher(key, "t")
    outcome = simulator.subscribe(Subscription(f"{base}/nothing", "t", key))
    assert "404" in outcome.reason
    assert simulator.pusher is None
    simulator.unsubscribe()
