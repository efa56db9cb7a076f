"""Rows into a table the fast way of each database: COPY or executemany."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection


def load(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Put rows into a table the fast way of each database.

    They are made before it begins: whoever makes them may ask the database, and would
    wait for ever on a connection that a COPY has.
    """
    ready = list(rows)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in ready:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        with _short_transaction():
            cursor.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
                ready,
            )


@contextmanager
def _short_transaction() -> Iterator[None]:
    """Many inserts as one on SQLite, without the write lock that `atomic` would take.

    A deferred transaction that writes to temporary tables alone never locks the
    database that events and logons write to.
    """
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            yield
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
