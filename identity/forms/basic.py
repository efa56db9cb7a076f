"""The wizard's first form: the core's fields and the connector's, on one page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.inputs import (
    CredentialsForm,
    StrictForm,
    Switch,
    TextField,
    named,
)
from identity.models import IdentityProvider, IdentitySecret

# Han ideographs: the basic block, extensions A to I, and the zero that is written 〇.
CHINESE = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
NOT_IN_NAMES = re.compile(f"[^A-Za-z0-9_{CHINESE}-]")
NAME_PATTERN = (
    "[A-Za-z0-9_\\-\\u3007\\u3400-\\u4DBF\\u4E00-\\u9FFF\\u{20000}-\\u{323AF}]{2,100}"
)
"""The same rule for the browser, which counts characters in this notation too."""


class NameField(TextField):
    """2 to 100 Chinese characters, ASCII letters, digits, hyphens and underscores."""

    def validate(self, value: str) -> None:
        """Say which character is wrong, and how long is too short."""
        super().validate(value)
        if found := NOT_IN_NAMES.search(value):
            raise ValidationError(self._wrong(found.group()), code="characters")
        if len(value) < 2:
            raise ValidationError(
                _("One character is too short. An IdP Name has 2 to 100 characters."),
                code="too_short",
            )

    @staticmethod
    def _wrong(character: str) -> str:
        shown = _("a space") if character == " " else f"{character} {named(character)}"
        return _(
            "There is %(shown)s in it. An IdP Name may contain Chinese characters, "
            "letters, digits, hyphens (-) and underscores (_). Replace it."
        ) % {"shown": shown}


class HoursField(forms.CharField):
    """Whole hours from 1 to 24 in plain digits; `int` would take ٣ and １２ too."""

    default_error_messages = {
        "hours": gettext_lazy(
            "The cycle is a whole number of hours from 1 to 24. Write it in plain "
            "digits, for example 6."
        )
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.NumberInput(attrs={"min": 1, "max": 24, "step": 1})
        super().__init__(required=False, strip=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> int:
        """The hours."""
        if not re.fullmatch(r"[1-9]|1[0-9]|2[0-4]", str(value)):
            raise ValidationError(self.error_messages["hours"], code="hours")
        return int(value)


def name_taken() -> ValidationError:
    """The error of a name that another IdP has."""
    return ValidationError(
        _(
            "Another IdP has this name already; upper and lower case do not count as "
            "different. Choose another name."
        ),
        code="taken",
    )


class BasicForm(StrictForm):
    """What every IdP has, whatever the vendor."""

    name = NameField(
        longest=100,
        label=gettext_lazy("IdP Name"),
        widget=forms.TextInput(
            attrs={
                "placeholder": "test",
                "pattern": NAME_PATTERN,
                "autocomplete": "off",
                "data-count": 100,
            }
        ),
        help_text=gettext_lazy(
            "The name of the identity source. 2–100 characters; can contain Chinese "
            "characters, letters, digits, hyphens (-), and underscores (_)."
        ),
    )
    description = TextField(
        longest=100,
        required=False,
        label=gettext_lazy("Description"),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "data-count": 100,
            }
        ),
        help_text=gettext_lazy("Displayed as the logon title on the SASE client."),
    )
    status = forms.ChoiceField(
        label=gettext_lazy("IdP Status"),
        choices=IdentityProvider.Status.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose Enabled or Closed."),
            "invalid_choice": gettext_lazy(
                "This is not a status. Choose Enabled or Closed."
            ),
        },
    )
    auto_sync = Switch(
        label=gettext_lazy("Automatic Synchronization"),
        help_text=gettext_lazy(
            "If enabled, the system automatically syncs on the configured cycle. If "
            "disabled, you must sync manually."
        ),
    )
    sync_users = Switch(
        label=gettext_lazy("Synchronize User Information"),
        help_text=gettext_lazy(
            "If enabled, employee information is automatically synced based on the "
            "Automatic Synchronization Cycle. Requires Automatic Synchronization to "
            "be enabled."
        ),
    )
    sync_interval_hours = HoursField(
        label=gettext_lazy("Automatic Synchronization Cycle"),
        help_text=gettext_lazy("How often the sync runs, from 1 hour to 24 hours."),
    )

    def __init__(self, *args: Any, idp: IdentityProvider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idp = idp
        self.fields["description"].widget.attrs["placeholder"] = _(
            "%(vendor)s Logon"
        ) % {"vendor": idp.connector_class.label}

    def clean_name(self) -> str:
        """Unique, ignoring case."""
        name: str = self.cleaned_data["name"]
        others = IdentityProvider.objects.exclude(pk=self.idp.pk)
        if others.filter(name__iexact=name).exists():
            raise name_taken()
        return name

    def clean(self) -> dict[str, Any]:
        """People are synchronized on the cycle only if there is a cycle."""
        values = super().clean()
        if values.get("sync_users") and values.get("auto_sync") is False:
            self.add_error(
                "sync_users",
                ValidationError(
                    _(
                        "Synchronize User Information needs Automatic "
                        "Synchronization. Enable that one, or disable this one."
                    ),
                    code="needs_auto_sync",
                ),
            )
        return values


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the summary of errors; `field_id` is where its link leads."""

    field_id: str
    label: str
    text: str


class IdpForms:
    """Both forms of one IdP, filled from it or from what was sent, and saved to it."""

    def __init__(
        self, idp: IdentityProvider, data: Mapping[str, Any] | None = None
    ) -> None:
        self.idp = idp
        self.core = BasicForm(data, idp=idp, initial=_core_values(idp))
        self.vendor = _vendor_form(idp, data)

    @property
    def both(self) -> tuple[BasicForm, CredentialsForm]:
        """The core's form and the connector's."""
        return self.core, self.vendor

    def is_valid(self) -> bool:
        """Whether everything that was sent may be saved."""
        valid = [form.is_valid() for form in self.both]
        return all(valid)

    def only_empty(self) -> bool:
        """Whether nothing is wrong but that something is still left out."""
        return all(
            error.code == "required"
            for form in self.both
            for errors in form.errors.as_data().values()
            for error in errors
        )

    def problems(self) -> list[Problem]:
        """Every error with a link to its field, in the order of the page."""
        return [
            Problem(
                form[name].id_for_label or form[name].auto_id,
                str(form.fields[name].label),
                str(text),
            )
            for form in self.both
            for name in form.fields
            for text in form.errors.get(name, [])
        ]

    def values(self) -> dict[str, Any]:
        """Every valid value by name, without the secrets that were left empty."""
        secrets = self.idp.connector_class.secret_settings
        self.is_valid()
        return {
            name: value
            for form in self.both
            for name, value in form.cleaned_data.items()
            if value or name not in secrets
        }

    def save(self) -> dict[str, Any]:
        """Save every valid field; returns what changed, fit for the audit trail."""
        changes = self.changes()
        try:
            if changes:
                self._write(changes)
        except IntegrityError:  # another administrator took the name just now
            self.core.add_error("name", name_taken())
            return {}
        return changes

    @transaction.atomic
    def _write(self, changes: Mapping[str, Any]) -> None:
        for name, value in self.values().items():
            if name in changes:
                self._put(name, value)
        if not self.idp.auto_sync:
            self.idp.sync_users = False
        if not self.idp.is_draft:
            self.idp.schedule(timezone.now())
        self.idp.save()

    def changes(self) -> dict[str, Any]:
        """Fields whose valid value is new, with [before, after]; secrets "changed"."""
        before = _core_values(self.idp) | self.idp.settings
        return dict(self._compared(before))

    def _compared(self, before: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in self.values().items():
            if name in self.idp.connector_class.secret_settings:
                if self._differs(name, value):
                    yield name, "changed"
            elif value != before.get(name, ""):
                yield name, [before.get(name, ""), value]

    def _differs(self, name: str, value: str) -> bool:
        """Compare a secret with the stored one without opening that."""
        sealed = IdentitySecret.seal(self.idp, name, value)
        return not self.idp.secrets.filter(
            name=name, fingerprint=sealed.fingerprint
        ).exists()

    def _put(self, name: str, value: Any) -> None:
        connector = self.idp.connector_class
        if name in connector.secret_settings:
            self.idp.set_secret(name, value)
        elif name in connector.plain_settings:
            self.idp.settings = {**self.idp.settings, name: value}
        else:
            setattr(self.idp, name, value)


def stored_problems(idp: IdentityProvider) -> list[Problem]:
    """What keeps an IdP, as it stands in the database, from being complete."""
    return IdpForms(idp, _core_values(idp) | idp.settings).problems()


def _core_values(idp: IdentityProvider) -> dict[str, Any]:
    return {name: getattr(idp, name) for name in BasicForm.base_fields}


def _vendor_form(
    idp: IdentityProvider, data: Mapping[str, Any] | None
) -> CredentialsForm:
    form = cast(type[CredentialsForm], idp.connector_class.credentials_form())
    others = IdentityProvider.objects.filter(kind=idp.kind, confirmed_at__isnull=False)
    return form(
        data,
        initial=idp.settings,
        stored=set(idp.secrets.values_list("name", flat=True)),
        others=list(others.exclude(pk=idp.pk).values_list("settings", flat=True)),
    )
