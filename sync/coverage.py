"""What a run of an IdP is about: its scope, its mapping, its limits, its company."""

import hashlib
import json
from typing import Any

from identity.connectors.records import Scope
from identity.mapping import FieldMapping, build
from identity.models import IdentityProvider
from sync import guard


def scope_of(idp: IdentityProvider, *, people: bool = True) -> Scope:
    """What an IdP's full run covers."""
    if idp.scope == IdentityProvider.ScopeChoice.ALL:
        return Scope(people=people)
    return Scope(departments=frozenset(map(str, idp.departments)), people=people)


def mapping_of(idp: IdentityProvider) -> FieldMapping:
    """The field mapping of an IdP, checked; raises MappingError."""
    return build(idp.mapping, idp.connector_class.source_fields())


def limits_of(idp: IdentityProvider) -> guard.Limits:
    """From when on the guard holds a run of this IdP."""
    return guard.Limits(
        idp.guard_people_min,
        idp.guard_people_percent,
        idp.guard_departments_min,
        idp.guard_departments_percent,
    )


def configuration_of(idp: IdentityProvider) -> tuple[Any, ...]:
    """What a run must not outlive: it writes only for the settings it began with."""
    secrets = idp.present_secrets().filter(name__in=idp.connector_class.tested_settings)
    return (
        *(idp.scope, idp.departments, idp.mapping, company_of(idp)),
        *sorted(secrets.values_list("name", "fingerprint")),
    )


def company_of(idp: IdentityProvider) -> str:
    """Names the app and the company that an IdP reads, without its secrets.

    A secret that was rotated opens the same company; another app or CorpId may not.
    """
    connector = idp.connector_class
    names = set(connector.tested_settings) & set(connector.plain_settings)
    told = json.dumps({name: idp.settings.get(name, "") for name in sorted(names)})
    return hashlib.sha256(told.encode()).hexdigest()[:32]
