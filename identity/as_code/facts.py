"""An IdP as plain values, for lists and JSON. Of secrets only since when they are set."""

from datetime import datetime
from typing import Any

from identity.as_code import shape
from identity.connection import addresses_of, latest_report
from identity.forms.mapping import MappingForm
from identity.models import IdentityProvider


def outline(idp: IdentityProvider) -> dict[str, Any]:
    """What a list shows of an IdP."""
    return {
        "id": str(idp.pk),
        "name": idp.name,
        "type": idp.kind,
        "status": "draft" if idp.is_draft else str(idp.status),
        "next_run": _iso(idp.next_attempt_at),
    }


def facts(idp: IdentityProvider) -> dict[str, Any]:
    """Everything that is known of an IdP, but no secret."""
    form = MappingForm(idp, idp.connector_class.source_fields())
    cycle = {name: getattr(idp, name) for name in shape.CYCLE}
    return {
        **outline(idp),
        "description": idp.description,
        "credentials": _credentials(idp),
        "synchronization": {
            **cycle,
            "scope": str(idp.scope),
            "departments": idp.departments,
        },
        "mapping": {row["target"]: row["sources"] for row in form.rows()},
        "last_test": _last_test(idp),
        "addresses": {
            value.key: value.value
            for value in idp.connector_class.copy_values(addresses_of(idp))
        },
    }


def _credentials(idp: IdentityProvider) -> dict[str, str]:
    set_on = dict(idp.present_secrets().values_list("name", "created_at"))
    connector = idp.connector_class
    return idp.plain() | {
        name: f"set on {set_on[name]:%Y-%m-%d}" if name in set_on else "not set"
        for name in connector.secret_settings
    }


def _last_test(idp: IdentityProvider) -> dict[str, Any] | None:
    report = latest_report(idp)
    if report is None:
        return None
    return {"passed": report.passed, "finished": _iso(report.finished_at)}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
