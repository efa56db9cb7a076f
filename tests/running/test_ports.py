"""A port is had for oneself, or not at all."""

import socket

import pytest

from sasebridge.serving import ports

pytestmark = pytest.mark.alone


@pytest.fixture
def taken() -> "socket.socket":
    return ports.claim("127.0.0.1", 0)


def test_a_claimed_port_accepts_connections_at_once(taken: socket.socket) -> None:
    with taken, socket.create_connection(taken.getsockname(), timeout=5) as visit:
        assert visit.getpeername() == taken.getsockname()


def test_a_port_in_use_is_said_in_one_sentence(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with taken, pytest.raises(ports.PortUnavailable) as caught:
        ports.claim("127.0.0.1", port)
    assert str(caught.value) == (
        f"Port {port} on 127.0.0.1 is in use; end what uses it, or choose another port."
    )


def test_an_address_of_another_machine_is_said_so() -> None:
    with pytest.raises(ports.PortUnavailable, match=r"cannot be used: .*assign"):
        ports.claim("192.0.2.1", 0)


def test_a_port_can_be_claimed_again_after_it_was_used(taken: socket.socket) -> None:
    address = taken.getsockname()
    socket.create_connection(address, timeout=5).close()
    taken.close()
    ports.claim(*address).close()
