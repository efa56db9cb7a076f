"""Builds an IdP's connector, runs its checks and keeps the report."""

from collections.abc import Iterator
from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from identity.connectors.base import Addresses, Connector
from identity.connectors.records import Check, CheckStatus
from identity.gate import DatabaseGate
from identity.models import ConnectionReport, IdentityProvider, User, fingerprint_of

KEPT_REPORTS = 20


def connector_for(idp: IdentityProvider) -> Connector:
    """The connector of an IdP, with its present credentials."""
    return idp.connector_class(idp.credentials(), DatabaseGate())


def addresses_of(idp: IdentityProvider) -> Addresses:
    """The public addresses of an IdP; final from the moment that its row exists."""
    return Addresses(
        request_url=f"{settings.PUBLIC_URL}/events/{idp.kind}/{idp.pk}/",
        homepage=f"{settings.PUBLIC_URL}/ui/dingAuth/",
        callback=f"{settings.PUBLIC_URL}/open-dev/dingtalk",
    )


def passed(checks: list[Check]) -> bool:
    """Whether a test vouches for the credentials: rows, and none of them failed."""
    return bool(checks) and all(
        check.status is not CheckStatus.FAIL for check in checks
    )


def run_checks(
    idp: IdentityProvider, by: User | None = None
) -> Iterator[tuple[Check, ConnectionReport]]:
    """Run the connectivity test; yields each check as it ends and keeps the report.

    The report is saved after each check, so that a page can show it growing. It
    vouches for the credentials that the test began with and for no others.
    """
    credentials = idp.credentials()
    report = ConnectionReport.objects.create(
        idp=idp, by=by, fingerprint=fingerprint_of(idp.connector_class, credentials)
    )
    checks: list[Check] = []
    for check in idp.connector_class(credentials, DatabaseGate()).checks():
        checks.append(check)
        report.checks = [asdict(check) for check in checks]
        report.save(update_fields=["checks"])
        yield check, report
    report.passed = passed(checks)
    report.finished_at = timezone.now()
    report.save(update_fields=["passed", "finished_at"])
    _forget_old_reports(idp)


def latest_report(idp: IdentityProvider) -> ConnectionReport | None:
    """The newest report, finished or not."""
    return idp.reports.order_by("-started_at", "-pk").first()


def has_pass(idp: IdentityProvider) -> bool:
    """Whether the newest finished test passed with exactly the present credentials."""
    report = idp.reports.filter(finished_at__isnull=False).order_by("-pk").first()
    return bool(
        report and report.passed and report.fingerprint == idp.credentials_fingerprint()
    )


def _forget_old_reports(idp: IdentityProvider) -> None:
    with transaction.atomic():
        kept = idp.reports.order_by("-pk").values_list("pk", flat=True)[:KEPT_REPORTS]
        idp.reports.exclude(pk__in=list(kept)).delete()
