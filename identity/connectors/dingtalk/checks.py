"""The connectivity test: one row per check, live, in the order of display.

    reach_oapi, reach_api      the two hosts: name, connection, TLS, clock
    token                      AppKey and AppSecret, asked for afresh
    corp_id                    whether the app lives in the company of this CorpId
    ip_allow_list              whether DingTalk takes calls from this server's address
    permission_<scope>         the seven permissions
    range                      whether the permission scope is All Employees

The keys are stable. A row whose ground is missing is skipped and says what it needs.
At most 2 requests to reach, 1 token, 1 CorpId, 1 range, 1 listsub, 1 count and 1 page,
plus up to 5 departments' pages if too few people sit at the top to tell.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from identity.connectors.base import Gate
from identity.connectors.dingtalk import fields, findings, rows
from identity.connectors.dingtalk.calling import TOKEN
from identity.connectors.dingtalk.client import CORP_TOKEN, SCOPES
from identity.connectors.dingtalk.findings import Finding
from identity.connectors.dingtalk.permissions import PERMISSIONS, Permission, Proof
from identity.connectors.dingtalk.probes import Outcome, Probes, TimeUp
from identity.connectors.errors import PermissionMissing
from identity.connectors.records import Check, CheckStatus

NAMED_DEPARTMENTS = 3
"""Departments of a narrow range that are named; each costs a call."""

Judge = Callable[[Probes], Finding]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the check as it is shown, what must have passed before, how it is run."""

    check: Check
    needs: tuple[str, ...]
    judge: Judge


def run_checks(
    credentials: Mapping[str, str], gate: Gate, probes: Probes | None = None
) -> Iterator[Check]:
    """Run all checks; yields each as it ends. Raises nothing, ends within 60 s."""
    probes = probes or Probes(credentials, gate)
    done: dict[str, Check] = {}
    try:
        for row in _rows():
            finding = _finding(row, probes, done)
            check = done[row.check.key] = rows.filled(row.check, finding)
            yield check
    finally:
        probes.close()


def _finding(row: Row, probes: Probes, done: Mapping[str, Check]) -> Finding:
    for key in row.needs:
        if done[key].status in (CheckStatus.FAIL, CheckStatus.SKIPPED):
            return findings.skipped(_("not run: needs %(t)s") % {"t": done[key].title})
    try:
        return row.judge(probes)
    except TimeUp:
        # The first such row fails, because a test without a failure is a pass.
        late = any(check.facts.get("code") == "time" for check in done.values())
        status = CheckStatus.SKIPPED if late else CheckStatus.FAIL
        fix = _("Run the test again when DingTalk answers faster.")
        facts = {"code": "time"}
        return Finding(status, _("not run: time is up"), fix, facts=facts)


# --- the rows, in the order of display ---


def _rows() -> Iterator[Row]:
    yield _host("reach_oapi", _("Legacy API"), settings.DINGTALK_OAPI_URL)
    yield _host("reach_api", _("New API"), settings.DINGTALK_API_URL)
    yield Row(
        rows.blank(
            "token",
            _("Credentials"),
            _("AppKey and AppSecret"),
            f"POST {TOKEN}",
            _("DingTalk accepts AppKey and AppSecret and gives a token."),
        ),
        ("reach_api",),
        lambda probes: _refused_or_passed(probes.token()),
    )
    yield Row(
        rows.blank(
            "corp_id",
            _("Credentials"),
            _("CorpId"),
            f"POST {CORP_TOKEN}",
            _("The application belongs to the company with this CorpId."),
        ),
        ("token",),
        lambda probes: _timed(probes.corp(), findings.corp(probes.corp().error)),
    )
    yield Row(
        rows.blank(
            "ip_allow_list",
            _("Network"),
            _("Server Egress IP"),
            f"GET {SCOPES}",
            _("DingTalk takes calls of this application from this server's address."),
        ),
        ("reach_oapi", "token"),
        _address,
    )
    for permission in PERMISSIONS:
        yield _permission(permission)
    yield Row(
        rows.blank(
            "range",
            _("Range"),
            _("Permission scope"),
            f"GET {SCOPES}",
            _("The application may read all employees."),
        ),
        ("ip_allow_list",),
        _range,
    )


def _host(key: str, name: str, base: str) -> Row:
    host = urlsplit(base).netloc
    check = rows.blank(
        key,
        _("Reach"),
        f"{name} — {base.partition('://')[2]}",
        f"GET {base}",
        _("The name is known, the connection and TLS work, the clocks agree."),
    )
    return Row(check, (), partial(_reach, base, host))


def _permission(permission: Permission) -> Row:
    check = rows.of_permission(permission)
    if permission.proof is Proof.LOGON:
        return Row(check, (), partial(_at_logon, permission))
    judge = _sampled if permission.proof is Proof.SAMPLE else _called
    return Row(check, ("ip_allow_list",), partial(judge, permission))


# --- how each is run ---


def _reach(base: str, host: str, probes: Probes) -> Finding:
    outcome = probes.reach(base)
    if outcome.error:
        return _timed(outcome, findings.unreachable(outcome.error, host))
    return _timed(outcome, findings.clock(outcome.value or "", datetime.now(UTC)))


def _address(probes: Probes) -> Finding:
    """A missing permission still proves that the address is accepted."""
    outcome = probes.range()
    if isinstance(outcome.error, PermissionMissing):
        return Finding(ms=outcome.ms)
    return _refused_or_passed(outcome)


def _at_logon(permission: Permission, probes: Probes) -> Finding:
    return findings.at_logon(permission, probes.client.app_key)


def _sampled(permission: Permission, probes: Probes) -> Finding:
    members = probes.members()
    if members.error and not members.absent:
        return findings.skipped(_("not run: needs the members of a department"))
    if permission.scope == fields.MOBILE:
        people = probes.people(fields.MOBILE_KEYS)
        return _timed(members, findings.mobile_permission(people))
    people = probes.people(fields.PERSONAL_KEYS)
    return _timed(members, findings.personal_permission(people))


def _called(permission: Permission, probes: Probes) -> Finding:
    asked: Mapping[str, Callable[[], Outcome[object]]] = {
        "qyapi_get_department_list": probes.children,
        "qyapi_get_member": probes.count,
        "qyapi_get_department_member": probes.members,
    }
    outcome = asked[permission.scope]()
    app_key = probes.client.app_key
    finding = findings.call_permission(permission, outcome.error, app_key)
    return _timed(outcome, finding)


def _range(probes: Probes) -> Finding:
    outcome = probes.range()
    if outcome.value is None:
        return _refused_or_passed(outcome)
    if outcome.value.whole:
        return Finding(ms=outcome.ms, facts={"departments": "all"})
    names = probes.names(outcome.value.departments[:NAMED_DEPARTMENTS])
    return _timed(outcome, findings.narrow_range(outcome.value, names))


def _refused_or_passed(outcome: Outcome[object]) -> Finding:
    found = findings.refused(outcome.error) if outcome.error else Finding()
    return _timed(outcome, found)


def _timed(outcome: Outcome[object], finding: Finding) -> Finding:
    return replace(finding, ms=outcome.ms)
