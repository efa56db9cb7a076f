"""The fields of an IdP as templates show them; the wizard and Edit use the same."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.forms import BoundField
from django.utils.translation import gettext as _

from identity.connection import addresses_of
from identity.forms.idp import IdpForms
from identity.inputs import SecretField
from identity.models import IdentityProvider
from identity.views.marks import Mark


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field; whether it is a secret, one that is needed, and since when it is set."""

    field: BoundField
    secret: bool
    required: bool
    set_at: datetime | None
    mark: Mark | None = None
    hint: str = ""
    """What stands under it instead of the field's own help."""
    there: str = ""
    """What the vendor's console calls it."""


def basic_context(
    forms: IdpForms, marks: Mapping[str, Mark] | None = None
) -> dict[str, Any]:
    """What templates/identity/_fields.html needs; `marks` where changes are marked."""
    idp, vendor = forms.idp, forms.vendor
    marks = marks or {}
    rows = list(_rows(forms, marks))
    # A confirmed IdP has them in a block of their own, with the Request Address.
    keys = [] if idp.is_draft else _keys(forms, rows)
    apart = {row.field.name for row in keys}
    rows = [row for row in rows if row.field.name not in apart]
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
        "keys": keys,
        "problems": forms.problems() if forms.core.is_bound else [],
    } | address_context(idp)


def address_context(idp: IdentityProvider) -> dict[str, Any]:
    """The Request Address, and what the vendor's console calls it."""
    return {
        "request_address": addresses_of(idp).request_url,
        "address_name": idp.connector_class.push_names.get("address", ""),
    }


def key_rows(forms: IdpForms) -> list[FieldRow]:
    """The keys that events are opened with, and what the vendor calls each."""
    return _keys(forms, _rows(forms, {}))


def _keys(forms: IdpForms, rows: Iterable[FieldRow]) -> list[FieldRow]:
    kind = forms.idp.connector_class
    names, vendor = kind.push_names, str(kind.label)
    return [
        replace(row, there=str(names[name]), hint=_place(vendor, names[name]))
        for row in rows
        if (name := row.field.name) in kind.push_settings
    ]


def _place(vendor: str, name: Any) -> str:
    return _("In %(vendor)s: %(name)s.") % {"vendor": vendor, "name": name}


def _rows(forms: IdpForms, marks: Mapping[str, Mark]) -> Iterator[FieldRow]:
    set_at = dict(forms.idp.present_secrets().values_list("name", "created_at"))
    for field in forms.vendor:
        secret = isinstance(field.field, SecretField)
        required = field.name in forms.vendor.required_secrets
        since, mark = set_at.get(field.name), marks.get(field.name)
        yield FieldRow(field, secret, required, since, mark)
