"""What a command line says before the settings are read: port and data folder.

`up` and `demo` decide settings by their arguments (PUBLIC_URL follows the port, the
demo keeps its data apart), and settings are read once, so this must come first.
"""

import os
from pathlib import Path

SERVING = ("up", "demo")


def prepare(argv: list[str]) -> None:
    """Set the environment that the command in `argv` needs; explicit values win."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sasebridge.settings")
    command = argv[1] if len(argv) > 1 else ""
    if command not in SERVING:
        return
    port = _port(argv) or os.environ.get("PORT") or "8000"
    os.environ["PORT"] = port
    if command == "demo" and port.isdigit():
        _prepare_demo(int(port))


def _prepare_demo(port: int) -> None:
    """Point the demo at its own data and at the simulator on the next port."""
    root = Path(__file__).resolve().parent.parent
    simulator = f"http://localhost:{port + 1}"
    os.environ["DATA_DIR"] = str(
        Path(os.environ.get("DATA_DIR", root / "var")) / "demo"
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
