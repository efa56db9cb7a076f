"""Parameters of a request to the provider: each at most once, and readable."""

from collections.abc import Iterable

from django.http import QueryDict


class Unreadable(Exception):
    """A parameter stands there twice, or cannot be read."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} {why}")
        self.name = name


def single(data: QueryDict, names: Iterable[str]) -> dict[str, str]:
    """Those of these parameters that have a value; raises Unreadable.

    Without a value is left out (RFC 6749, 3.1). Other names are left out too, so that
    nobody can set what oauthlib keeps beside the parameters.
    """
    found = {}
    for name in names:
        value = one(data, name)
        if value:
            found[name] = value
    return found


def one(data: QueryDict, name: str) -> str:
    """A parameter's value, "" if it has none; raises Unreadable."""
    values = data.getlist(name)
    if len(values) > 1:
        raise Unreadable(name, "is given more than once")
    value = values[0] if values else ""
    # What is not UTF-8 has become U+FFFD on the way here.
    if "\0" in value or "\ufffd" in value:
        raise Unreadable(name, "is not text")
    return value
