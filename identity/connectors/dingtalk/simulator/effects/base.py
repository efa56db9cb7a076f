"""What an effect is."""

from collections.abc import Callable

from identity.connectors.dingtalk.simulator.wire import Call, Reply

Effect = Callable[[Call, Callable[[], Reply]], Reply]
"""Gets the call and a way to the true answer; gives the answer that is sent."""


def whole(reply: Reply) -> bytes:
    """The bytes of an answer, all of them."""
    body = reply.encoded()
    return body if isinstance(body, bytes) else b"".join(body)
