"""Rows of the connectivity test: made blank, and filled with what was found."""

from dataclasses import replace

from django.utils.translation import gettext as _

from identity.connectors.dingtalk import findings
from identity.connectors.dingtalk.findings import Finding
from identity.connectors.dingtalk.permissions import (
    CONTACT_MOBILE,
    CONTACT_READ,
    PERMISSIONS,
    Permission,
)
from identity.connectors.records import Check, CheckStatus


def blank(key: str, group: str, title: str, asked: str, proves: str) -> Check:
    """A row that was not run yet."""
    return Check(
        key, group, title, CheckStatus.SKIPPED, proves=proves, asked=asked, facts={}
    )


def of_permission(permission: Permission) -> Check:
    """The row of a permission, not run yet."""
    check = blank(
        f"permission_{permission.scope}",
        _("Permissions"),
        str(permission.name),
        permission.asked,
        _("Without it: %(lost)s") % {"lost": permission.lost},
    )
    facts = {"scope": permission.scope, "console_name": permission.console_name}
    return replace(check, facts=facts)


def filled(check: Check, finding: Finding) -> Check:
    """A row with what was found."""
    return replace(
        check,
        status=finding.status,
        cause=finding.cause,
        fix=finding.fix,
        link=finding.link,
        paste=finding.paste,
        ms=finding.ms,
        facts={**check.facts, **finding.facts},
    )


def at_logon(scope: str, status: CheckStatus, app_key: str) -> Check:
    """The row of a permission that a logon has just judged."""
    permission = next(each for each in PERMISSIONS if each.scope == scope)
    finding = findings.at_logon(permission, app_key, status)
    return filled(of_permission(permission), finding)


def remembered(check: Check, status: CheckStatus, app_key: str) -> Check:
    """A row of a test, with what an earlier logon found out about its permission.

    A refusal is shown as a warning. A test vouches for what it asks itself, and cannot
    ask this again: as a failure it would stand until somebody logs on, and bar the way
    of an administrator who has just granted the permission. Before the first logon
    there is no verdict, so a first confirmation never meets one.
    """
    scope = check.key.removeprefix("permission_")
    if scope not in (CONTACT_READ, CONTACT_MOBILE):
        return check
    told = at_logon(scope, status, app_key)
    if status is CheckStatus.FAIL:
        told = replace(told, status=CheckStatus.WARN)
    return told
