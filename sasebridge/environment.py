"""What a command line says before the settings are read: port and data folder.

`up` and `demo` decide settings by their arguments (PUBLIC_URL follows the port, the
demo keeps its data apart), and settings are read once, so this must come first.
"""

import os
import sys
from pathlib import Path

SERVING = ("up", "demo")
HIGHEST_PORT = 65535


def prepare(argv: list[str]) -> None:
    """Set the environment that the command in `argv` needs; explicit values win.

    A port that cannot be one ends the program with a sentence and exit code 2.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sasebridge.settings")
    command = argv[1] if len(argv) > 1 else ""
    if command not in SERVING:
        return
    port = _port(argv) or os.environ.get("PORT") or "8000"
    # The demo needs the next port too.
    highest = HIGHEST_PORT - 1 if command == "demo" else HIGHEST_PORT
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= highest):
        sys.stderr.write(
            f"The port must be a number from 1 to {highest}, not {port!r}.\n"
        )
        raise SystemExit(2)
    os.environ["PORT"] = port
    if command == "demo":
        _prepare_demo(int(port))


def _prepare_demo(port: int) -> None:
    """Point the demo at its own data and at the simulator on the next port."""
    root = Path(__file__).resolve().parent.parent
    simulator = f"http://127.0.0.1:{port + 1}"
    os.environ["DATA_DIR"] = str(
        Path(os.environ.get("DATA_DIR") or root / "var") / "demo"
    )
    os.environ["DINGTALK_OAPI_URL"] = simulator + "/oapi"
    os.environ["DINGTALK_API_URL"] = simulator + "/api"
    os.environ["DINGTALK_LOGIN_URL"] = simulator + "/login"


def _port(argv: list[str]) -> str | None:
    """The value of --port, in either spelling."""
    for index, word in enumerate(argv):
        if word.startswith("--port="):
            return word.partition("=")[2]
        if word == "--port" and index + 1 < len(argv):
            return argv[index + 1]
    return None
