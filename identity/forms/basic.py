"""What every IdP has, whatever the vendor: name, title, status and cycle."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.inputs import (
    StrictForm,
    Switch,
    TextField,
    named,
)
from identity.models import IdentityProvider

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
