"""The port is taken before anything else starts, so that nothing is half begun."""

import errno
import socket


class PortUnavailable(Exception):
    """The port cannot be had; the text is one sentence for the person who started us."""


def claim(host: str, port: int) -> socket.socket:
    """A listening socket on `host` and `port`; raises PortUnavailable."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once: two sockets may be bound to one port, but only one can listen.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise PortUnavailable(_sentence(host, port, error)) from None
    return listener


def _sentence(host: str, port: int, error: OSError) -> str:
    where = f"Port {port} on {host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use; end what uses it, or choose another port."
    if error.errno == errno.EACCES:
        return f"{where} needs more rights than this account has; choose one from 1024."
    return f"{where} cannot be used: {error.strerror or error}."
