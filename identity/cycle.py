"""When an IdP's automatic synchronization comes round. Pure: moments in, moments out.

Each IdP has a minute and a second of its own, for at the full hour everybody asks their
vendor. A due is the one before it plus the cycle, so that the hour stays the same however
late a run began, or however often one had to be tried again.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

HOUR = timedelta(hours=1)
FREE = 120
"""Seconds on either side of the full hour at which no cycle comes round."""
SOON = timedelta(minutes=10)
"""A run that began just now does the work of one that would be due so soon."""


def offset_of(key: UUID) -> timedelta:
    """The minute and second of the hour that belong to an IdP, always the same."""
    return timedelta(seconds=FREE + key.int % (3600 - 2 * FREE))


def latest(now: datetime, cycle: timedelta, offset: timedelta) -> datetime:
    """The last moment of the IdP's own within a cycle from now, but not at once."""
    at = _own(now + cycle, offset)
    return at if at > now + SOON else at + HOUR


def following(
    due: datetime, now: datetime, cycle: timedelta, offset: timedelta
) -> datetime:
    """The first due in step with this one that is still to come.

    However many were missed, and also if `due` is further ahead than any should be,
    since a clock was set back.
    """
    at, earliest = _own(due, offset), now + SOON
    return at + cycle * ((earliest - at) // cycle + 1)


def is_far(due: datetime, now: datetime, cycle: timedelta) -> bool:
    """Whether a due is further ahead than any can be that a right clock has set."""
    return due > now + cycle + HOUR


def _own(moment: datetime, offset: timedelta) -> datetime:
    """The IdP's own minute and second at or before a moment."""
    moment = moment.astimezone(UTC)
    at = moment.replace(minute=0, second=0, microsecond=0) + offset
    return at if at <= moment else at - HOUR
