"""Form parts that the core and the connectors share: text from outside, and secrets.

Text is NFC-normalised before anything else looks at it, and characters that nobody can
see (controls, bidirectional marks, zero-width ones) are refused everywhere.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories: controls, formats, surrogates, private, unassigned, breaks."""
UNDECODABLE = "\ufffd"
"""What Django puts where the bytes sent were not UTF-8."""
COMPOSED = 4
"""So many code points at most become one character in NFC."""
MASK = re.compile("[*•●＊]")


def named(character: str) -> str:
    """A character as people can look it up, e.g. U+200B (ZERO WIDTH SPACE)."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def cleaned(text: str) -> str:
    """The text in NFC; raises ValidationError if it holds an invisible character."""
    for character in text:
        if character == UNDECODABLE or unicodedata.category(character) in REFUSED:
            raise ValidationError(
                _(
                    "This contains the character %(name)s, which cannot be seen and "
                    "could mislead a reader. Remove it, or type the text by hand."
                ),
                code="invisible",
                params={"name": named(character)},
            )
    return unicodedata.normalize("NFC", text)


class TextField(forms.CharField):
    """One line of text, counted in characters after normalisation.

    Spaces at the ends are dropped; a new line or tab there is refused like anywhere.
    There is no `maxlength` in the page: browsers count rare Chinese characters twice.
    """

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)
        self.longest = longest

    def validate(self, value: str) -> None:
        """Refuse nothing at all where something is needed."""
        if self.required and not value:
            raise missing(self.label)

    def to_python(self, value: Any) -> str:
        """The text, normalised and free of invisible characters."""
        text = (super().to_python(value) or "").strip(" ")
        # Before the normalisation, which a hostile text of a megabyte could slow down.
        if len(text) > self.longest * COMPOSED:
            self._check_length(text, len(text))
        text = cleaned(text)
        self._check_length(text, len(text))
        return text

    def _check_length(self, text: str, length: int) -> None:
        if len(text) > self.longest:
            raise ValidationError(
                _(
                    "This has %(length)s characters; at most %(longest)s are allowed. "
                    "Shorten it."
                ),
                code="too_long",
                params={"length": length, "longest": self.longest},
            )


class SecretField(forms.CharField):
    """A value that is written and never shown. Empty means: keep the stored one."""

    def __init__(self, *, pattern: str, rule: Any, **kwargs: Any) -> None:
        widget = forms.PasswordInput(
            render_value=False,
            attrs={"autocomplete": "new-password", "spellcheck": "false"},
        )
        super().__init__(required=False, widget=widget, **kwargs)
        self.pattern, self.rule = re.compile(pattern, re.ASCII), rule

    def clean(self, value: Any) -> str:
        """The secret without white space at its ends, "" if none was typed."""
        text: str = super().clean(value)
        if not text:
            return ""
        refuse_mask(text)
        if re.search(r"\s", text):
            raise ValidationError(
                _(
                    "There is white space inside. A line break was probably copied "
                    "along; copy the value again with the copy button beside it."
                ),
                code="space",
            )
        if not self.pattern.fullmatch(text):
            raise ValidationError(self.rule, code="format")
        return text


def refuse_mask(text: str) -> None:
    """Raise ValidationError for a value of which a part is hidden by a mask."""
    if MASK.search(text):
        raise ValidationError(
            _(
                "This is the masked form of the value, not the value: asterisks or "
                "dots stand in it. Show the full value there first, then copy it."
            ),
            code="mask",
        )


class SwitchInput(forms.CheckboxInput):
    """A checkbox that passes on what was sent: Django's takes any word for "on"."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The raw value, None if the box was empty."""
        return data.get(name)


class Switch(forms.BooleanField):
    """On or off, and nothing that merely looks like it."""

    ON, OFF = frozenset({"on", "true", "1"}), frozenset({"", "off", "false", "0"})
    widget = SwitchInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def to_python(self, value: Any) -> bool:
        """True or False; raises ValidationError for anything else."""
        if isinstance(value, bool):
            return value
        text = str(value or "")
        if text in self.ON | self.OFF:
            return text in self.ON
        raise ValidationError(
            _("This is either on or off. Tick the box or leave it empty."),
            code="invalid",
        )


class StrictForm(forms.Form):
    """A form in which a field that was sent twice is an error, not a surprise."""

    repeated: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that may be sent several times."""

    def clean(self) -> dict[str, Any]:
        """Refuse doubled fields."""
        values = super().clean() or self.cleaned_data
        if isinstance(self.data, QueryDict):
            for name in self.fields.keys() - set(self.repeated):
                if len(self.data.getlist(self.add_prefix(name))) > 1:
                    self.add_error(
                        name,
                        ValidationError(
                            _("This was sent twice. Send one value."), code="twice"
                        ),
                    )
        return values


class CredentialsForm(StrictForm):
    """Base of a connector's own fields; names of fields are names of settings.

    `stored` names the secrets that are set already, so that empty may mean "keep".
    `others` are the other confirmed IdPs of this kind: their names and plain settings.
    """

    required_secrets: ClassVar[tuple[str, ...]] = ()
    advanced: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that stand in the group Advanced Settings."""

    def __init__(
        self,
        *args: Any,
        stored: Collection[str] = (),
        others: Sequence[tuple[str, Mapping[str, str]]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stored, self.others = frozenset(stored), tuple(others)

    def clean(self) -> dict[str, Any]:
        """Ask for the secrets without which nothing works."""
        values = super().clean()
        for name in self.required_secrets:
            if values.get(name) == "" and name not in self.stored:
                self.add_error(name, missing(self.fields[name].label))
        return values

    def warnings(self) -> list[tuple[str, str]]:
        """Remarks (field, text) that do not stand in the way of saving."""
        return []


def missing(label: Any) -> ValidationError:
    """The error of a field that must not be empty."""
    return ValidationError(
        gettext_lazy("%(label)s is empty and cannot be left out. Enter it.")
        % {"label": label},
        code="required",
    )
