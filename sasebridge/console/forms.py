"""Forms of the console's own settings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from identity.inputs import TextField
from identity.models import Enterprise


class EnterpriseForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """The company's name and the identifier that employees type in the client."""

    name = TextField(
        longest=100,
        required=False,
        label=_("Company name"),
        help_text=_("Shown to employees on the logon page."),
    )

    class Meta:
        model = Enterprise
        fields = ["name", "identifier", "history_days", "erase_after_days"]
        help_texts = {
            "history_days": _(
                "30 to 3650. Older runs and changes are removed for good, and the "
                "directory can be shown as it was for so long only."
            ),
            "erase_after_days": _(
                "1 to 3650. So long after somebody left, their name, mobile, e-mail "
                "and all other values are erased for good, here and in the history; "
                "that somebody was here, and when, stays. Who comes back is known."
            ),
            "identifier": _(
                "3 to 64 letters, digits, hyphens and underscores. Employees enter it "
                "in the SASE client; after a change they need the new one."
            ),
        }
        error_messages = {
            "identifier": {
                "required": _(
                    "The identifier is empty; without one nobody finds the company. "
                    "Enter 3 to 64 letters, digits, hyphens (-) and underscores (_)."
                ),
                "max_length": _(
                    "This is longer than 64 characters. Use 3 to 64 letters, digits, "
                    "hyphens (-) and underscores (_)."
                ),
                "invalid": _(
                    "Use 3 to 64 letters, digits, hyphens (-) and underscores (_)."
                ),
            }
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Its default is made up anew each time, so Django would ask for it twice.
        self.fields["identifier"].show_hidden_initial = False
        for name in ("history_days", "erase_after_days"):
            self.fields[name].required = False

    def takes_away(self) -> bool:
        """Whether employees would need another identifier, or history or values would
        go for good (T-48)."""
        days = ("history_days", "erase_after_days")
        less = any(self.cleaned_data[name] < self.initial[name] for name in days)
        return less or "identifier" in self.changed_data

    def clean_history_days(self) -> int:
        """Nothing at all leaves it as it is."""
        return self._days("history_days")

    def clean_erase_after_days(self) -> int:
        """The same."""
        return self._days("erase_after_days")

    def _days(self, name: str) -> int:
        days: int | None = self.cleaned_data.get(name)
        return self.initial[name] if days is None else days
