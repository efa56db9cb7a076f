"""What a logon proves about the two permissions that no connectivity test can ask for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from identity import connection, verdicts
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.errors import ConnectorError
from identity.connectors.records import Check, CheckStatus, LogonStage, LogonWay
from identity.models import IdentityProvider, LogonVerdict

pytestmark = pytest.mark.django_db

READ, MOBILE = "permission_Contact.User.Read", "permission_Contact.User.mobile"
UNASKED = {READ: CheckStatus.SKIPPED, MOBILE: CheckStatus.SKIPPED}
NOW = datetime(2026, 11, 28, 9, 0, tzinfo=timezone.get_fixed_timezone(0))

LogOn = Callable[..., None]


class Keeping:
    """Keeps each verdict, as a logon does."""

    def __init__(self, idp: IdentityProvider, connector: Any) -> None:
        self.idp, self.connector = idp, connector

    def passed(self, stage: LogonStage) -> None:
        """Of no concern here."""

    def verdict(self, check: Check) -> None:
        verdicts.keep(self.idp, self.connector, check)


@pytest.fixture
def log_on(idp: IdentityProvider, simulator: Simulator) -> LogOn:
    """Log somebody on, as far as DingTalk has a say; they may have no mobile number."""

    def log_on(mobile: str = "13711112222") -> None:
        person = simulator.company.hire("Li Lei", mobile=mobile)
        connector = connection.connector_for(idp)
        code = simulator.browser_code(person.unionid)
        try:
            connector.identify(code, LogonWay.PAGE, Keeping(idp, connector))
        except ConnectorError:
            assert "Contact.User.Read" not in simulator.permissions

    return log_on


def rows_now(idp: IdentityProvider) -> dict[str, Check]:
    """The two rows of a test that is made now."""
    rows = {check.key: check for check, _report in connection.run_checks(idp)}
    return {key: rows[key] for key in (READ, MOBILE)}


def statuses(idp: IdentityProvider) -> dict[str, CheckStatus]:
    return {key: check.status for key, check in rows_now(idp).items()}


def test_before_the_first_logon_nothing_is_known_and_nothing_fails(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """A first confirmation needs no logon, whatever is granted."""
    simulator.permissions -= {"Contact.User.Read", "Contact.User.mobile"}
    assert statuses(idp) == UNASKED
    assert connection.has_pass(idp)


def test_the_first_logon_answers_both(idp: IdentityProvider, log_on: LogOn) -> None:
    log_on()
    rows = rows_now(idp)
    assert {check.status for check in rows.values()} == {CheckStatus.PASS}
    assert all(not (check.cause or check.fix) for check in rows.values())


def test_a_missing_number_is_a_warning(idp: IdentityProvider, log_on: LogOn) -> None:
    log_on(mobile="")
    row = rows_now(idp)[MOBILE]
    assert row.status is CheckStatus.WARN
    assert row.cause
    assert row.fix
    assert row.link.endswith("%23Contact.User.mobile")


def test_a_refusal_is_shown_and_bars_nothing(
    idp: IdentityProvider, simulator: Simulator, log_on: LogOn
) -> None:
    """The test cannot ask again, so it must not fail for what a logon once heard."""
    simulator.permissions.discard("Contact.User.Read")
    log_on()
    assert LogonVerdict.objects.get(check_key=READ).status == CheckStatus.FAIL
    row = rows_now(idp)[READ]
    assert row.status is CheckStatus.WARN
    assert "Nobody can log on" in row.cause
    assert row.link.endswith("%23Contact.User.Read")
    assert connection.has_pass(idp)
    simulator.permissions.add("Contact.User.Read")
    log_on()
    assert rows_now(idp)[READ].status is CheckStatus.PASS


def test_with_other_credentials_a_verdict_is_void(
    idp: IdentityProvider, simulator: Simulator, log_on: LogOn
) -> None:
    log_on()
    idp.set_secret("app_secret", "another-secret")
    assert statuses(idp) == UNASKED
    idp.set_secret("app_secret", simulator.app_secret)
    assert set(statuses(idp).values()) == {CheckStatus.PASS}


def test_values_that_are_not_stored_yet_have_no_verdict_of_the_stored_ones(
    idp: IdentityProvider, log_on: LogOn
) -> None:
    log_on()

    def found(credentials: dict[str, str]) -> CheckStatus:
        rows = connection.checks_with(idp, credentials)
        return next(row.status for row in rows if row.key == READ)

    stored = idp.credentials()
    assert found(stored) is CheckStatus.PASS
    assert found(stored | {"app_secret": "another-secret"}) is CheckStatus.SKIPPED


def test_an_older_report_shows_what_was_proved_since_in_the_readers_language(
    idp: IdentityProvider, log_on: LogOn, admin_client: Client
) -> None:
    rows_now(idp)
    address = reverse("identity:setup-test", kwargs={"idp_id": idp.pk})
    before = admin_client.get(address).content.decode()
    assert "checked at first logon" in before
    log_on(mobile="")
    after = admin_client.get(address).content.decode()
    assert "checked at first logon" not in after
    assert "has no mobile number" in after
    report = connection.latest_report(idp)
    assert report
    with override("zh-hans"):
        rows = {row["key"]: row for row in connection.rows_of(report, idp)}
    assert "手机号" in rows[MOBILE]["cause"]
    idp.set_secret("app_secret", "another-secret")
    assert connection.rows_of(report, idp) == report.checks


@pytest.mark.parametrize(
    ("first", "second", "later", "kept"),
    [
        ("13711112222", "", timedelta(hours=23), CheckStatus.PASS),
        ("13711112222", "", timedelta(hours=25), CheckStatus.WARN),
        ("", "13711112222", timedelta(0), CheckStatus.PASS),
    ],
)
def test_a_pass_outlives_warnings_for_a_day(
    idp: IdentityProvider,
    log_on: LogOn,
    first: str,
    second: str,
    later: timedelta,
    kept: CheckStatus,
) -> None:
    """An enterprise account without a number says nothing about the permission."""
    with time_machine.travel(NOW, tick=False) as clock:
        log_on(mobile=first)
        clock.shift(later)
        log_on(mobile=second)
    assert LogonVerdict.objects.get(check_key=MOBILE).status == kept


def test_the_same_verdict_is_written_once_an_hour(
    idp: IdentityProvider, log_on: LogOn
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for minutes in (0, 30, 29):
            clock.shift(timedelta(minutes=minutes))
            log_on()
        assert {row.at for row in LogonVerdict.objects.all()} == {NOW}
        clock.shift(timedelta(minutes=2))
        log_on()
    later = NOW + timedelta(minutes=61)
    assert {row.at for row in LogonVerdict.objects.all()} == {later}
