"""The confirmation without which an enabled IdP is not closed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.inputs import StrictForm, TextField


class ClosingForm(StrictForm):
    """The IdP's present name, typed by someone who has read what closing does."""

    confirm_close = TextField(
        longest=100,
        required=False,  # said in words of its own
        label=gettext_lazy("Confirmation of closing"),
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_confirm_close(self) -> str:
        """Exactly the name, upper and lower case too."""
        typed: str = self.cleaned_data["confirm_close"]
        if typed != self.name:
            raise ValidationError(
                _(
                    "Closing takes access away, so it has to be confirmed. Type the "
                    "name %(name)s exactly so, or choose Enabled. Nothing was saved."
                ),
                code="unconfirmed",
                params={"name": self.name},
            )
        return typed
