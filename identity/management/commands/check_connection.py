"""The Connectivity Test of an IdP, in a terminal."""

import json
import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity import connection
from identity.connectors.records import Check, CheckStatus
from identity.fields import CannotOpen
from identity.management.printing import check_lines
from identity.management.steady import SteadyCommand
from identity.models import IdentityProvider

FAILED, USAGE = 1, 2
HELP = """\
Run the Connectivity Test of an IdP: is the vendor reached, are the credentials
right, may this server's address call, and is every permission granted?

The rows appear as they end, at most 60 seconds altogether. A token is asked for
afresh, and the report is kept, as if the test was run in the console.
"""
EXAMPLES = """\
IDP is the name of an IdP, in any case, or its public id (a draft has only that).

examples:
  manage.py check_connection "Head office"
  manage.py check_connection 7f0c0c5e-53a5-4d2c-9d2f-2f6d1f7e9d55 --json
  manage.py check_connection HQ && manage.py sync_directory HQ

exit status: 0 the test passes (warnings do not count), 1 it fails, 2 there is no
such IdP. With --json the output is one list of objects with the keys check, status
(pass, warn, fail or skipped), cause, fix and ms, and nothing else.
"""


class Command(SteadyCommand):
    help = HELP
    requires_system_checks: list[str] = []

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """As Django's, but the lines of the examples stay as they are."""
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(*args, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """One IdP, and the form of the output."""
        parser.add_argument("idp", metavar="IDP", help="name or public id of the IdP")
        parser.add_argument(
            "--json", action="store_true", help="print the rows as one JSON list"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks; exits with 1 unless the test passes."""
        idp = self._named(options["idp"])
        try:
            passed = self._as_json(idp) if options["json"] else self._as_text(idp)
        except CannotOpen as error:
            raise CommandError(
                f"A secret of this IdP cannot be read: {error}"
            ) from None
        if not passed:
            sys.exit(FAILED)

    def _named(self, text: str) -> IdentityProvider:
        try:
            return IdentityProvider.named(text)
        except IdentityProvider.DoesNotExist:
            names = IdentityProvider.objects.filter(confirmed_at__isnull=False)
            known = ", ".join(str(idp) for idp in names) or "none yet"
            message = f"There is no IdP {text!r}. Known: {known}."
            raise CommandError(message, returncode=USAGE) from None

    def _as_json(self, idp: IdentityProvider) -> bool:
        checks = [check for check, _report in connection.run_checks(idp)]
        self.in_utf8()
        self.stdout.write(json.dumps([_plain(c) for c in checks], ensure_ascii=False))
        return connection.passed(checks)

    def _as_text(self, idp: IdentityProvider) -> bool:
        checks: list[Check] = []
        for check, _report in connection.run_checks(idp):
            checks.append(check)
            self.stdout.write("\n".join(check_lines(check, self.style)))
            self.stdout.flush()
        passed = connection.passed(checks)
        warnings = sum(check.status is CheckStatus.WARN for check in checks)
        if passed:
            count = f" with {warnings} warnings" if warnings else ""
            self.stdout.write(self.style.SUCCESS(f"The test passed{count}."))
        else:
            self.stdout.write(
                self.style.ERROR(
                    "Connection Failed: verify that the server address and server"
                    " port are correct. The causes stand above."
                )
            )
        return passed


def _plain(check: Check) -> dict[str, str | int]:
    return {
        "check": check.key,
        "status": check.status.value,
        "cause": check.cause,
        "fix": check.fix,
        "ms": check.ms,
    }
