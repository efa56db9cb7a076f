"""T-35: the client that calls what an administrator typed goes nowhere else."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from identity import outgoing
from identity.outgoing import Undelivered, is_public, post
from tests.oidc.receiver import Receiver, receiving

pytestmark = pytest.mark.alone
FORM = {"logout_token": "x"}
HIDDEN = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255"),  # noqa: S104
    *("192.168.0.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "192.0.0.1"),
    *("192.0.0.192", "::ffff:192.0.0.192", "64:ff9b:1::7f00:1", "3fff::1", "5f00::1"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1"),
    *("fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2002:a00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "100::1", "fec0::1"),
    *("::ffff:192.168.0.1", "::ffff:0.0.0.0"),
]
OPEN = [
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
]


@pytest.fixture(autouse=True)
def _on_loopback(settings: Any) -> None:
    settings.LOGOUT_PRIVATE_HOSTS = ["127.0.0.1", "app.test"]


@pytest.mark.parametrize("address", HIDDEN, ids=lambda one: f"T-35-{one}")
def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(
    address: str,
) -> None:
    assert not is_public(address)
    with pytest.raises(Undelivered, match=r"^private:"):
        post("https://inside.test/", FORM, lambda host, port: ["1.1.1.1", address])


@pytest.mark.parametrize("address", OPEN)
def test_a_name_in_the_open_network_is_not_refused(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.test/", "http://localhost/", "http://[::1]/", "file:///etc/passwd",
        "gopher://127.0.0.1/", "https://u@app.test/", "https://app.test/#x", "//app.test/",
        "https:///x", "http://127.0.0.1@app.test/", "http://127.1/", "http://0x7f.0.0.1/",
    ],
)  # fmt: skip
def test_T35_an_address_that_nobody_may_register_is_not_called(url: str) -> None:
    with pytest.raises(Undelivered, match=r"^address"):
        post(url, FORM, lambda host, port: pytest.fail("was resolved"))


def test_T35_a_name_is_asked_for_once_and_exactly_that_is_called(
    tmp_path: Path,
) -> None:
    """Rebinding: the second answer would be another machine."""
    with receiving(_context(tmp_path)) as receiver:
        asked: list[str] = []

        def rebinding(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

        with pytest.raises(Undelivered, match=r"^tls:"):
            post(f"https://app.test:{receiver.port}/", FORM, rebinding)
    assert asked == ["app.test"]


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("name", ["app.test", "other.test"])
def test_T35_the_certificate_must_be_good_and_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, name: str
) -> None:
    context = _context(tmp_path, name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "pem"))
    with receiving(context) as receiver:
        url = f"https://app.test:{receiver.port}/"
        if trusted and name == "app.test":
            assert post(url, FORM, lambda host, port: ["127.0.0.1"]) == 200
        else:
            with pytest.raises(Undelivered, match=r"^tls:"):
                post(url, FORM, lambda host, port: ["127.0.0.1"])
            assert receiver.came == []


def test_T35_a_redirect_is_not_followed() -> None:
    with receiving() as other, receiving() as receiver:
        receiver.status, receiver.headers = 302, {"Location": other.url}
        assert post(receiver.url, FORM) == 302
        assert other.came == []


def test_T35_no_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving() as proxy, receiving() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.url, FORM) == 200
        assert (len(receiver.came), proxy.came) == (1, [])


@pytest.mark.parametrize(("more", "right"), [(0, True), (1, False)])
def test_T35_an_answer_has_its_size(more: int, right: bool) -> None:
    with receiving() as receiver:
        receiver.body = b"x" * (outgoing.MOST + more)
        if right:
            assert post(receiver.url, FORM) == 200
        else:
            with pytest.raises(Undelivered, match="size"):
                post(receiver.url, FORM)


@pytest.mark.parametrize("how", ["silent", "drops"])
def test_T35_nobody_holds_the_caller(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(outgoing, "WHOLE", 0.3)
    with receiving() as receiver:
        setattr(receiver, how, True)
        receiver.body = b"x" * 60_000
        begun = time.monotonic()
        with pytest.raises(Undelivered, match="timeout"):
            post(receiver.url, FORM)
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (b"SSH-2.0-x\r\n", "answer"),
        (b"", "connect|answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 70_000, "answer"),
    ],
)
def test_what_is_no_answer_is_said(said: bytes, cause: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            taken, _from = server.accept()
            with taken:
                taken.recv(65536)
                taken.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(Undelivered, match=f"^({cause})"):
            post(f"http://127.0.0.1:{port}/", FORM)
        thread.join(5)


def test_nobody_there_and_no_such_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Undelivered, match="connect"):
        post(f"http://127.0.0.1:{port}/", FORM)
    with pytest.raises(Undelivered, match="name"):
        post("https://app.test/", FORM, lambda host, port: [])


def test_the_first_address_that_answers_is_taken() -> None:
    with receiving() as receiver:
        url = Receiver(port=receiver.port).url
        assert post(url, FORM, lambda host, port: ["127.0.0.2", "127.0.0.1"]) == 200


def _context(folder: Path, name: str = "app.test") -> ssl.SSLContext:
    """A server's side with a certificate that its own file alone vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "pem").write_bytes(
        private + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")
    return context
