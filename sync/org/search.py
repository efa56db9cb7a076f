"""The lookup behind every search: plain LIKE, the same results on both databases.

Trigram and full-text indexes find nothing for one and two Chinese characters
(measured), so none is used.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func, Lookup, Q
from django.db.models.sql.compiler import SQLCompiler

from sync.sound import spoken


@CharField.register_lookup
class Holds(Lookup):
    """`name__holds="ab"`: the text stands in it; ASCII letters match in any case.

    This is what SQLite's LIKE does by itself. PostgreSQL's LOWER folds more letters,
    and slowly, unless it is told the collation "C".
    """

    lookup_name = "holds"
    prepare_rhs = False
    before = "%"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """`%` and `_` in the text mean themselves."""
        left, parameters = self.process_lhs(compiler, connection)
        text = fold(self.rhs)
        if connection.vendor == "postgresql" and text != self.rhs.upper():
            left = f'LOWER({left} COLLATE "C")'
        pattern = f"{self.before}{connection.ops.prep_for_like_query(text)}%"
        return f"{left} LIKE %s ESCAPE '\\'", (*parameters, pattern)


@CharField.register_lookup
class Begins(Holds):
    """`name__begins="ab"`: the same, where the text begins."""

    lookup_name = "begins"
    before = ""


class Walked(Func):
    """A column without its index: SQLite would take any that fits, however wide."""

    template = "%(expressions)s"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        """A plus sign changes no value, and hides the column from the planner."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


def named(text: str) -> Q:
    """Whose name holds the text, or sounds like it from a syllable on."""
    letters = spoken(text)
    found = Q(name__holds=text)
    return found | Q(sound__contains=letters) if letters else found


def named_first(text: str) -> Q:
    """Whose name begins with the text, or sounds like it from the first syllable on."""
    letters = spoken(text)
    found = Q(name__begins=text)
    return found | Q(sound__contains=f"^{letters}") if letters else found


def fold(text: str) -> str:
    """The text with ASCII letters, and no others, in lower case."""
    return (
        text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    )
