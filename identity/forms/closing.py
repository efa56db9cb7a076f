"""The confirmation without which an enabled IdP is not closed."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.inputs import StrictForm, Switch


class ClosingForm(StrictForm):
    """Ticked by someone who has read what closing does."""

    confirm_close = Switch(
        label=gettext_lazy("Close this IdP: its employees lose access now")
    )

    def clean_confirm_close(self) -> bool:
        """Refuse without the tick."""
        confirmed: bool = self.cleaned_data["confirm_close"]
        if not confirmed:
            raise ValidationError(
                _(
                    "Closing takes access away, so it has to be confirmed. Tick this "
                    "box as well, or choose Enabled. Nothing was saved."
                ),
                code="unconfirmed",
            )
        return confirmed
