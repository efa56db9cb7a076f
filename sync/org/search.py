"""The lookup behind every search: plain LIKE, the same results on both databases.

Trigram and full-text indexes find nothing for one and two Chinese characters
(measured), so none is used.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    Case,
    CharField,
    Func,
    IntegerField,
    Lookup,
    Q,
    Value,
    When,
)
from django.db.models.sql.compiler import SQLCompiler

from sync.letters import fold, plain
from sync.sound import BARE, spoken


@CharField.register_lookup
class Holds(Lookup):
    """`name__holds="ab"`: the text stands in it; ASCII letters match in any case.

    This is what SQLite's LIKE does by itself. PostgreSQL's LOWER folds more letters,
    and slowly, unless it is told the collation "C".
    """

    lookup_name = "holds"
    prepare_rhs = False
    before, after = "%", "%"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """`%` and `_` in the text mean themselves."""
        left, parameters = self.process_lhs(compiler, connection)
        text = fold(self.rhs)
        if connection.vendor == "postgresql" and text != self.rhs.upper():
            left = f'LOWER({left} COLLATE "C")'
        pattern = f"{self.before}{connection.ops.prep_for_like_query(text)}{self.after}"
        return f"{left} LIKE %s ESCAPE '\\'", (*parameters, pattern)


@CharField.register_lookup
class Begins(Holds):
    """`name__begins="ab"`: the same, where the text begins."""

    lookup_name = "begins"
    before = ""


@CharField.register_lookup
class Named(Holds):
    """`name__named="ab"`: the same, where it is the whole text."""

    lookup_name = "named"
    before, after = "", ""


@CharField.register_lookup
class Bare(Lookup):
    """`sound__bare="ab"`: the name without accents holds the text."""

    lookup_name = "bare"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """What stands before `BARE` is not looked into."""
        left, parameters = self.process_lhs(compiler, connection)
        pattern = f"%{BARE}%{connection.ops.prep_for_like_query(self.rhs)}%"
        return f"{left} LIKE %s ESCAPE '\\'", (*parameters, pattern)


class Walked(Func):
    """A column without its index: SQLite would take any that fits, however wide."""

    template = "%(expressions)s"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        """A plus sign changes no value, and hides the column from the planner."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


def named(text: str) -> Q:
    """Whose name holds the text, in whatever accents, or sounds like it from a syllable
    on."""
    found = Q(name__holds=text)
    if bare := plain(text):
        found |= Q(name__holds=bare) if bare != fold(text) else Q()
        found |= Q(sound__bare=bare)
    if letters := spoken(text):
        found |= Q(sound__contains=letters)
    return found


def ranked(text: str) -> Case:
    """0 for whom the text names, 1 whose name begins with it as it is written or usually
    read, 2 for the others."""
    bare, letters = plain(text), spoken(text)
    named, begins = Q(name__named=text), Q(name__begins=text)
    if bare and bare != fold(text):
        named |= Q(name__named=bare)
        begins |= Q(name__begins=bare)
    if bare:
        named |= Q(sound__endswith=f"{BARE}{bare}")
        begins |= Q(sound__contains=f"{BARE}{bare}")
    if letters:
        begins |= Q(sound__contains=f"^{letters}")
    return Case(
        *(When(named, then=Value(0)), When(begins, then=Value(1))),
        default=Value(2),
        output_field=IntegerField(),
    )
