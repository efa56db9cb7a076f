"""The WSGI entry point for gunicorn and waitress."""

import codecs
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sasebridge.settings")
UTF8 = ("utf-8", "ascii")
django = get_wsgi_application()


def application(
    environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """Django's, for requests in UTF-8; any other encoding is answered with 400.

    Django takes a request at its word, decodes the address with any codec of Python's
    ("hex" is none for text), and breaks before its own handling of errors begins.
    """
    if _is_utf8(environ.get("CONTENT_TYPE", "")):
        return django(environ, start_response)
    start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"A request must be encoded in UTF-8.\n"]


def _is_utf8(content_type: str) -> bool:
    try:
        _kind, parameters = parse_header_parameters(content_type)
        return codecs.lookup(parameters.get("charset", "utf-8")).name in UTF8
    except (LookupError, ValueError):
        return False
