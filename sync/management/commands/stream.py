"""`stream`: holds the push connections of the IdPs that chose stream mode."""

import signal
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import CommandError

from identity.management.steady import SteadyCommand
from identity.models import IdentityProvider
from sync import streams

HELP = """\
Hold the push connections of the IdPs whose Push Method is Stream Mode, until Ctrl-C or
SIGTERM. `up` and `demo` do it already; start this beside a web server and workers that
you run on their own.

  manage.py stream                   for every IdP, also those that choose it later
  manage.py stream "Head office"     for one

IDP is the IdP's name or its public id. An IdP that is enabled, closed or changed is
noticed within seconds. One process is enough; two do no harm, because the vendor sends
each event to one of them, and one that comes twice is kept once.

exit codes: 0 ended, 2 there is no such IdP
"""


class Command(SteadyCommand):
    """Says how each connection stands, and goes on."""

    help = HELP

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the line breaks of the help text."""
        return super().create_parser(
            *args, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One IdP, or all."""
        parser.add_argument(
            "idp", metavar="IDP", nargs="?", help="name or public id of one IdP"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Hold them until a signal."""
        stopping = _on_signal()
        idp = self._named(options["idp"]) if options["idp"] else None
        only = idp.pk if idp else None
        if not streams.chosen(only):
            who = f"{idp} does not use" if idp else "No enabled IdP uses"
            self._say(f"{who} Stream Mode now. Waiting for it.")
        streams.Keeper(only, self._say).run(stopping)
        self._say("Ended.")

    def _named(self, text: str) -> IdentityProvider:
        try:
            return IdentityProvider.named(text)
        except IdentityProvider.DoesNotExist:
            message = f"no IdP is called {text!r}"
            raise CommandError(message, returncode=2) from None

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _on_signal() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set."""
    stopping = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: stopping.set())
    return stopping
