"""`idp`: IdPs as files, for those who do not click."""

import json
import os
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from identity import drafts, wizard
from identity.as_code.applying import Outcome, Trial, save, wanted
from identity.as_code.facts import facts, outline
from identity.as_code.reading import MOST_BYTES, Refused, read
from identity.as_code.wanted import Wanted
from identity.as_code.writing import as_toml, example
from identity.connectors import registry
from identity.impact import impact_of
from identity.management.printing import check_lines, fact_lines, table_lines
from identity.management.steady import SteadyCommand, Unwritten
from identity.models import IdentityProvider

FAILED, USAGE, UNSHOWN = 1, 2, 3
STDIN = "-"
HELP = """\
Show IdPs, write one as a TOML file, and apply such a file.

  manage.py idp list                     every IdP, drafts too
  manage.py idp show "Head office"       one of them; secrets only as "set on"
  manage.py idp export HQ > hq.toml      as a file, without its secrets
  manage.py idp apply hq.toml            create or change an IdP by a file

IDP is the name of an IdP, in any case, or its public id.
`manage.py idp apply --help` describes the file.

exit status: 0 done, or nothing to do; 1 refused or failed, nothing was saved;
2 wrong use, or there is no such IdP or file
"""
APPLY = """\
Create or change an IdP by a TOML file. The values are judged as the wizard judges
them, the differences are printed before anything is changed, and everything is saved
or nothing. On a terminal you are asked first.

If a value is new that the Connectivity Test vouches for, or if a draft is to become
an IdP, the test runs with the new values; only if it passes is anything saved. A new
IdP is confirmed as by the wizard's Confirm, and its first synchronization begins.
A closed IdP that is enabled again is synchronized at once.
"""
FILE = """\
the file, for example:

{example}
Without an id the IdP with the name is meant. An id that is not there yet is given to
a new IdP. Secrets are names of environment variables, "env:NAME", and never stand in
the file. Of two sources the second is taken where the first is blank. Custom attributes
stand in a table [mapping.attributes] as NAME = "source"; [mapping] replaces the whole
mapping. What else is left out stays as it is, secrets too; for a new IdP it is
the wizard's default.

exit status: 0 applied, or nothing to change; 1 refused or failed, nothing was saved;
2 wrong use, or no such file; 3 saved, but what follows could not be printed
"""


class Command(SteadyCommand):
    help = HELP
    requires_system_checks: list[str] = []

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """As Django's, but lines stay as they are."""
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(*args, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """list, show, export, apply."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="every IdP")
        show = actions.add_parser("show", help="one IdP")
        export = actions.add_parser("export", help="an IdP as TOML, without secrets")
        for one in (show, export):
            one.add_argument("idp", metavar="IDP", help="name or public id of the IdP")
        for one in (listing, show):
            one.add_argument("--json", action="store_true", help="print JSON")
        apply = actions.add_parser(
            "apply",
            help="create or change an IdP by a file",
            description=APPLY,
            epilog=FILE.format(example="\n".join(map(example, registry.kinds()))),
            formatter_class=RawDescriptionHelpFormatter,
        )
        _add_apply_arguments(apply)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the action; Refused ends with 1 and every reason."""
        act: Callable[[dict[str, Any]], None] = {
            "list": self._list,
            "show": self._show,
            "export": self._export,
            "apply": self._apply,
        }[options["action"]]
        try:
            act(options)
        except Refused as refused:
            reasons = "".join(f"\n  {problem}" for problem in refused.problems)
            raise CommandError(f"Nothing was changed.{reasons}") from None

    # --- list, show, export ---

    def _list(self, options: dict[str, Any]) -> None:
        idps = list(IdentityProvider.objects.all())
        if options["json"]:
            self._json([outline(idp) for idp in idps])
            return
        if not idps:
            self.stdout.write(
                "No IdP yet. Create one in the console, "
                f"{settings.PUBLIC_URL}{reverse('console:idps')}, or by a file: "
                "manage.py idp apply --help shows one."
            )
            return
        head = ("NAME", "ID", "TYPE", "STATUS", "NEXT RUN")
        for line in table_lines([head, *(_cells(idp) for idp in idps)]):
            self.stdout.write(line)

    def _show(self, options: dict[str, Any]) -> None:
        found = facts(_named(options["idp"]))
        if options["json"]:
            self._json(found)
            return
        for line in fact_lines(found):
            self.stdout.write(line)

    def _export(self, options: dict[str, Any]) -> None:
        text = as_toml(_named(options["idp"]))
        self.in_utf8()
        self.stdout.write(text, ending="")

    def _json(self, value: Any) -> None:
        self.in_utf8()
        self.stdout.write(json.dumps(value, ensure_ascii=False))

    # --- apply ---

    def _apply(self, options: dict[str, Any]) -> None:
        try:
            judged = self._judged(options)
        except Unwritten as lost:  # nothing is saved that was not really shown before
            raise Refused(f"The output could not be written: {lost}.") from None
        except KeyboardInterrupt:
            raise Refused("You stopped it.") from None
        if judged is None:
            return
        want, trial = judged
        outcome = save(want, trial)
        try:
            self._say(want, outcome)
            self.stdout.flush()
        except Unwritten as lost:
            message = (
                f"{outcome.idp} is saved. What follows could not be shown: {lost}."
            )
            raise CommandError(message, returncode=UNSHOWN) from None

    def _judged(self, options: dict[str, Any]) -> tuple[Wanted, Trial | None] | None:
        """What is to be saved, None if nothing is; the differences are shown."""
        document = read(_bytes_of(options["file"]), os.environ)
        want = wanted(document, draft=options["draft"])
        if not want.confirms and not any(change.real for change in want.shown):
            self.stdout.write(f"{want.idp}: nothing to change.")
            return None
        self.stdout.write(_headline(want))
        for change in want.shown:
            self.stdout.write(f"  {change}")
        if options["dry_run"]:
            self.stdout.write(_dry(want))
            return None
        self.stdout.flush()
        self._ask(want, options)
        trial = self._tested(want) if want.needs_test else None
        self.stdout.flush()
        return want, trial

    def _ask(self, want: Wanted, options: dict[str, Any]) -> None:
        """Go on only if that is wanted; closing wants a word of its own."""
        terminal = options["file"] != STDIN and bool(sys.stdin and sys.stdin.isatty())
        if want.closes:
            self.stdout.write(self.style.WARNING(_closing_words(want.idp)))
            if not (options["yes"] or terminal):
                raise Refused("status: closing needs a yes. Add --yes to the command.")
        if options["yes"] or not terminal:
            return
        self.stdout.write("Apply? [y/N] ", ending="")
        self.stdout.flush()
        if _answer().strip().casefold() not in ("y", "yes"):
            raise Refused("You did not say yes.")

    def _tested(self, want: Wanted) -> Trial:
        self.stdout.write("Connectivity Test with these values:")
        trial = Trial(want)
        for check in trial.run():
            self.stdout.write("\n".join(check_lines(check, self.style)))
            self.stdout.flush()
        if not trial.passed:
            raise Refused(
                "Connection Failed: verify that the server address and server port are "
                "correct. The causes stand above."
            )
        return trial

    def _say(self, want: Wanted, outcome: Outcome) -> None:
        """What was saved, what happens next, and where that can be seen."""
        idp = outcome.idp
        for _field, text in want.forms.vendor.warnings():
            self.stdout.write(self.style.WARNING(text))
        if want.draft:
            step = wizard.address(idp, wizard.next_step(idp))
            self.stdout.write(
                f"{idp} is saved as a draft. Apply the file without --draft to finish "
                f"it, or go on in the console: {settings.PUBLIC_URL}{step} A draft that "
                f"nobody touches for {drafts.KEPT.days} days is removed."
            )
            return
        words = f"{idp} is set up." if outcome.first else f"{idp} is saved."
        self.stdout.write(self.style.SUCCESS(words))
        if outcome.first:
            self.stdout.write(
                f"The addresses to paste at {idp.connector_class.label}: "
                f"manage.py idp show {idp.pk}"
            )
        if outcome.waits:
            self.stdout.write("It is closed: nothing is read until it is enabled.")
        if outcome.address:
            first = "first synchronization" if outcome.first else "synchronization"
            self.stdout.write(
                f"The {first} begins within seconds where the product runs: "
                f"{settings.PUBLIC_URL}{outcome.address}"
            )


def _add_apply_arguments(parser: CommandParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the file, - for standard input")
    parser.add_argument(
        "--draft",
        action="store_true",
        help="keep a draft: no test, no Confirm; the vendor is not asked",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the differences, change nothing"
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask; needed to close an IdP unasked"
    )


def _answer() -> str:
    """A line that somebody types, "" if the terminal is gone or no text came."""
    try:
        return sys.stdin.readline()
    except (OSError, ValueError):
        return ""


def _bytes_of(file: str) -> bytes:
    """The file's beginning, one byte more than is allowed."""
    place = "standard input" if file == STDIN else file
    if file == STDIN and sys.stdin is None:
        raise CommandError(f"{place}: it is closed.", returncode=USAGE)
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is no name of a file"
        raise CommandError(f"{place}: {reason}", returncode=USAGE) from None


def _named(text: str) -> IdentityProvider:
    """An IdP by name or public id; a draft that has a name is found by it too."""
    try:
        return IdentityProvider.named(text)
    except IdentityProvider.DoesNotExist:
        if text and (draft := IdentityProvider.called(text).first()):
            return draft
        known = ", ".join(str(idp) for idp in IdentityProvider.objects.all())
        message = f"There is no IdP {text!r}. Known: {known or 'none yet'}."
        raise CommandError(message, returncode=USAGE) from None


def _cells(idp: IdentityProvider) -> tuple[str, ...]:
    due = idp.next_attempt_at
    when = f"{timezone.localtime(due):%Y-%m-%d %H:%M}" if due else "-"
    row = outline(idp)
    return row["name"] or "-", row["id"], row["type"], row["status"], when


def _headline(want: Wanted) -> str:
    name = want.forms.values().get("name", "")
    if want.new:
        given = f", with the id {want.idp.pk}" if want.document.id else ""
        return f"{name} would be a new {'draft' if want.draft else 'IdP'}{given}:"
    if want.confirms:
        return f"{want.idp} is a draft and would be confirmed:"
    return f"{want.idp} would change:"


def _dry(want: Wanted) -> str:
    test = " The Connectivity Test would run first." if want.needs_test else ""
    return f"Nothing was changed: --dry-run.{test}"


def _closing_words(idp: IdentityProvider) -> str:
    """The vendor's warning, and whom it is about."""
    warning = gettext(
        "If you disable an identity source, end users cannot access internal "
        "applications through the SASE App. Proceed with caution."
    )
    impact = impact_of(idp)
    return (
        f"{warning}\nActive employees: {impact.employees}. "
        f"Open sessions: {impact.sessions}."
    )
