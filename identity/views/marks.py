"""What Edit Identity Source says about each field: what it was, and who changed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.forms import BaseForm
from django.utils.translation import gettext as _

from identity.forms.idp import IdpForms
from identity.forms.version import State, overtaken, state_of, touched
from identity.inputs import SecretField, Switch
from identity.models import AuditEvent


@dataclass(frozen=True, slots=True)
class Mark:
    """A field's note "was ...", shown while it differs from what is stored.

    `stored` is the stored value as a browser would send it, "" for a secret.
    """

    name: str
    stored: str
    words: str
    changed: bool
    tested: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else saved; `mine` if the sender changed it too."""

    label: str
    before: str
    now: str
    mine: bool


def marks_of(forms: IdpForms) -> dict[str, Mark]:
    """The note of every field by its name."""
    return {mark.name: mark for form in forms.both for mark in _marks(forms, form)}


def differences(forms: IdpForms, base: State) -> list[Difference]:
    """What somebody else saved since `base` and these forms would set back."""
    names, now = overtaken(forms, base), state_of(forms.idp)
    mine = touched(forms, base, names)
    return [
        Difference(
            str(form.fields[name].label),
            *_said(form, name, base.get(name), now.get(name)),
            name in mine,
        )
        for form in forms.both
        for name in form.fields
        if name in names
    ]


def last_save(forms: IdpForms) -> AuditEvent | None:
    """The newest line of the audit trail about this IdP."""
    return AuditEvent.objects.filter(target_id=str(forms.idp.pk)).first()


def _marks(forms: IdpForms, form: BaseForm) -> Iterator[Mark]:
    stored, tested = state_of(forms.idp), forms.idp.connector_class.tested_settings
    for name, field in form.fields.items():
        if isinstance(field, SecretField):
            words = _("will be replaced") if name in stored else _("will be set")
            yield Mark(name, "", words, changed=False, tested=name in tested)
        else:
            raw = _raw(stored[name])
            changed = form.is_bound and _raw(form[name].value()).strip(" ") != raw
            words = _("was %(value)s") % {"value": _shown(form, name, stored[name])}
            yield Mark(name, raw, words, changed=changed, tested=name in tested)


def _said(form: BaseForm, name: str, before: Any, now: Any) -> tuple[str, str]:
    """Both values in words; of a secret only that it was replaced."""
    if isinstance(form.fields[name], SecretField):
        return "–", _("replaced")
    return _shown(form, name, before), _shown(form, name, now)


def _raw(value: Any) -> str:
    """A value as a browser sends it."""
    if value is True:
        return "on"
    return "" if value in (False, None) else str(value)


def _shown(form: BaseForm, name: str, value: Any) -> str:
    """A stored value in words."""
    if isinstance(form.fields[name], Switch):
        return _("on") if value else _("off")
    choices = dict(getattr(form.fields[name], "choices", ()))
    return str(choices.get(value, value or _("empty")))
