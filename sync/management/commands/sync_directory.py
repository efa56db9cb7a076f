"""`sync_directory`: one full sync in the foreground."""

import json
import signal
import sys
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from identity.connectors.errors import ConnectorError
from identity.fields import CannotOpen
from identity.management.steady import SteadyCommand
from identity.mapping import MappingError
from identity.models import IdentityProvider
from sync import runs
from sync.models import SyncRun

State = SyncRun.State
EXITS = {State.SUCCESS: 0, State.HELD: 3, State.PARTIAL: 4}
WIDTH = 30

HELP = """\
Read the company from the vendor and bring the directory in step, now.

  manage.py sync_directory "Head office"            with a progress bar
  manage.py sync_directory 1f0c...e2 --json         one JSON object at the end
  manage.py sync_directory test --dry-run           what would change; writes nothing

IDP is the IdP's name or its public id. Employees are synchronized whatever the IdP's
automatic settings say.

exit codes: 0 success, 1 failed or cancelled (or another run is active), 2 usage,
3 held (the guard wants a person to look first), 4 partial (something could not be read)
"""


class Command(SteadyCommand):
    """Runs one sync and says how it ended."""

    help = HELP

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the line breaks of the help text."""
        return super().create_parser(
            *args,
            formatter_class=RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """IDP, --dry-run, --json."""
        parser.add_argument("idp", metavar="IDP", help="name or public id of the IdP")
        parser.add_argument(
            "--dry-run", action="store_true", help="compare only, write nothing"
        )
        parser.add_argument(
            "--json", action="store_true", help="end with one JSON object"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the IdP, run, report, exit."""
        try:
            idp = IdentityProvider.named(options["idp"])
        except IdentityProvider.DoesNotExist:
            raise CommandError(
                f"no IdP is called {options['idp']!r}", returncode=2
            ) from None
        if options["dry_run"]:
            self._preview(idp, as_json=options["json"])
        else:
            self._run(idp, as_json=options["json"])

    def _run(self, idp: IdentityProvider, *, as_json: bool) -> None:
        try:
            run = runs.enqueue(idp, trigger=SyncRun.Trigger.COMMAND)
        except runs.AlreadyRunning as busy:
            self._fail(f"already running: {busy}", run=busy.run, as_json=as_json)
        interrupted = _on_interrupt()
        show = self._bar if self.stderr.isatty() else lambda run: None
        run = runs.perform(run, stop=interrupted.is_set, report=show)
        if run.state == State.QUEUED:  # stopped by Ctrl-C: nobody else shall go on
            runs.request_cancel(run)
            run.refresh_from_db()
        if as_json:
            self.in_utf8()
            self.stdout.write(json.dumps(_as_json(run), ensure_ascii=False))
        else:
            self.stdout.write(_in_words(run))
        sys.exit(EXITS.get(State(run.state), 1))

    def _preview(self, idp: IdentityProvider, *, as_json: bool) -> None:
        try:
            preview = runs.preview(idp)
        except ConnectorError as error:
            raise CommandError(f"{error.message} {error.remedy}".strip()) from None
        except (CannotOpen, MappingError) as error:
            raise CommandError(str(error)) from None
        state = State.HELD if preview.held else State.SUCCESS
        state = state if preview.complete else State.PARTIAL
        result = {
            "run": None,
            "dry_run": True,
            "status": str(state),
            **preview.counts(),
            "calls": preview.calls,
            "held_because": [asdict(reason) for reason in preview.held],
        }
        if as_json:
            self.stdout.write(json.dumps(result))
        else:
            self.stdout.write(
                f"Nothing was written. A run now would end as {state}: "
                + _counts_in_words(preview.counts())
            )
        sys.exit(EXITS[state])

    def _fail(self, message: str, *, run: SyncRun, as_json: bool) -> None:
        if as_json:
            error = {"code": "already_running", "cause": message}
            self.stdout.write(json.dumps(_as_json(run) | {"error": error}))
        raise CommandError(message, returncode=1)

    def _bar(self, run: SyncRun) -> None:
        """Redraw one line on a terminal."""
        seen = max(run.departments_seen, 1)
        done = min(WIDTH, WIDTH * run.departments_read // seen)
        bar = "#" * done + "." * (WIDTH - done)
        self.stderr.write(
            f"\r[{bar}] {run.get_stage_display()}: {run.employees_read} people, "
            f"{run.departments_read} of {run.departments_seen} departments, "
            f"{run.calls} calls ",
            ending="",
        )


def _on_interrupt() -> threading.Event:
    """An event that Ctrl-C sets, so that the run ends between two steps."""
    interrupted = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda *_: interrupted.set())
        signal.signal(signal.SIGTERM, lambda *_: interrupted.set())
    return interrupted


def _as_json(run: SyncRun) -> dict[str, Any]:
    error = {
        "code": run.error_code,
        "cause": run.error_cause,
        "fix": run.error_remedy,
    }
    return {
        "run": run.pk,
        "status": run.state,
        **{name: run.counts.get(name, 0) for name in runs.COUNTED},
        "calls": run.calls,
        "seconds": round(run.seconds or 0.0, 3),
        "error": error if run.error_code else None,
        "faults": run.missing,
        "notes": run.notes,
        "held_because": run.held_because,
    }


def _in_words(run: SyncRun) -> str:
    lines = [
        f"Run {run.pk}: {run.get_state_display()} after {run.seconds or 0:.1f} s and "
        f"{run.calls} calls. {_counts_in_words(run.counts)}"
    ]
    if run.error_cause:
        lines.append(f"{run.error_cause} {run.error_remedy}".strip())
    lines += [f"Not read: {f['where']}: {f['message']}" for f in run.missing[:20]]
    lines += [f"Note: {f['where']} {f['message']}" for f in run.notes[:20]]
    lines += [
        f"Held: {h['reason']} {h['count']}, limit {h['limit']}"
        for h in run.held_because
    ]
    return "\n".join(lines)


def _counts_in_words(counts: dict[str, int]) -> str:
    some = [f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n]
    return ", ".join(some) + "." if some else "Nothing changed."
