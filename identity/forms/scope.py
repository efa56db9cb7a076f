"""What is synchronized: the whole structure, or chosen departments."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.connectors.errors import ConnectorError
from identity.connectors.records import DepartmentRecord
from identity.inputs import StrictForm, TextField
from identity.models import IdentityProvider

MOST_DEPARTMENTS = 200
LONGEST_ID = 64
"""So long is the id of a department in the directory at most."""
Lineage = Sequence[DepartmentRecord]
Lookup = Callable[[Collection[str]], Mapping[str, Lineage]]
"""Gives each department that exists with its ancestors, the top first; unknown ids are
left out. Raises ConnectorError if the vendor cannot be asked."""


class ScopeForm(StrictForm):
    """Synchronize All, or Partially Synchronize with at least one department.

    `departments` are the vendor's ids. `labels` holds, once it is valid, what the page
    needs to show them without asking the vendor: name and ancestors of each.
    """

    repeated: ClassVar[tuple[str, ...]] = ("departments",)

    scope = forms.ChoiceField(
        label=gettext_lazy("Organizational Structure Synchronization"),
        choices=IdentityProvider.ScopeChoice.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy(
                "Choose Synchronize All or Partially Synchronize."
            ),
            "invalid_choice": gettext_lazy(
                "This is not a scope. Choose Synchronize All or Partially Synchronize."
            ),
        },
    )
    departments = forms.Field(
        label=gettext_lazy("Departments"),
        required=False,
        widget=forms.MultipleHiddenInput,
    )

    def __init__(
        self, *args: Any, idp: IdentityProvider, lookup: Lookup, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.idp, self.lookup = idp, lookup
        self.labels: dict[str, dict[str, Any]] = {}

    def clean(self) -> dict[str, Any]:
        """Check the departments if they matter."""
        values = super().clean()
        if values.get("scope") == IdentityProvider.ScopeChoice.PARTIAL:
            chosen = list(dict.fromkeys(values.get("departments") or []))
            try:
                values["departments"] = self._checked(chosen)
            except ValidationError as error:
                self.add_error("departments", error)
        else:
            values["departments"] = []
        return values

    def _checked(self, chosen: list[str]) -> list[str]:
        """The chosen ids, neither none nor too many, as far as they count."""
        if not chosen:
            raise ValidationError(
                _(
                    "No department is chosen, so nobody would be synchronized. Choose "
                    "at least one, or Synchronize All."
                ),
                code="empty",
            )
        if len(chosen) > MOST_DEPARTMENTS:
            raise ValidationError(
                _(
                    "%(count)s departments are too many; %(most)s can be chosen. "
                    "Choose a department above them instead."
                ),
                code="too_many",
                params={"count": len(chosen), "most": MOST_DEPARTMENTS},
            )
        return self._verified(chosen)

    def _verified(self, chosen: list[str]) -> list[str]:
        """Those of them that count, with `labels` set. Raises ValidationError."""
        self.labels = self._labels(chosen)
        if unknown := [one for one in chosen if one not in self.labels]:
            raise ValidationError(
                _(
                    "There is no department %(ids)s that the application may read. It "
                    "was deleted perhaps, or lies outside the permission scope. Remove "
                    "it from the choice."
                ),
                code="unknown",
                params={"ids": ", ".join(one[:40] for one in unknown[:5])},
            )
        kept = [one for one in chosen if not self._covered(one, chosen)]
        self.labels = {one: self.labels[one] for one in kept}
        return kept

    def _covered(self, one: str, chosen: list[str]) -> bool:
        """Whether another chosen one stands above; in a circle the first one counts."""
        place = chosen.index(one)
        return any(
            other in self.labels[one]["path"]
            and not (one in self.labels[other]["path"] and place < number)
            for number, other in enumerate(chosen)
            if other != one
        )

    def _labels(self, chosen: list[str]) -> dict[str, dict[str, Any]]:
        """Ask the vendor; if that fails, what was chosen before may stay chosen."""
        try:
            return {key: label(line) for key, line in self.lookup(chosen).items()}
        except ConnectorError as error:
            stored = self.idp.department_labels
            if all(one in stored for one in chosen):
                return {one: stored[one] for one in chosen}
            raise ValidationError(
                _(
                    "The departments could not be checked: %(cause)s Nothing was "
                    "saved. Try again, or leave the choice as it was."
                ),
                code="unreachable",
                params={"cause": error.message},
            ) from error


class DraftScopeForm(ScopeForm):
    """The same for a draft that is only kept: Confirm asks the vendor, not this.

    Ids need no more than to be such as one can be. `labels` hold what is stored of
    them; one that nobody has read yet has none.
    """

    def _verified(self, chosen: list[str]) -> list[str]:
        one_id = TextField(longest=LONGEST_ID, label=gettext_lazy("A department id"))
        ids = list(dict.fromkeys(map(one_id.clean, chosen)))
        stored = self.idp.department_labels
        self.labels = {one: stored[one] for one in ids if one in stored}
        return ids


def label(lineage: Lineage) -> dict[str, Any]:
    """What is kept of a chosen department: its name, and ids and names above it."""
    return {
        "name": lineage[-1].name,
        "path": [department.id for department in lineage[:-1]],
        "names": [department.name for department in lineage[:-1]],
    }
