"""DingTalk's own fields in the wizard: what is asked, and what each may hold."""

import base64
import binascii
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.connectors.base import PUSH_METHOD, PushMethod
from identity.connectors.dingtalk import channel
from identity.inputs import CredentialsForm, SecretField, TextField, refuse_mask


class DingField(TextField):
    """An id that DingTalk gives out: `ding`, then letters and digits."""

    default_error_messages = {
        "form": gettext_lazy(
            "This does not look like one of DingTalk's: it starts with ding, then "
            "come 4 to 60 letters and digits, nothing else. Copy it again from there."
        )
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=64, **kwargs)
        self.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def validate(self, value: str) -> None:
        """Refuse masks, and what has not the form."""
        super().validate(value)
        refuse_mask(value)
        rest = value.removeprefix("ding")
        well_formed = rest.isascii() and rest.isalnum() and 4 <= len(rest) <= 60
        if rest == value or not well_formed:
            raise ValidationError(self.error_messages["form"], code="form")


class AesKeyField(SecretField):
    """43 characters of base64 that decode to the 32 bytes of an AES key."""

    def clean(self, value: Any) -> str:
        """The key as DingTalk shows it; stray low bits at its end are DingTalk's."""
        key = super().clean(value)
        if key:
            try:
                base64.b64decode(key + "=", validate=True)
            except binascii.Error:
                raise ValidationError(self.rule, code="format") from None
        return key


class DingTalkCredentialsForm(CredentialsForm):
    """CorpId, AppKey and AppSecret; the type, and the two keys of the event push."""

    required_secrets: ClassVar[tuple[str, ...]] = ("app_secret",)
    advanced: ClassVar[tuple[str, ...]] = (
        "dingtalk_type",
        PUSH_METHOD,
        "aes_key",
        "token",
    )

    corp_id = DingField(
        label=gettext_lazy("CorpId"),
        help_text=gettext_lazy(
            "The unique enterprise ID. Get it from the home page of the DingTalk Open "
            "Platform."
        ),
        widget=forms.TextInput(
            attrs={"placeholder": "ding3608be7c4e5266ce4ac5d6980864****"}
        ),
    )
    app_key = DingField(
        label=gettext_lazy("AppKey"),
        help_text=gettext_lazy(
            "Get it from the Credentials And Basic Information page of your "
            "application."
        ),
        widget=forms.TextInput(attrs={"placeholder": "dingwjlht8b93ara****"}),
    )
    app_secret = SecretField(
        label=gettext_lazy("AppSecret"),
        help_text=gettext_lazy(
            "Get it from the Credentials And Basic Information page of your "
            "application."
        ),
        pattern=r"[A-Za-z0-9_-]{8,128}",
        rule=gettext_lazy(
            "An AppSecret is letters, digits, hyphens (-) and underscores (_), usually "
            "64 of them. Copy it again from DingTalk."
        ),
    )
    dingtalk_type = forms.ChoiceField(
        label=gettext_lazy("DingTalk Type"),
        choices=[
            ("standard", gettext_lazy("DingTalk Standard")),
            ("dedicated", gettext_lazy("Dedicated DingTalk")),
        ],
        initial="standard",
        required=False,
        widget=forms.RadioSelect,
        error_messages={
            "invalid_choice": gettext_lazy(
                "This is not a type of DingTalk. Choose DingTalk Standard or Dedicated "
                "DingTalk."
            )
        },
    )
    push_method = forms.ChoiceField(
        label=gettext_lazy("Push Method"),
        choices=[
            (PushMethod.HTTP.value, gettext_lazy("HTTP Push")),
            (PushMethod.STREAM.value, gettext_lazy("Stream Mode")),
        ],
        initial=PushMethod.HTTP.value,
        required=False,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "How events come. HTTP Push calls the Request URL, which must be reachable "
            "from the internet. For Stream Mode this server opens the connection: no "
            "address and neither of the two keys below is needed. Choose the same on "
            "DingTalk's Event Subscription page."
        ),
        error_messages={
            "invalid_choice": gettext_lazy(
                "This is not a push method. Choose HTTP Push or Stream Mode."
            )
        },
    )
    aes_key = AesKeyField(
        label=gettext_lazy("AES Encryption Key"),
        help_text=gettext_lazy(
            "The encryption key for event subscription, 43 characters. You will get "
            "it from DingTalk in Step 4; leave it empty now."
        ),
        pattern=r"[A-Za-z0-9+/]{43}",
        rule=gettext_lazy(
            "An AES Encryption Key has exactly 43 characters: letters, digits, + and /. "
            "Copy Encryption Aes_key again from DingTalk's Event Subscription page."
        ),
    )
    token = SecretField(
        label=gettext_lazy("Encryption Token"),
        help_text=gettext_lazy(
            "The signature token for event subscription. You will get it from "
            "DingTalk in Step 4; leave it empty now."
        ),
        pattern=r"[!-~]{1,64}",
        rule=gettext_lazy(
            "An Encryption Token has at most 64 letters, digits or signs of the plain "
            "ASCII alphabet. Copy Signature Token again from DingTalk."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        placeholders = {
            "app_secret": "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR-bn4FbfeVQQKNr1_1giWA****",
            "aes_key": "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AM******",
            "token": "YYwR3A3rV6mrvpC******",
        }
        for name, text in placeholders.items():
            self.fields[name].widget.attrs["placeholder"] = text

    def clean_corp_id(self) -> str:
        """One company, one confirmed IdP: two would fight over the same people."""
        value: str = self.cleaned_data["corp_id"]
        if others := self._others_with("corp_id", value):
            raise ValidationError(
                _(
                    "The IdP %(name)s already connects the company with this CorpId. "
                    "Edit that one, or enter the CorpId of another company."
                ),
                code="taken",
                params={"name": others[0]},
            )
        return value

    def clean_dingtalk_type(self) -> str:
        """Left out means unchanged; it stands in a group that may stay closed."""
        chosen: str = self.cleaned_data["dingtalk_type"]
        return chosen or str(self.initial.get("dingtalk_type", "standard"))

    def clean_push_method(self) -> str:
        """As DingTalk Type; an IdP older than the choice has HTTP Push."""
        chosen: str = self.cleaned_data[PUSH_METHOD]
        return chosen or str(self.initial.get(PUSH_METHOD) or PushMethod.HTTP.value)

    def clean(self) -> dict[str, Any]:
        """Both event keys or neither: one without the other opens no event."""
        values = super().clean()
        pair = ("aes_key", "token")
        typed = {name: values.get(name) for name in pair}
        given = [bool(typed[name]) or name in self.stored for name in pair]
        if any(given) and not all(given):
            for name in pair:
                if typed[name] is not None:  # refused already for what it is
                    self.add_error(name, self._only_together(bool(typed[name])))
        return values

    def warnings(self) -> list[tuple[str, str]]:
        """An AppKey that another IdP uses too shares its limits; a package is missing."""
        found = []
        app_key = self.cleaned_data.get("app_key", "")
        if app_key and self._others_with("app_key", app_key):
            text = _(
                "Another IdP uses this AppKey too. Both share its rate limit; "
                "an application of its own is better."
            )
            found.append(("app_key", text))
        streams = self.cleaned_data.get(PUSH_METHOD) == PushMethod.STREAM
        if streams and (missing := channel.trouble()):
            found.append((PUSH_METHOD, missing.words))
        return found

    @staticmethod
    def _only_together(typed: bool) -> ValidationError:
        if typed:
            text = _(
                "AES Encryption Key and Encryption Token work only together, so this "
                "one was not kept. Enter both, or leave both empty."
            )
        else:
            text = _(
                "AES Encryption Key and Encryption Token work only together. Enter "
                "this one too, or leave both empty."
            )
        return ValidationError(text, code="pair")

    def _others_with(self, name: str, value: str) -> list[str]:
        """Names of the other IdPs that have this value too."""
        return [
            other
            for other, settings in self.others
            if settings.get(name, "").casefold() == value.casefold()
        ]
