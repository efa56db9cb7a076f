"""What logons proved about rows of the connectivity test that no test can fill itself.

Only the status is kept, with the fingerprint of the credentials that it was proved
with: under other ones it is void. The words are the connector's, made again for each
report and each reader.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from django.utils import timezone

from identity.connectors.base import Connector
from identity.connectors.records import Check, CheckStatus
from identity.models import (
    IdentityProvider,
    LogonVerdict,
    fingerprint_of,
    fingerprints_of,
)

REFRESHED = timedelta(hours=1)
"""A verdict that only says the same again is not written more often: a thousand people
who log on at nine do not wait for one row."""
PROVED = timedelta(days=1)
"""How long a pass outlives warnings. These come from people who may just have nothing
to show, a pass from one who had."""


def keep(idp: IdentityProvider, connector: Connector, check: Check) -> None:
    """Keep what a logon proved; `connector` is the one that it was proved with.

    Call it outside of the logon's transaction: what a refused logon proved stays.
    """
    fingerprint = fingerprint_of(idp.connector_class, connector.credentials)
    row = LogonVerdict.objects.filter(idp=idp, check_key=check.key).first()
    if row and row.fingerprint == fingerprint and _stands(row, check.status):
        return
    LogonVerdict.objects.update_or_create(
        idp=idp,
        check_key=check.key,
        defaults={
            "status": check.status.value,
            "fingerprint": fingerprint,
            "at": timezone.now(),
        },
    )


def with_verdicts(
    idp: IdentityProvider,
    credentials: Mapping[str, str],
    connector: Connector,
    checks: Iterable[Check],
) -> Iterator[Check]:
    """The rows of a test, as they come, with what logons with the same credentials
    have proved."""
    valid = set(fingerprints_of(idp.connector_class, credentials))
    known = {
        row.check_key: CheckStatus(row.status)
        for row in LogonVerdict.objects.filter(idp_id=idp.pk)
        if row.fingerprint in valid
    }
    for check in checks:
        status = known.get(check.key)
        yield connector.recalled(check, status) if status else check


def _stands(row: LogonVerdict, status: CheckStatus) -> bool:
    """Whether a row need not be written for this."""
    age = timezone.now() - row.at
    if row.status == CheckStatus.PASS and status is CheckStatus.WARN:
        return age < PROVED
    return row.status == status and age < REFRESHED
