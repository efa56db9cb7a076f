"""Where a logon may lead to: places of our own, found by their names (T-22, I-81)."""

import re

from django.urls import Resolver404, resolve, reverse

LONGEST = 4096
PLACES = {
    # The name of a place, and whether its query belongs to it.
    "oauth2_provider:authorize": True,
    "sync:home": False,
    "identity:client": False,
}
PATH = re.compile(r"(/[A-Za-z0-9_-]+)+/?")
"""No dots, no escapes, no empty parts: nothing that two readers read in two ways."""
QUERY = re.compile(r"[!$&-;=?-Z_a-z~%]*")
"""What RFC 3986 allows in a query, without a quote."""


def onwards(path: str) -> str:
    """A path of our own that a logon may lead to, "" for anything else."""
    if len(path) > LONGEST:
        return ""
    place, mark, query = path.partition("?")
    if not PATH.fullmatch(place) or not QUERY.fullmatch(query):
        return ""
    try:
        name = resolve(place).view_name
    except Resolver404:
        return ""
    if name not in PLACES or reverse(name) != place:
        return ""
    return path if PLACES[name] else place if not mark else ""
