"""Named moments of a full run, found from outside: by the statements that it sends to the
database and by the calls that it makes. Nothing of the product knows of them.

A statement is seen before it is executed, so a moment between two steps is the moment
before the first statement of the second one.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from identity.connectors.dingtalk.simulator.api import Simulator
from tests.engine.conftest import GET, LIST, LISTSUB

Act = Callable[[], object]
FENCE = r'SELECT "sync_syncrun"\."id".*"sync_syncrun"\."state" IN'
WRITE = (
    r"^\s*(INSERT (OR IGNORE )?INTO|UPDATE|DELETE FROM) "
    r"\"?sync_(department|employee|membership)\b"
)
READ_AGAIN = r'SELECT "sync_syncrun"\."id".*WHERE "sync_syncrun"\."id" = '
"""By its worker: after the claim, and once the outcome is committed."""
OUTCOME = r'UPDATE "sync_syncrun" SET .*"finished_at"'


@dataclass(frozen=True)
class Point:
    """The n-th call of a path, or the n-th statement that looks like `statement`."""

    name: str
    statement: str = ""
    path: str = ""
    nth: int = 1
    after: bool = False
    """Not before that statement, but once it is done."""

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def reached(self, simulator: Simulator, act: Act) -> Iterator[None]:
        """Within the block, `act` is done once, at this moment of a run of this thread."""
        if self.path:
            rule = simulator.faults.before(self.path, self.nth, act)
            try:
                yield
            finally:
                simulator.faults.remove(rule)
            return
        with connection.execute_wrapper(_Wrapper(self, act)):
            yield


class _Wrapper:
    """Sees every statement of one connection."""

    def __init__(self, point: Point, act: Act) -> None:
        self._looks_like = re.compile(point.statement, re.DOTALL)
        self._point = point
        self._act = act
        self._seen = 0

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: Any,
    ) -> Any:
        here = bool(self._looks_like.search(_text(sql)))
        self._seen += here
        here = here and self._seen == self._point.nth
        if here and not self._point.after:
            self._act()
        result = execute(sql, params, many, context)
        if here and self._point.after:
            self._act()
        return result


def _text(sql: Any) -> str:
    """The statement; psycopg has objects of its own for some."""
    return sql if isinstance(sql, str) else str(sql)


CLAIM = r'UPDATE "sync_syncrun" SET "state".*"fence"'
POINTS = (
    Point("before-claim", CLAIM),
    Point("after-claim", CLAIM, after=True),
    Point("token-fetched", path=LISTSUB),
    Point("after-3-department-pages", path=LISTSUB, nth=4),
    Point("after-3-people-pages", path=LIST, nth=4),
    Point("staged-not-compared", "CREATE TEMPORARY TABLE stage_diff"),
    Point("compared-not-guarded", r"SELECT COUNT\(\*\).*FROM \"sync_employee\""),
    Point("asked-for-one-of-two", path=GET, nth=2),
    Point("guard-passed-not-applied", FENCE),
    Point("inside-batch-1", WRITE),
    Point("after-batch-1", FENCE, nth=2),
    Point("inside-batch-2", WRITE, nth=2),
    Point("after-batch-2", FENCE, nth=3),
    Point("inside-batch-4", WRITE, nth=4),
    Point("after-batch-4", FENCE, nth=5),
    Point(
        "people-applied-not-their-places", "CREATE TEMPORARY TABLE stage_member", nth=2
    ),
    Point("counting", "CREATE TEMPORARY TABLE stage_shape"),
    Point("applied-not-recorded", r"SELECT.*FROM \"sync_accesscut\""),
    Point("being-recorded", OUTCOME),
    Point("recorded-not-notified", READ_AGAIN, nth=2),
)
"""Every moment of F-17, in the order of a run."""


def named(name: str) -> Point:
    """The point of this name."""
    (point,) = (point for point in POINTS if point.name == name)
    return point
