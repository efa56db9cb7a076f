"""The fields of an IdP as templates show them; the wizard and Edit use the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.forms import BoundField

from identity.connection import addresses_of
from identity.forms.idp import IdpForms
from identity.inputs import SecretField
from identity.views.marks import Mark


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field; whether it is a secret, one that is needed, and since when it is set."""

    field: BoundField
    secret: bool
    required: bool
    set_at: datetime | None
    mark: Mark | None = None


def basic_context(
    forms: IdpForms, marks: Mapping[str, Mark] | None = None
) -> dict[str, Any]:
    """What templates/identity/_fields.html needs; `marks` where changes are marked."""
    idp, vendor = forms.idp, forms.vendor
    marks = marks or {}
    rows = list(_rows(forms, marks))
    advanced = [row for row in rows if row.field.name in vendor.advanced]
    return {
        "idp": idp,
        "vendor": idp.connector_class.label,
        "guide": idp.connector_class.guide,
        "copy_values": idp.connector_class.copy_values(addresses_of(idp)),
        "form": forms.core,
        "marks": marks,
        "credentials": [r for r in rows if r.field.name not in vendor.advanced],
        "advanced": advanced,
        "advanced_open": any(row.field.errors for row in advanced),
        "problems": forms.problems() if forms.core.is_bound else [],
    }


def _rows(forms: IdpForms, marks: Mapping[str, Mark]) -> Iterator[FieldRow]:
    set_at = dict(forms.idp.secrets.values_list("name", "created_at"))
    for field in forms.vendor:
        secret = isinstance(field.field, SecretField)
        required = field.name in forms.vendor.required_secrets
        since, mark = set_at.get(field.name), marks.get(field.name)
        yield FieldRow(field, secret, required, since, mark)
