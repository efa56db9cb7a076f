"""Puts a simulator on a port of this machine."""

import errno
import socket
from dataclasses import asdict
from pathlib import Path

import waitress
from waitress.server import BaseWSGIServer, MultiSocketServer

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.credentials import Credentials

HOST = "127.0.0.1"
THREADS = 16


class PortInUse(Exception):
    """Somebody else listens there; the text says where."""


def build(
    employees: int = 2000,
    departments: int = 200,
    seed: int = 1,
    rate: int = 20,
    state: Path | None = None,
) -> Simulator:
    """A simulator with an invented company, or with the one kept in `state`."""
    kept = state is not None and state.exists()
    company = (
        Company.load(state)
        if state and kept
        else Company.generate(employees, departments, seed)
    )
    simulator = Simulator(company, **asdict(Credentials.of_seed(seed)), rate=rate)
    if state:
        simulator.keep(state)
    return simulator


def listen(simulator: Simulator, port: int) -> BaseWSGIServer | MultiSocketServer:
    """A server that has its port and waits for `run()`; raises PortInUse."""
    listener = _bound(port)
    return waitress.create_server(
        simulator, sockets=[listener], threads=THREADS, ident="simulator"
    )


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as fault:
        listener.close()
        if fault.errno != errno.EADDRINUSE:
            raise
        raise PortInUse(f"Port {port} of {HOST} is in use; choose another.") from None
    return listener
