"""The wizard's second step: the connectivity test, live or at once."""

import logging
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.db import connections
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HTMX_STOP_POLLING

from identity import connection, wizard
from identity.access import administrators_only
from identity.connectors.records import CheckStatus
from identity.fields import CannotOpen
from identity.models import ConnectionReport, IdentityProvider, User

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

logger = logging.getLogger(__name__)

# Rows say OK, so that "passed" on the page means the whole test and nothing less.
WORDS = {
    CheckStatus.PASS: gettext_lazy("OK"),
    CheckStatus.WARN: gettext_lazy("Warning"),
    CheckStatus.FAIL: gettext_lazy("Failed"),
    CheckStatus.SKIPPED: gettext_lazy("Not run"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def test(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Step 2, Connectivity Test. GET shows the present result, POST runs the test."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if not wizard.may_enter(idp, "test"):
        return incomplete(request, idp)
    live = bool(getattr(request, "htmx", False))
    if request.method == "POST":
        response = begin(request, idp, live=live)
        if not live:
            return response
    return _result(request, idp, fragment=live)


def incomplete(request: "ConsoleRequest", idp: IdentityProvider) -> HttpResponse:
    """Back to the first step: what does not hold there, or that something is left out."""
    for problem in (wrong := wizard.wrong(idp)):
        messages.error(request, f"{problem.label}: {problem.text}")
    if not wrong:
        messages.error(
            request,
            _("The test needs all values of this step. Complete them first."),
        )
    return redirect("identity:setup-basic", idp_id=idp.pk)


def begin(request: "ConsoleRequest", idp: IdentityProvider, live: bool) -> HttpResponse:
    """Run the test: in a thread that the page watches, or to its end before answering.

    A page without script cannot watch, and gets the result at once (60 s at most).
    """
    try:
        _start(idp, request.user, live)
    except CannotOpen:
        messages.error(
            request,
            _(
                "A stored secret cannot be opened with the present ENCRYPTION_KEYS. "
                "Restore the key, or enter the secret again."
            ),
        )
        return redirect("identity:setup-basic", idp_id=idp.pk)
    return redirect("identity:setup-test", idp_id=idp.pk)


def _start(idp: IdentityProvider, by: User, live: bool) -> None:
    if connection.is_running(connection.latest_report(idp)):
        return
    report = connection.new_report(idp, by)
    if live:
        work = threading.Thread(
            target=_in_background,
            args=(idp, by, report, get_language()),
            daemon=True,
        )
        work.start()
    else:
        _perform(idp, by, report)


def _in_background(
    idp: IdentityProvider, by: User, report: ConnectionReport, language: str | None
) -> None:
    """In the language of who asked: a thread begins in English, and rows keep words."""
    try:
        with override(language):
            _perform(idp, by, report)
    finally:
        connections.close_all()


def _perform(idp: IdentityProvider, by: User, report: ConnectionReport) -> None:
    """Run the checks; whatever happens, the report says that the test is over."""
    try:
        for _row in connection.run_checks(idp, by, report):
            pass
    except Exception:
        if ConnectionReport.objects.filter(
            pk=report.pk
        ).exists():  # not deleted with it
            logger.exception("The connectivity test of %s broke", idp.pk)
    finally:
        if report.finished_at is None:
            report.finished_at = timezone.now()
            ConnectionReport.objects.filter(pk=report.pk).update(
                finished_at=report.finished_at
            )


def _result(
    request: "ConsoleRequest", idp: IdentityProvider, fragment: bool
) -> HttpResponse:
    context = result_context(idp)
    if not fragment:
        context["steps"] = wizard.places(idp, "test")
        return render(request, "identity/test.html", context)
    # htmx asks again each second until it gets this status.
    status = 200 if context["running"] else HTMX_STOP_POLLING
    return render(request, "identity/_test.html", context, status=status)


def result_context(idp: IdentityProvider) -> dict[str, Any]:
    """The present result: which rows, in which order, and what follows from it."""
    report = connection.latest_report(idp)
    running = connection.is_running(report)
    rows = rows_of(connection.rows_of(report, idp) if report else [])
    return {
        "idp": idp,
        "report": report,
        "running": running,
        "interrupted": bool(report and not report.finished_at and not running),
        "stale": bool(report and not connection.vouches(report, idp)),
        "may_go_on": connection.has_pass(idp) and not running,
        "failed": [row for row in rows if row["status"] == CheckStatus.FAIL],
        "rest": [row for row in rows if row["status"] != CheckStatus.FAIL],
        "text": as_text(report, rows) if report and not running else "",
        "warnings": sum(row["status"] == CheckStatus.WARN for row in rows),
        "milliseconds": sum(row["ms"] for row in rows),
    }


def as_text(report: ConnectionReport, rows: list[dict[str, Any]]) -> str:
    """The report for a ticket or a mail; rows never hold a secret."""
    began = timezone.localtime(report.started_at).isoformat(" ", "seconds")
    lines = [f"{report.idp} · {_('Connectivity Test')} · {began}"]
    for row in rows:
        lines.append(f"[{row['word']}] {row['group']}: {row['title']} ({row['ms']} ms)")
        said = (row["cause"], row["fix"], row["asked"])
        lines += [f"    {words}" for words in said if words]
    return "\n".join(lines)


def rows_of(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Checks with the word for their state."""
    return [check | {"word": WORDS[CheckStatus(check["status"])]} for check in checks]
