"""Asks the vendor for the people whom a comparison of two mappings is made of."""

from collections.abc import Callable

from identity.comparing import Comparison, compare, dropped
from identity.connectors.base import Connector
from identity.mapping import FieldMapping
from identity.sampling import people_of
from identity.signals import StoredDirectory

READ = 50
"""People who are read: one page."""


def compared(
    connector: Callable[[], Connector],
    old: FieldMapping,
    new: FieldMapping,
    stored: StoredDirectory | None,
) -> Comparison | None:
    """None if both are the same. Raises ConnectorError."""
    if set(old.rows) == set(new.rows):
        return None
    asked = connector()
    people = people_of(asked, details=old.details or new.details, size=READ)
    gone = stored.filled(dropped(old, new)) if stored else {}
    return compare(people, old, new, asked.source_fields(), gone)
