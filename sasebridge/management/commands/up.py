"""`manage.py up`: the whole product with one command."""

import contextlib
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from identity.models import User
from sasebridge import starting
from sasebridge.serving import embedded, ports, processes

EPILOG = """\
Without settings it is one process on SQLite. With DATABASE_URL=postgres://... it uses
PostgreSQL; with CELERY_BROKER_URL=redis://... it is the parent of a web server, the
workers and the scheduler, and starts a child that dies again.

Ctrl-C or SIGTERM ends everything within 5 seconds and loses nothing: the work list is
in the database, and the next start goes on.

  manage.py up                          http://localhost:8000/
  manage.py up --port 9000              another port
  manage.py up --host 0.0.0.0           behind a proxy on another machine; set
                                        ALLOWED_HOSTS and PUBLIC_URL too

The first account: manage.py createsuperuser
"""


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the examples."""


class Command(BaseCommand):
    """Takes the port, brings the database up to date, then serves until a signal."""

    help = "Start web, worker and scheduler; Ctrl-C ends all."
    epilog = EPILOG
    name = "sasebridge"
    requires_migrations_checks = False

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        """The usual parser with the examples below it."""
        kwargs |= {"epilog": self.epilog, "formatter_class": HelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            default=settings.PORT,
            help="the port of the console (default: PORT, else 8000)",
        )
        parser.add_argument(
            "--host",
            default="127.0.0.1",
            help="the address to listen on (default: 127.0.0.1, this machine only)",
        )

    def handle(self, *args: Any, port: int, host: str, **options: Any) -> None:
        # Ctrl-C before the servers have their own handlers ends quietly too.
        with contextlib.suppress(KeyboardInterrupt):
            try:
                listener = ports.claim(host, port)
                self.prepare(port)
            except ports.PortUnavailable as error:
                raise CommandError(str(error)) from None
            serving = embedded if settings.EMBEDDED else processes
            serving.run(listener, self._show)

    def prepare(self, port: int) -> None:
        """What must stand before the first request is answered."""
        self.stdout.write("Bringing the database up to date ...")
        call_command("migrate", interactive=False, verbosity=0)
        starting.check()

    def summary(self) -> list[tuple[str, str]]:
        """Lines of the frame: a label and a value."""
        lines = [("Console", f"{settings.PUBLIC_URL}/")]
        if not User.objects.filter(role=User.Role.ADMINISTRATOR).exists():
            lines.append(("First account", "python manage.py createsuperuser"))
        return lines

    def _show(self) -> None:
        """Say where everything is. No side borders, so that values can be copied."""
        lines = [f"  {self.name} is running. Ctrl-C ends it.", ""]
        lines += [f"  {label:<16}{value}".rstrip() for label, value in self.summary()]
        rule = "=" * max(60, *(len(line) + 2 for line in lines))
        self.stdout.write("\n".join(["", rule, *lines, rule, ""]))
        self.stdout.flush()
