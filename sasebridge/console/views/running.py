"""The chip of the top bar that shows a running synchronization."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from identity.access import console_users
from sasebridge.console.frame import Frame

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

STOP_POLLING = 286
"""htmx's own: swap, and ask no more."""


@require_safe
@console_users
def running(request: "ConsoleRequest") -> HttpResponse:
    """The chip as it is now; empty, and the last answer, when nothing runs."""
    run = Frame(request).running
    status = 200 if run else STOP_POLLING
    return render(request, "parts/_chip.html", {"running": run}, status=status)
