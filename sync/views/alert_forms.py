"""The form of who is told by e-mail."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.inputs import StrictForm, Switch, cleaned
from sync.models import AlertSettings

MOST, LONGEST = 50, 254
FIELDS = ("administrators", "recipients", "language")


class AddressesField(forms.CharField):
    """E-mail addresses, one a line; each once, whatever the case."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 4, "spellcheck": "false", "autocomplete": "off"}
        super().__init__(widget=forms.Textarea(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> list[str]:
        """The addresses in the order given."""
        lines = [line.strip() for line in super().clean(value).splitlines()]
        found = {line.lower(): line for line in reversed(lines) if line}
        if len(found) > MOST:
            raise ValidationError(
                _("These are %(count)s addresses; at most %(most)s are allowed."),
                code="too_many",
                params={"count": len(found), "most": MOST},
            )
        return [_address(line) for line in reversed(found.values())]


def _address(line: str) -> str:
    line = cleaned(line)
    try:
        EmailValidator()(line)
    except ValidationError:
        line = ""
    if not line or len(line) > LONGEST:
        raise ValidationError(
            _(
                "One of the lines is no e-mail address. Write one a line, such as "
                "it@example.com."
            ),
            code="address",
        )
    return line


class AlertForm(StrictForm):
    """Who is told, and in which language those without an account."""

    administrators = Switch(
        label=gettext_lazy("Every administrator"),
        help_text=gettext_lazy(
            "At the e-mail address of the account, in the account's language."
        ),
    )
    recipients = AddressesField(
        required=False,
        label=gettext_lazy("Further addresses"),
        help_text=gettext_lazy(
            "One a line. Alerts hold numbers and a link, and no names of employees."
        ),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("Of the alerts to these addresses and to robots."),
    )

    def __init__(self, *args: Any, chosen: AlertSettings, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {
                "administrators": chosen.administrators,
                "recipients": "\n".join(chosen.recipients),
                "language": chosen.language,
            },
        )
        super().__init__(*args, **kwargs)

    def changes(self, chosen: AlertSettings) -> dict[str, Any]:
        """What would change, as the audit trail has it."""
        return {
            name: {"before": getattr(chosen, name), "after": self.cleaned_data[name]}
            for name in FIELDS
            if getattr(chosen, name) != self.cleaned_data[name]
        }
