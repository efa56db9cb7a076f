"""The form of an application, and the typed name that deletes one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity import redirects
from identity.inputs import StrictForm, TextField, cleaned
from identity.models import Application
from identity.redirects import MOST, Kind


class AddressesField(forms.CharField):
    """Addresses, one a line; empty lines and spaces around them do not count."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 3, "spellcheck": "false", "autocomplete": "off"}
        super().__init__(strip=True, widget=forms.Textarea(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        """The addresses, in the order given, each once, with spaces between them.

        What they may be depends on the kind of the application, which the form knows.
        """
        lines = [line.strip() for line in super().clean(value).splitlines()]
        found = list(dict.fromkeys(line for line in lines if line))
        if len(found) > MOST:
            raise ValidationError(
                _("These are %(count)s addresses; at most %(most)s are allowed."),
                code="too_many",
                params={"count": len(found), "most": MOST},
            )
        for line in found:
            cleaned(line)
            if " " in line:
                raise ValidationError(
                    _("%(line)s: there is a space in it. Write one address a line."),
                    code="space",
                    params={"line": line[:80]},
                )
        return " ".join(found)


class ApplicationForm(StrictForm):
    """What an administrator says of an application. `preset` is decided once: the kind
    of program, and so whether it can keep a secret, does not change."""

    name = TextField(
        longest=100,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy(
            "Employees read it when the application asks for a logon."
        ),
    )
    description = TextField(
        longest=200,
        required=False,
        label=gettext_lazy("Description"),
        help_text=gettext_lazy("Shown to employees beside the resource."),
    )
    redirect_uris = AddressesField(
        label=gettext_lazy("Redirect addresses"),
        help_text=gettext_lazy(
            "Where a logon may lead back to, one a line. They are compared exactly."
        ),
        error_messages={
            "required": gettext_lazy(
                "Without a redirect address nobody can log on. Enter the address that "
                "the application names as redirect URI or callback."
            )
        },
    )
    post_logout_redirect_uris = AddressesField(
        required=False,
        label=gettext_lazy("Post-logout addresses"),
        help_text=gettext_lazy(
            "Where a log off that the application asked for may lead back to, one a "
            "line. Without one the employee stays here."
        ),
    )
    launch_url = TextField(
        longest=500,
        required=False,
        label=gettext_lazy("Launch address"),
        help_text=gettext_lazy(
            "Shown to employees as a resource they can open. Leave it empty if there is "
            "nothing to open."
        ),
    )
    backchannel_logout_uri = TextField(
        longest=500,
        required=False,
        label=gettext_lazy("Back-channel logout address"),
        help_text=gettext_lazy(
            "This server tells it when a session ends, so that the application ends "
            "its own."
        ),
    )
    KINDS: ClassVar[Mapping[str, Kind]] = {
        "launch_url": Kind.LAUNCH,
        "backchannel_logout_uri": Kind.BACK_CHANNEL,
    }

    def __init__(self, *args: Any, application: Application, **kwargs: Any) -> None:
        kwargs.setdefault("initial", shown(application))
        super().__init__(*args, **kwargs)
        self.application = application

    def clean_name(self) -> str:
        """Unique, ignoring case: a name is how people tell applications apart."""
        name: str = self.cleaned_data["name"]
        others = Application.objects.exclude(pk=self.application.pk)
        if others.filter(name__iexact=name).exists():
            raise ValidationError(
                _("Another application has this name already. Choose another name."),
                code="taken",
            )
        return name

    def clean(self) -> dict[str, Any]:
        """Every address is one that this kind of application may have."""
        values = super().clean()
        back = self.application.kind_of_redirects
        for name in ("redirect_uris", "post_logout_redirect_uris", *self.KINDS):
            for address in str(values.get(name) or "").split(" "):
                if address:
                    self._check(name, address, self.KINDS.get(name, back))
        return values

    def _check(self, name: str, address: str, kind: Kind) -> None:
        try:
            redirects.check(address, kind)
        except ValidationError as error:
            text = error.messages[0]
            if name not in self.KINDS:
                text = f"{address[:80]}: {text}"
            self.add_error(name, ValidationError(text, code=error.code))


def shown(application: Application) -> dict[str, str]:
    """The values of an application as its form shows them."""
    values = {name: getattr(application, name) for name in ApplicationForm.base_fields}
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        values[name] = "\n".join(values[name].split())
    return values


class NameForm(StrictForm):
    """The name of the application, typed to show that exactly this one is meant."""

    typed = TextField(longest=255, label=gettext_lazy("Name of the application"))

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_typed(self) -> str:
        """Exactly the name, upper and lower case too."""
        typed: str = self.cleaned_data["typed"]
        if typed != self.name:
            raise ValidationError(
                _(
                    "This is not the name of this application, which is %(name)s. Type "
                    "it exactly so. Nothing was deleted."
                ),
                code="name",
                params={"name": self.name},
            )
        return typed
