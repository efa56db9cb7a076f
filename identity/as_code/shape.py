"""Where each field of the wizard's forms stands in a file, and of which type it is."""

from collections.abc import Mapping
from typing import Any

from django import forms

from identity.connectors.base import Connector
from identity.forms.basic import BasicForm, HoursField
from identity.forms.scope import ScopeForm
from identity.inputs import Switch

CREDENTIALS, SYNCHRONIZATION, MAPPING = "credentials", "synchronization", "mapping"
ATTRIBUTES = "attributes"
"""The table of custom attributes, [mapping.attributes]."""
CYCLE = ("auto_sync", "sync_users", "sync_interval_hours")
"""Fields of the first step that stand in [synchronization]."""
HEAD = ("type", "id")
"""Keys of a file that are no fields of a form."""
TABLES = (CREDENTIALS, SYNCHRONIZATION, MAPPING)


def top_fields() -> dict[str, forms.Field]:
    """What stands above the tables: name, description, status."""
    return {n: f for n, f in BasicForm.base_fields.items() if n not in CYCLE}


def cycle_fields() -> dict[str, forms.Field]:
    """What stands in [synchronization] besides scope and departments."""
    return {name: BasicForm.base_fields[name] for name in CYCLE}


def credential_fields(connector: type[Connector]) -> Mapping[str, forms.Field]:
    """What stands in [credentials]: the vendor's own fields."""
    return connector.credentials_form().base_fields


def places(connector: type[Connector]) -> dict[str, str]:
    """The key of each form field as a dotted path, e.g. credentials.corp_id."""
    cycle = (*CYCLE, *ScopeForm.base_fields)
    return (
        {name: name for name in (*HEAD, *top_fields())}
        | {name: f"{CREDENTIALS}.{name}" for name in credential_fields(connector)}
        | {name: f"{SYNCHRONIZATION}.{name}" for name in cycle}
    )


def type_of(field: forms.Field) -> type[Any]:
    """The TOML type of a form field: bool, int or str."""
    if isinstance(field, Switch):
        return bool
    return int if isinstance(field, HoursField) else str
