"""The form of a webhook."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from identity import redirects
from identity.inputs import StrictForm, TextField
from identity.redirects import Kind
from sync import feed
from sync.models import WebhookEndpoint

NOW, BEGINNING = "now", "beginning"


class WebhookForm(StrictForm):
    """Where changes go, and which; `start` is asked once, for a new one."""

    repeated: ClassVar[tuple[str, ...]] = ("types",)
    name = TextField(longest=100, label=_("Name"))
    address = TextField(
        longest=2048,
        label=_("Address"),
        help_text=_(
            "Each change is sent there by POST, signed. It begins with https://."
        ),
    )
    types = forms.MultipleChoiceField(
        required=False,
        label=_("Changes that it hears of"),
        choices=list(feed.TYPES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick none to send all of them, later kinds too."),
    )
    start = forms.ChoiceField(
        label=_("Begin with"),
        choices=[
            (NOW, _("What changes from now on")),
            (BEGINNING, _("Everything that the history has")),
        ],
        widget=forms.RadioSelect,
        initial=NOW,
    )

    def __init__(
        self, *args: Any, endpoint: WebhookEndpoint | None = None, **kwargs: Any
    ) -> None:
        self.endpoint = endpoint
        if endpoint is not None:
            fields = ("name", "address", "types")
            kwargs.setdefault("initial", {n: getattr(endpoint, n) for n in fields})
        super().__init__(*args, **kwargs)
        if endpoint is not None:
            del self.fields["start"]

    def clean_address(self) -> str:
        """What this server may call."""
        address: str = self.cleaned_data["address"]
        redirects.check(address, Kind.WEBHOOK)
        return address

    def changes(self) -> dict[str, Any]:
        """What would change of the endpoint, as the audit trail has it."""
        return {
            name: {"before": getattr(self.endpoint, name), "after": value}
            for name, value in self.cleaned_data.items()
            if getattr(self.endpoint, name) != value
        }
