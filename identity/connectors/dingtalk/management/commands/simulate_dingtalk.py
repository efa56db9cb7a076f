"""Serves a simulated DingTalk with an invented company on this machine."""

import json
from argparse import RawDescriptionHelpFormatter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.credentials import Credentials
from identity.connectors.dingtalk.simulator.serving import (
    HOST,
    PortInUse,
    build,
    listen,
)

HELP = """\
Serve a simulated DingTalk with an invented company on 127.0.0.1.

It answers like the real one, under three prefixes instead of three hosts. To let the
console talk to it, start the console with these in its environment:

  DINGTALK_OAPI_URL=http://127.0.0.1:PORT/oapi
  DINGTALK_API_URL=http://127.0.0.1:PORT/api
  DINGTALK_LOGIN_URL=http://127.0.0.1:PORT/login

and type the printed CorpId, AppKey and AppSecret into the wizard. The page /control
hires, moves, renames and lets go by hand, withdraws permissions and adds faults.
"""
EXAMPLES = """\
examples:
  simulate_dingtalk --port 8001
  simulate_dingtalk --employees 20000 --departments 900 --seed 7
  simulate_dingtalk --state company.json    goes on with the company of the last time
  simulate_dingtalk --credentials           prints what to type, and ends
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks: list[str] = []
    """It shares nothing with the console that a check could find wrong."""

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        """The usual parser; texts keep their line breaks."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """What the invented company is like, and where it is served."""
        add = parser.add_argument
        add("--port", type=int, default=8001, metavar="N", help="default 8001")
        add(
            "--employees",
            type=int,
            default=2000,
            metavar="N",
            help="people of a new company; default 2000",
        )
        add(
            "--departments",
            type=int,
            default=200,
            metavar="N",
            help="departments below the root of a new company; default 200",
        )
        add(
            "--seed",
            type=int,
            default=1,
            metavar="N",
            help="equal seeds give equal companies and credentials; default 1",
        )
        add(
            "--rate",
            type=int,
            default=20,
            metavar="N",
            help="calls a second per API before DingTalk's 90018, 0 for no limit; "
            "default 20, the standard edition",
        )
        add(
            "--state",
            type=Path,
            metavar="FILE",
            help="keep the company here after each change, and go on with it",
        )
        add(
            "--credentials",
            action="store_true",
            help="print CorpId, AppKey and AppSecret of the seed as JSON, serve nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until Ctrl-C, or for ever in a daemon thread."""
        if options["credentials"]:
            self.stdout.write(json.dumps(asdict(Credentials.of_seed(options["seed"]))))
            return
        sizes = ("employees", "departments", "seed", "rate", "state")
        if min(options["employees"], options["departments"], options["rate"]) < 0:
            raise CommandError("Sizes and rates cannot be negative.")
        try:
            simulator = build(**{name: options[name] for name in sizes})
        except (ValueError, LookupError, TypeError):
            raise CommandError(
                f"{options['state']} does not hold a company of this simulator; "
                "name another file or remove it."
            ) from None
        try:
            server = listen(simulator, options["port"])
        except PortInUse as fault:
            raise CommandError(str(fault)) from None
        self._introduce(simulator, options["port"])
        server.run()
        self.stdout.write("The simulator has ended.")

    def _introduce(self, simulator: Simulator, port: int) -> None:
        base = f"http://{HOST}:{port}"
        people = len(simulator.company.people)
        departments = len(simulator.company.real_departments()) - 1
        self.stdout.write(
            f"Simulated DingTalk: {people} people, {departments} departments\n"
            f"  DINGTALK_OAPI_URL   {base}/oapi\n"
            f"  DINGTALK_API_URL    {base}/api\n"
            f"  DINGTALK_LOGIN_URL  {base}/login\n"
            f"  CorpId              {simulator.corp_id}\n"
            f"  AppKey              {simulator.app_key}\n"
            f"  AppSecret           {simulator.app_secret}\n"
            f"Change the company and add faults at {base}/control"
        )
        self.stdout.flush()
