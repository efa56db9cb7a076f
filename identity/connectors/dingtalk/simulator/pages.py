"""The simulator's HTML pages, escaped by Django's template engine.

They carry no script, but for the one of the logon page in a frame.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from identity.connectors.dingtalk.simulator.wire import Reply

FOLDER = Path(__file__).parent / "html"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "frame-ancestors "
)
ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(FOLDER)], autoescape=True)


def show(template: str, family: str, status: int = 200, **values: Any) -> Reply:
    """A page as an answer; `family` is the prefix that serves its style sheet."""
    html = _engine().get_template(template).render(Context(values | {"family": family}))
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": POLICY + "'none'",
        "Cache-Control": "no-store",
    }
    return Reply(status, body=html.encode(), headers=headers)


def framed_by(origin: str, reply: Reply) -> Reply:
    """Let pages of this origin frame a page, and let it run our script."""
    if ORIGIN.fullmatch(origin):
        policy = f"{POLICY}{origin}; script-src 'self'"
        reply.headers["Content-Security-Policy"] = policy
    return reply


def script(name: str) -> Reply:
    """A script of ours."""
    headers = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": "no-cache",
    }
    return Reply(body=(FOLDER / name).read_bytes(), headers=headers)


def style_sheet() -> Reply:
    """The style sheet of all pages."""
    headers = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "no-cache"}
    return Reply(body=(FOLDER / "style.css").read_bytes(), headers=headers)


def redirect(address: str, status: int = 302) -> Reply:
    """Send the browser elsewhere."""
    return Reply(status, body=b"", headers={"Location": address})


def not_found() -> Reply:
    """Neither a page nor an API."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return Reply(404, body=b"Not found", headers=headers)
