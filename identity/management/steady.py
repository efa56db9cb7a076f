"""Commands that end with a line and an exit code where something around them fails:
a database without tables, an output that takes nothing, Ctrl-C.
"""

import io
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

STOPPED, UNREAD = 130, 141
"""What a shell gives for SIGINT, and for SIGPIPE: the reader has seen enough."""
CLOSED = (
    "Standard output is closed, so that nothing can be shown. Nothing was done. Send "
    "the output somewhere, for example > /dev/null."
)
NO_TABLES = (
    "The database has no tables yet. Run manage.py migrate, or start the product "
    "once: make up."
)
OLD_TABLES = "The database is of an earlier version. Run manage.py migrate."


class Unwritten(Exception):
    """The output takes no more; `unread`: because its reader, such as `head`, left."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.unread = isinstance(error, BrokenPipeError)


class SteadyCommand(BaseCommand):
    """A command of which nobody sees a traceback for what it cannot help."""

    def execute(self, *args: Any, **options: Any) -> Any:
        """As Django's; and what was printed is written before the command has ended."""
        out = options.get("stdout") or self.stdout._out
        if sys.stderr is None:  # the words are lost, but not the exit code
            self.stderr = OutputWrapper(io.StringIO())
        if out is None:
            raise CommandError(CLOSED)
        if isinstance(out, io.TextIOWrapper):  # a terminal may know ASCII alone
            out.reconfigure(errors="backslashreplace")
        watched = _Watched(out)
        try:
            return self._execute(*args, **options | {"stdout": watched})
        except Unwritten as lost:
            if lost.unread:
                sys.exit(UNREAD)
            message = f"The output could not be written: {lost}."
            raise CommandError(message) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=STOPPED) from None
        except DatabaseError as error:
            if not (words := _database_words(error)):
                raise
            raise CommandError(words) from error
        finally:
            watched.end()

    def _execute(self, *args: Any, **options: Any) -> Any:
        try:
            result = super().execute(*args, **options)
        except SystemExit:  # its code counts only if all was written
            self.stdout.flush()
            raise
        self.stdout.flush()
        return result

    def in_utf8(self) -> None:
        """For JSON and files, which are UTF-8 whatever the terminal's language says."""
        if reconfigure := getattr(self.stdout, "reconfigure", None):
            reconfigure(encoding="utf-8", errors="backslashreplace")


class _Watched:
    """A stream that raises Unwritten where the one below it takes nothing."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except OSError as error:
            raise Unwritten(error) from None

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise Unwritten(error) from None

    def end(self) -> None:
        """Write what waits, or drop it, so that Python has nothing to say at its end."""
        try:
            self._stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def _database_words(error: DatabaseError) -> str:
    """What to do about it; "" if that is for a programmer to find out."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as worse:
        return f"The database cannot be used: {_line(worse)}"
    if missing:
        return OLD_TABLES if executor.loader.applied_migrations else NO_TABLES
    if isinstance(error, OperationalError):
        return f"The database cannot be used: {_line(error)}"
    return ""


def _line(error: DatabaseError) -> str:
    return " ".join(str(error).split())
