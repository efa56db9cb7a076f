"""`manage.py demo`: the product beside a simulated DingTalk, ready to be connected."""

import io
import json
import logging
import os
import secrets
import signal
import socket
import threading
import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from identity.models import Enterprise, User
from sasebridge.management.commands import up
from sasebridge.serving import ports

logger = logging.getLogger(__name__)

EMPLOYEES, DEPARTMENTS = 2000, 200
ROLES = {"admin": User.Role.ADMINISTRATOR, "staff": User.Role.STAFF}
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another when it is read aloud."""
PATIENCE = 60.0

EPILOG = """\
Connects to no real company. On the next port (8001) it serves a simulated DingTalk with
2,000 employees in 200 departments, whose page /control hires, moves and lets go, takes
permissions away and makes faults. Log on as admin, press Create IdP, and type the
CorpId, AppKey and AppSecret that are printed at the start. Then open the IdP's step
Events beside the section Events of that page: what you change is in the directory within
a second.

Everything is kept in DATA_DIR/demo (var/demo). Ctrl-C ends it; the next start goes on
with the same company, accounts and directory. Remove the folder to begin anew.

  manage.py demo                        http://localhost:8000/
  manage.py demo --port 9000            http://localhost:9000/, the simulator on 9001
"""


class Command(up.Command):
    """`up`, with a company to connect and two accounts to log on with."""

    help = "Start everything beside a simulated DingTalk, with two accounts."
    epilog = EPILOG
    name = "The sasebridge demo"

    def prepare(self, port: int) -> None:
        """The accounts and the simulator besides the database."""
        ports.claim("127.0.0.1", port + 1).close()
        super().prepare(port)
        self.accounts = Accounts(settings.DATA_DIR / "accounts.json")
        self.stdout.write("Starting the simulated company ...")
        simulator = {
            "port": port + 1,
            "employees": EMPLOYEES,
            "departments": DEPARTMENTS,
            "state": settings.DATA_DIR / "simulator.json",
        }
        threading.Thread(target=_simulate, args=(simulator,), daemon=True).start()
        _wait_for(port + 1)

    def summary(self) -> list[tuple[str, str]]:
        """Where to log on, as whom, what to type into the wizard, and into the client."""
        address = settings.DINGTALK_OAPI_URL.removesuffix("/oapi")
        app = _credentials()
        return [
            *super().summary(),
            *self.accounts.lines(),
            ("", ""),
            ("Create IdP", "DingTalk, with these values:"),
            ("CorpId", app["corp_id"]),
            ("AppKey", app["app_key"]),
            ("AppSecret", app["app_secret"]),
            ("", ""),
            ("The client", f"{settings.PUBLIC_URL}/client/"),
            ("Enterprise ID", Enterprise.load().identifier),
            ("", ""),
            ("The company", f"{address}/control"),
            ("Its events", f"{address}/control#events"),
        ]


class Accounts:
    """The two accounts; their passwords are made once and kept readable for us only."""

    def __init__(self, path: Path) -> None:
        kept = json.loads(path.read_text()) if path.exists() else {}
        if not kept and User.objects.exists():
            raise CommandError(
                "This database holds accounts that the demo did not make; "
                "give the demo one of its own by DATABASE_URL."
            )
        self._passwords = {name: kept.get(name) or _password() for name in ROLES}
        _write_private(path, json.dumps(self._passwords, indent=1))
        for name, role in ROLES.items():
            if not User.objects.filter(username=name).exists():
                User.objects.create_user(
                    name, password=self._passwords[name], role=role
                )

    def lines(self) -> list[tuple[str, str]]:
        """Name and password of each, as they are now."""
        users = {
            user.username: user for user in User.objects.filter(username__in=ROLES)
        }
        return [
            (
                str(ROLES[name].label),
                f"{name}   {self._shown(users.get(name), password)}",
            )
            for name, password in self._passwords.items()
        ]

    @staticmethod
    def _shown(user: User | None, password: str) -> str:
        if user is None:
            return "(removed)"
        return password if user.check_password(password) else "(your own password)"


def _password() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in "123")


def _write_private(path: Path, text: str) -> None:
    """Write a file that only this account can read, whatever stood there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(text + "\n")
    draft.replace(path)


def _credentials() -> dict[str, str]:
    """What the simulator's app is called by the wizard."""
    out = io.StringIO()
    call_command("simulate_dingtalk", credentials=True, stdout=out)
    values: dict[str, str] = json.loads(out.getvalue())
    return values


def _simulate(options: dict[str, object]) -> None:
    """Serve the simulator; if that fails, the demo ends."""
    try:
        call_command("simulate_dingtalk", stdout=io.StringIO(), **options)
    except Exception:
        logger.exception("The simulator failed")
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_for(port: int) -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
    raise CommandError(f"The simulator did not come up on port {port}.")
