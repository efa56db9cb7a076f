"""The first page: where things stand, and what needs somebody."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from identity.access import console_users
from sasebridge.console import figures
from sasebridge.console.summary import MOST_ENABLED, enabled, summaries
from sync.models import Department, full_runs

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

RECENT = 6


@require_safe
@console_users
def dashboard(request: "ConsoleRequest") -> HttpResponse:
    """Cards, what needs attention, recent runs; or where to begin."""
    rows = summaries()
    confirmed = [row for row in rows if not row.idp.is_draft]
    drafts = [row for row in rows if row.idp.is_draft]
    if not confirmed:
        return render(request, "console/welcome.html", {"drafts": drafts})
    due = [at for row in confirmed if (at := row.idp.next_attempt_at)]
    return render(
        request,
        "console/dashboard.html",
        {
            "employees": sum(row.people for row in confirmed),
            "departments": Department.objects.count(),
            "enabled": enabled(rows),
            "most": MOST_ENABLED,
            "last_run": full_runs().order_by("-pk").first(),
            "next_due": min(due, default=None),
            "troubled": [row for row in confirmed if row.troubled],
            "drafts": drafts,
            "logons": figures.today(),
            "runs": full_runs().select_related("idp")[:RECENT],
        },
    )
