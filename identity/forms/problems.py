"""What is wrong with a form, as lines for the summary at the top of its page."""

from dataclasses import dataclass

from django.forms import BaseForm


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the summary of errors; `field_id` is where its link leads."""

    field_id: str
    label: str
    text: str


def problems_of(form: BaseForm, *, empty: bool = True) -> list[Problem]:
    """Every error with a link to its field, in the order of the page.

    Without `empty` only what is wrong, and not what is left out so far.
    """
    return [
        Problem(
            # Radio buttons have no label of their own: to the first of them.
            form[name].id_for_label or f"{form[name].auto_id}_0",
            str(form.fields[name].label),
            str(error.messages[0]),
        )
        for name in form.fields
        for error in form.errors.as_data().get(name, [])
        if empty or error.code != "required"
    ]
