"""A few people, live, in as few calls as it takes to meet some."""

from collections import deque
from collections.abc import Iterator

from identity.connectors.dingtalk.answers import Page, Range
from identity.connectors.dingtalk.calling import Read
from identity.connectors.dingtalk.client import Client
from identity.connectors.errors import Gone, OutOfScope
from identity.connectors.records import ROOT

MOST_DEPARTMENTS = 6
"""Departments whose first page is looked at."""


def tops_of(given: Range) -> tuple[str, ...]:
    """The departments at the top of what the app may read."""
    return (ROOT,) if given.whole else given.departments


def pages(client: Client, given: Range) -> Iterator[tuple[str, Read[Page]]]:
    """First member pages from the top downwards, with their departments' ids.

    Children are asked for only when nothing else is left. Raises `ConnectorError`.
    """
    waiting = deque(tops_of(given))
    for _turn in range(MOST_DEPARTMENTS):
        if not waiting:
            return
        department = waiting.popleft()
        try:
            yield department, client.members(department)
            if not waiting:
                listing = client.sub_departments(department).value
                waiting.extend(item.id for item in listing.departments)
        except (Gone, OutOfScope):
            continue
