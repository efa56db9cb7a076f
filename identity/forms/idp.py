"""The core's form and the connector's as one: filled from an IdP, and saved to it."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils import timezone

from identity.forms.basic import BasicForm, name_taken
from identity.forms.problems import Problem, problems_of
from identity.gate import database_now
from identity.inputs import CredentialsForm
from identity.models import IdentityProvider

PUSH_KEYS_OVERLAP = timedelta(minutes=10)
"""So long the former keys open pushes: both consoles cannot be saved at one moment."""


class IdpForms:
    """Both forms of one IdP, filled from it or from what was sent, and saved to it."""

    def __init__(
        self, idp: IdentityProvider, data: Mapping[str, Any] | None = None
    ) -> None:
        self.idp = idp
        self.core = BasicForm(data, idp=idp, initial=core_values(idp))
        self.vendor = _vendor_form(idp, data)

    @classmethod
    def only(
        cls, idp: IdentityProvider, names: Collection[str], data: QueryDict
    ) -> "IdpForms":
        """The forms with these fields as they were sent, and all others as stored."""
        mixed = QueryDict(mutable=True)
        for name, value in (core_values(idp) | idp.settings).items():
            mixed[name] = value
        for name in names:
            mixed.setlist(name, data.getlist(name))
        return cls(idp, mixed)

    @property
    def both(self) -> tuple[BasicForm, CredentialsForm]:
        """The core's form and the connector's."""
        return self.core, self.vendor

    def is_valid(self) -> bool:
        """Whether everything that was sent may be saved."""
        valid = [form.is_valid() for form in self.both]
        return all(valid)

    def only_empty(self) -> bool:
        """Whether nothing is wrong but that something is still left out."""
        return all(
            error.code == "required"
            for form in self.both
            for errors in form.errors.as_data().values()
            for error in errors
        )

    def problems(self, *, empty: bool = True) -> list[Problem]:
        """As `problems_of`, of both forms."""
        return [
            problem for form in self.both for problem in problems_of(form, empty=empty)
        ]

    def values(self) -> dict[str, Any]:
        """Every valid value by name, without the secrets that were left empty."""
        secrets = self.idp.connector_class.secret_settings
        self.is_valid()
        return {
            name: value
            for form in self.both
            for name, value in form.cleaned_data.items()
            if value or name not in secrets
        }

    def closes(self) -> bool:
        """Whether saving would close an enabled IdP."""
        statuses = IdentityProvider.Status
        new = self.values().get("status")
        return self.idp.status == statuses.ENABLED and new == statuses.CLOSED

    def opens(self) -> bool:
        """Whether saving would enable a closed IdP."""
        statuses = IdentityProvider.Status
        new = self.values().get("status")
        return self.idp.status == statuses.CLOSED and new == statuses.ENABLED

    def save(self) -> dict[str, Any]:
        """Save every valid field; returns what changed, fit for the audit trail."""
        changes = self.changes()
        try:
            if changes:
                self._write(changes)
        except IntegrityError:  # another administrator took the name just now
            self.core.add_error("name", name_taken())
            return {}
        return changes

    @transaction.atomic
    def _write(self, changes: Mapping[str, Any]) -> None:
        for name, value in self.values().items():
            if name in changes:
                self._put(name, value)
        if not self.idp.auto_sync:
            self.idp.sync_users = False
        # Only what these forms are about: another page may have saved the rest.
        about = [*BasicForm.base_fields, "settings", "updated_at"]
        if not self.idp.is_draft:
            now = database_now()
            self.idp.schedule(now)
            about += ["next_due_at", "retry_at"]
            if any(
                name in self.idp.connector_class.tested_settings for name in changes
            ):
                self.idp.retry(now)
                about.append("failed_runs")
        self.idp.save(update_fields=about)

    def changes(self) -> dict[str, Any]:
        """Fields whose valid value is new, with [before, after]; secrets "changed"."""
        before = core_values(self.idp) | self.idp.plain()
        return dict(self._compared(before))

    def changes_tested(self) -> bool:
        """Whether a value changes that the connectivity test vouches for."""
        return any(
            name in self.idp.connector_class.tested_settings for name in self.changes()
        )

    def credentials(self) -> dict[str, str]:
        """Credentials as they would be after saving. Raises CannotOpen."""
        connector = self.idp.connector_class
        known = {*connector.plain_settings, *connector.secret_settings}
        given = {name: value for name, value in self.values().items() if name in known}
        kept = {
            name: self.idp.secret(name)
            for name in connector.secret_settings
            if name not in given
        }
        return kept | given

    def _compared(self, before: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in self.values().items():
            if name in self.idp.connector_class.secret_settings:
                if self._differs(name, value):
                    yield name, "changed"
            elif value != before.get(name, ""):
                yield name, [before.get(name, ""), value]

    def _differs(self, name: str, value: str) -> bool:
        present = self.idp.present_secrets().filter(name=name).last()
        return present is None or not present.holds(value)

    def _put(self, name: str, value: Any) -> None:
        connector = self.idp.connector_class
        if name in connector.push_settings and not self.idp.is_draft:
            until = timezone.now() + PUSH_KEYS_OVERLAP
            self.idp.rotate_secret(name, value, until)
        elif name in connector.secret_settings:
            self.idp.set_secret(name, value)
        elif name in connector.plain_settings:
            self.idp.settings = {**self.idp.settings, name: value}
        else:
            setattr(self.idp, name, value)


def stored_problems(idp: IdentityProvider, *, empty: bool = True) -> list[Problem]:
    """What keeps an IdP, as it stands in the database, from being complete."""
    return IdpForms(idp, core_values(idp) | idp.settings).problems(empty=empty)


def core_values(idp: IdentityProvider) -> dict[str, Any]:
    """What every IdP has, by the names of its fields."""
    return {name: getattr(idp, name) for name in BasicForm.base_fields}


def _vendor_form(
    idp: IdentityProvider, data: Mapping[str, Any] | None
) -> CredentialsForm:
    form = idp.connector_class.credentials_form()
    others = IdentityProvider.objects.filter(kind=idp.kind, confirmed_at__isnull=False)
    return form(
        data,
        initial=idp.settings | {n: v for n, v in idp.plain().items() if v},
        stored=set(idp.present_secrets().values_list("name", flat=True)),
        others=list(others.exclude(pk=idp.pk).values_list("name", "settings")),
    )
