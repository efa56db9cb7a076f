"""Builds an IdP's connector, runs its checks and keeps the report."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from identity.connectors.base import Addresses, Connector
from identity.connectors.records import Check, CheckStatus
from identity.fields import CannotOpen
from identity.gate import DatabaseGate
from identity.models import ConnectionReport, IdentityProvider, User, fingerprint_of
from identity.verdicts import with_verdicts

KEPT_REPORTS = 20
LONGEST_TEST = timedelta(seconds=75)
"""A test ends within 60 s. One that is older and not finished was interrupted."""


def connector_for(
    idp: IdentityProvider, stop: Callable[[], bool] | None = None
) -> Connector:
    """The connector of an IdP, with its present credentials; `stop` ends its calls."""
    return idp.connector_class(idp.credentials(), DatabaseGate(stop=stop), stop)


def connector_with(idp: IdentityProvider, credentials: Mapping[str, str]) -> Connector:
    """The connector of an IdP, with credentials that are stored nowhere yet."""
    return idp.connector_class(credentials, DatabaseGate())


def addresses_of(idp: IdentityProvider) -> Addresses:
    """The public addresses of an IdP; final from the moment that its row exists."""
    return Addresses(
        request_url=f"{settings.PUBLIC_URL}/events/{idp.kind}/{idp.pk}/",
        homepage=f"{settings.PUBLIC_URL}/ui/{idp.connector_class.homepage_name}/",
        callback=f"{settings.PUBLIC_URL}/open-dev/{idp.kind}",
    )


def passed(checks: list[Check]) -> bool:
    """Whether a test vouches for the credentials: rows, and none of them failed."""
    return bool(checks) and all(
        check.status is not CheckStatus.FAIL for check in checks
    )


def new_report(idp: IdentityProvider, by: User | None = None) -> ConnectionReport:
    """An empty report, so that a page can show that a test has begun.

    Raises CannotOpen if a stored secret cannot be read.
    """
    return ConnectionReport.objects.create(
        idp=idp, by=by, fingerprint=idp.credentials_fingerprint()
    )


def run_checks(
    idp: IdentityProvider,
    by: User | None = None,
    report: ConnectionReport | None = None,
) -> Iterator[tuple[Check, ConnectionReport]]:
    """Run the connectivity test; yields each check as it ends and keeps the report.

    The report is saved after each check, so that a page can show it growing. It
    vouches for the credentials that the test began with and for no others.
    """
    report = report or new_report(idp, by)
    credentials = idp.credentials()
    report.fingerprint = fingerprint_of(idp.connector_class, credentials)
    report.save(update_fields=["fingerprint"])
    checks: list[Check] = []
    for check in checks_with(idp, credentials):
        checks.append(check)
        report.checks = [asdict(check) for check in checks]
        report.save(update_fields=["checks"])
        yield check, report
    report.passed = passed(checks)
    report.finished_at = timezone.now()
    report.save(update_fields=["passed", "finished_at"])
    _forget_old_reports(idp)


def checks_with(
    idp: IdentityProvider, credentials: Mapping[str, str]
) -> Iterator[Check]:
    """Run the checks with values that may be stored nowhere yet; keeps no report.

    Rows that only a logon can fill tell what logons with the same values have proved.
    """
    connector = connector_with(idp, credentials)
    return with_verdicts(idp, credentials, connector, connector.checks())


def keep_report(
    idp: IdentityProvider, by: User | None, checks: list[Check]
) -> ConnectionReport:
    """Keep a finished test of the present credentials."""
    report = new_report(idp, by)
    report.checks = [asdict(check) for check in checks]
    report.passed, report.finished_at = passed(checks), timezone.now()
    report.save()
    _forget_old_reports(idp)
    return report


def rows_of(report: ConnectionReport, idp: IdentityProvider) -> list[dict[str, Any]]:
    """The rows of a report, with what logons have proved since; as it was kept if it is
    not of the present credentials."""
    if not vouches(report, idp):
        return list(report.checks)
    connector = connector_for(idp)
    checks = (Check(**row) for row in report.checks)
    found = with_verdicts(idp, connector.credentials, connector, checks)
    return [asdict(check) for check in found]


def is_running(report: ConnectionReport | None) -> bool:
    """Whether this test is still at work."""
    return bool(
        report
        and report.finished_at is None
        and report.started_at > timezone.now() - LONGEST_TEST
    )


def latest_report(idp: IdentityProvider) -> ConnectionReport | None:
    """The newest report, finished or not."""
    return idp.reports.order_by("-started_at", "-pk").first()


def has_pass(idp: IdentityProvider) -> bool:
    """Whether the newest finished test passed with exactly the present credentials."""
    report = idp.reports.filter(finished_at__isnull=False).order_by("-pk").first()
    return bool(report and report.passed and vouches(report, idp))


def vouches(report: ConnectionReport, idp: IdentityProvider) -> bool:
    """Whether a report was made with the present credentials."""
    try:
        return idp.has_credentials(report.fingerprint)
    except CannotOpen:
        return False


def _forget_old_reports(idp: IdentityProvider) -> None:
    with transaction.atomic():
        kept = idp.reports.order_by("-pk").values_list("pk", flat=True)[:KEPT_REPORTS]
        idp.reports.exclude(pk__in=list(kept)).delete()
