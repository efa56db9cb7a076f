"""The lookup behind every search: plain LIKE, the same results on both databases.

Trigram and full-text indexes find nothing for one and two Chinese characters
(measured), so none is used.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
class Holds(Lookup):
    """`name__holds="ab"`: the text stands in it; ASCII letters match in any case.

    This is what SQLite's LIKE does by itself. PostgreSQL's LOWER folds more letters,
    and slowly, unless it is told the collation "C".
    """

    lookup_name = "holds"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """`%` and `_` in the text mean themselves."""
        left, parameters = self.process_lhs(compiler, connection)
        text = fold(self.rhs)
        if connection.vendor == "postgresql" and text != self.rhs.upper():
            left = f'LOWER({left} COLLATE "C")'
        pattern = f"%{connection.ops.prep_for_like_query(text)}%"
        return f"{left} LIKE %s ESCAPE '\\'", (*parameters, pattern)


def fold(text: str) -> str:
    """The text with ASCII letters, and no others, in lower case."""
    return (
        text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    )
