"""One HTTP request on a real socket, against servers that break the rules."""

import gzip
import json
import logging
import resource
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from identity.connectors import errors
from identity.connectors.base import CrawlStopped
from identity.connectors.dingtalk.calling import Patience
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.deadline import Limits
from identity.connectors.dingtalk.transport import Request, Transport
from tests.connectors.conftest import CountingGate
from tests.plugins.loopback import Handler, Listen, http

pytestmark = pytest.mark.alone

OK = {"errcode": 0, "errmsg": "ok"}
BODY = json.dumps(OK).encode()
QUICK = Limits(connect=0.5, read=0.4, whole=1.0)


def ask(base: str, limits: Limits = QUICK, **options: Any) -> Any:
    transport = Transport(limits, options.pop("stopped", lambda: False))
    try:
        return transport.send(Request("POST", f"{base}/x", **options)).body
    finally:
        transport.close()


def refusal(base: str, limits: Limits = QUICK) -> errors.ConnectorError:
    with pytest.raises(errors.ConnectorError) as caught:
        ask(base, limits)
    return caught.value


def sends(*parts: bytes, pause: float = 0.0) -> Handler:
    def handle(sock: socket.socket, head: str) -> None:
        for part in parts:
            sock.sendall(part)
            time.sleep(pause)

    return handle


def dripping(whole: bytes, pause: float = 0.1) -> Handler:
    return sends(*(whole[i : i + 1] for i in range(len(whole))), pause=pause)


def test_a_plain_answer_is_read(listen: Listen) -> None:
    assert ask(listen(sends(http(BODY)))) == OK


def test_a_compressed_answer_is_read(listen: Listen) -> None:
    answer = http(gzip.compress(BODY), "Content-Encoding: gzip")
    assert ask(listen(sends(answer))) == OK


def test_a_chunked_answer_is_read(listen: Listen) -> None:
    chunks = b"".join(b"1\r\n" + BODY[i : i + 1] + b"\r\n" for i in range(len(BODY)))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert ask(listen(sends(head + chunks + b"0\r\n\r\n"))) == OK


def test_an_answer_that_ends_with_the_connection_is_read(listen: Listen) -> None:
    assert ask(listen(sends(b"HTTP/1.1 200 OK\r\n\r\n" + BODY))) == OK


def test_one_connection_serves_several_calls(listen: Listen) -> None:
    answer = http(BODY).replace(b"Connection: close\r\n", b"")
    connections: list[str] = []

    def handle(sock: socket.socket, head: str) -> None:
        connections.append(head)
        more = head.encode()
        while more:
            # A body may come apart from its head, and is no request of its own.
            if more.endswith(b"{}"):
                sock.sendall(answer)
            more = sock.recv(65536)

    base = listen(handle)
    transport = Transport(QUICK, lambda: False)
    for _call in range(3):
        assert transport.send(Request("POST", f"{base}/x", payload={})).body == OK
    transport.close()
    assert len(connections) == 1


@pytest.mark.parametrize(
    "parts",
    [
        http(BODY),  # the head drips as well as the body
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000,
    ],
)
def test_a_byte_now_and_then_does_not_outlive_the_deadline(
    listen: Listen, parts: bytes
) -> None:
    """F-36, R6: a read time-out alone never ends it."""
    began = time.monotonic()
    error = refusal(listen(dripping(parts)))
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "deadline"
    assert time.monotonic() - began < QUICK.whole + 0.5


def test_a_dripping_gzip_stream_does_not_outlive_the_deadline(listen: Listen) -> None:
    """F-36: the decoder waits for bytes too."""
    body = gzip.compress(b" " * 100_000)
    error = refusal(listen(dripping(http(body, "Content-Encoding: gzip"))))
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "deadline"


def test_silence_is_a_time_out(listen: Listen) -> None:
    """F-35."""
    error = refusal(listen(lambda sock, head: time.sleep(1.2)))
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "timeout"


def test_a_stopped_read_ends_while_it_waits(listen: Listen) -> None:
    stopped = threading.Event()
    base = listen(lambda sock, head: time.sleep(6))
    threading.Timer(0.3, stopped.set).start()
    began = time.monotonic()
    with pytest.raises(CrawlStopped):
        ask(base, Limits(), stopped=stopped.is_set)
    assert time.monotonic() - began < 2


def test_a_refused_connection_is_named() -> None:
    """F-34."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    error = refusal(f"http://127.0.0.1:{port}")
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "refused"
    assert "server address and server port" in error.remedy


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Replace the system's resolver: the world outside, not our code."""

    def replace(answer: Callable[..., Any]) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", answer)

    return replace


def test_an_unknown_name_is_named(resolver: Callable[[Any], None]) -> None:
    """F-34."""

    def unknown(*_args: Any, **_kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    resolver(unknown)
    error = refusal("https://oapi.dingtalk.invalid")
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "dns"


def test_a_resolver_that_hangs_is_not_waited_for(
    resolver: Callable[[Any], None],
) -> None:
    """The system's resolver knows no deadline; ours does."""
    over = threading.Event()
    resolver(lambda *_args, **_kwargs: over.wait(5) and [])
    began = time.monotonic()
    error = refusal("https://oapi.dingtalk.invalid")
    over.set()
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "dns"
    assert time.monotonic() - began < 1.5


def test_the_second_address_of_a_name_is_tried(
    listen: Listen, resolver: Callable[[Any], None]
) -> None:
    base = listen(sends(http(BODY)))
    port = int(base.rpartition(":")[2])
    real = socket.getaddrinfo

    def two(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "oapi.dingtalk.invalid":
            return real(host, *args, **kwargs)
        found = real("127.0.0.1", port, type=socket.SOCK_STREAM)
        dead = (*found[0][:4], ("127.0.0.2", port))
        return [dead, *found]

    resolver(two)
    assert ask(f"http://oapi.dingtalk.invalid:{port}") == OK


def test_a_peer_that_speaks_no_tls_is_a_tls_failure(listen: Listen) -> None:
    """F-34: never tried again without verification."""
    base = listen(sends(http(BODY)))
    error = refusal(base.replace("http://", "https://"))
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "tls"


@pytest.mark.parametrize(
    "answer",
    [
        http(BODY, f"Content-Length: {len(BODY) + 50}"),
        http(BODY[: len(BODY) // 2]),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    ],
)
def test_a_damaged_answer_is_worth_another_try(listen: Listen, answer: bytes) -> None:
    """F-37: cut JSON, a wrong Content-Length, a reset half way."""
    error = refusal(listen(sends(answer)))
    assert isinstance(error, errors.Unreachable)


def test_a_page_of_somebody_else_is_quoted_in_the_log_cleaned(
    listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    """F-38."""
    page = "<html>\x07 Please log on to the guest network " + "x" * 500
    error = refusal(listen(sends(http(page.encode(), "Content-Type: text/html"))))
    assert isinstance(error, errors.Unexpected)
    assert error.code == "not-json"
    logged = caplog.messages[-1]
    assert "guest network" in logged
    assert "\x07" not in logged
    assert len(logged) < 260


def test_a_redirect_is_not_followed(listen: Listen) -> None:
    heads: list[str] = []

    def handle(sock: socket.socket, head: str) -> None:
        heads.append(head)
        sock.sendall(http(b"", "Location: /elsewhere", status="302 Found"))

    error = refusal(listen(handle))
    assert isinstance(error, errors.Unexpected)
    assert error.code == "redirect-302"
    assert len(heads) == 1


def test_a_proxy_of_the_environment_is_not_used(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(listen(sends(http(BODY)))) == OK


def test_no_cookie_is_kept(listen: Listen) -> None:
    heads: list[str] = []

    def handle(sock: socket.socket, head: str) -> None:
        heads.append(head)
        sock.sendall(http(BODY, "Set-Cookie: a=b; Path=/"))

    base = listen(handle)
    transport = Transport(QUICK, lambda: False)
    for _call in range(2):
        transport.send(Request("POST", f"{base}/x"))
    transport.close()
    assert "cookie" not in heads[1].lower()


MEGABYTE = b" " * (1 << 20)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_huge_answer_is_cut_at_8_megabytes(listen: Listen, compressed: bool) -> None:
    """F-40: after decompression; memory grows by less than 50 MB."""
    if compressed:
        body = gzip.compress(MEGABYTE) * 200  # members one after the other
        parts = [http(body, "Content-Encoding: gzip")]
    else:
        parts = [b"HTTP/1.1 200 OK\r\n\r\n", *([MEGABYTE] * 200)]
    base = listen(sends(*parts))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refusal(base, Limits())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert isinstance(error, errors.Unexpected)
    assert error.code == "too-large"
    assert grown < 50 * 1024


@pytest.mark.usefixtures("room_below")
def test_an_answer_nested_too_deeply_is_unexpected(listen: Listen) -> None:
    """F-40."""
    error = refusal(listen(sends(http(b"[" * 200_000 + b"]" * 200_000))))
    assert isinstance(error, errors.Unexpected)
    assert error.code == "deep"


def test_an_error_names_no_address_and_no_token_even_in_its_chain(
    listen: Listen,
) -> None:
    """The library's own errors quote the address, and the token stands in it."""
    base = listen(lambda sock, head: sock.close())
    transport = Transport(QUICK, lambda: False)
    with pytest.raises(errors.Unreachable) as caught:
        transport.send(Request("POST", f"{base}/x", {"access_token": "tok-secret"}))
    transport.close()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "tok-secret" not in repr(caught.value)


def test_logs_hold_no_token_whatever_the_level(
    listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    """Not ours, and not those of the library below either."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    base = listen(sends(http(BODY)))
    ask(base, params={"access_token": "tok-secret"})
    assert any("HTTP/1.1" in message for message in caplog.messages)
    assert "tok-secret" not in caplog.text


def test_a_page_that_quotes_the_address_does_not_leak_the_token(
    listen: Listen, caplog: pytest.LogCaptureFixture, gate: CountingGate
) -> None:
    """Error pages of proxies repeat the address they were asked for."""

    def handle(sock: socket.socket, head: str) -> None:
        line = head.split("\r\n")[0]
        if "accessToken" in line:
            body = b'{"accessToken":"tok-secret","expireIn":7200}'
        else:
            body = f"<html>cannot reach {line} tok-secret</html>".encode()
        sock.sendall(http(body))

    listen(handle)
    caplog.set_level(logging.DEBUG)
    client = Client(
        {"app_key": "k", "app_secret": "s3cr3t-s3cr3t"}, gate, patience=Patience(0, 0)
    )
    with pytest.raises(errors.Unexpected) as caught:
        client.scopes()
    client.close()
    assert "cannot reach" in caught.value.message
    for secret in ("tok-secret", "s3cr3t-s3cr3t"):
        assert secret not in caught.value.message
        assert secret not in caplog.text
