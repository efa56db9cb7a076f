"""Answers for those who watch the process: is it alive, can it serve?"""

import logging

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from sasebridge import starting

logger = logging.getLogger(__name__)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if requests can be served, else 503; the parts say why.

    The broker is no part: without it pages, events and logons are still served, and
    work waits in the database.
    """
    parts = _parts()
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def _parts() -> dict[str, str]:
    try:
        missing = starting.missing_migrations()
    except Error:
        logger.exception("The database does not answer")
        return {"database": "no answer", "migrations": "unknown"}
    return {
        "database": "ok",
        "migrations": f"{len(missing)} to apply" if missing else "ok",
    }
