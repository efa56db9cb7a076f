"""From a Document to a saved IdP: find it, judge, test, save all or nothing."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from django.db import transaction

from identity import audit, connection, sessions, wizard
from identity.as_code.reading import Document, Refused
from identity.as_code.wanted import Wanted
from identity.confirming import announce_enabled, confirm, held, settled
from identity.connectors.records import Check
from identity.fields import CannotOpen
from identity.impact import impact_of
from identity.mapping import default_rows
from identity.models import IdentityProvider

ORIGIN = "command"
"""Where the audit trail says that it came from."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was saved; `address` is the page of what goes on now, "" if nothing does.

    `first`: the IdP was confirmed by it. `waits`: new settings of a closed IdP, which
    nothing reads until it is enabled.
    """

    idp: IdentityProvider
    address: str = ""
    first: bool = False
    waits: bool = False


def wanted(document: Document, *, draft: bool = False) -> Wanted:
    """The Document beside the IdP that it means. Raises Refused if it may not be."""
    idp = _meant(document)
    if idp.kind != document.kind:
        raise Refused(f'type: {idp} is of type "{idp.kind}", and that never changes.')
    if draft and not idp.is_draft:
        raise Refused(
            f"{idp} is confirmed already: it works, so that its values are saved only "
            "after a test. Leave --draft out."
        )
    want = Wanted(document, idp, draft=draft)
    if problems := want.problems():
        raise Refused(*problems)
    want.shown = want.changes()
    return want


class Trial:
    """The connectivity test of the values that are wanted. Raises Refused at once
    if a stored secret that it needs cannot be opened."""

    def __init__(self, want: Wanted) -> None:
        self.idp, self.credentials = want.idp, _credentials(want)
        self.checks: list[Check] = []

    def run(self) -> Iterator[Check]:
        """Make the test; yields each check as it ends."""
        for check in connection.checks_with(self.idp, self.credentials):
            self.checks.append(check)
            yield check

    @property
    def passed(self) -> bool:
        """Whether it vouches for the values."""
        return connection.passed(self.checks)


@transaction.atomic
def save(want: Wanted, trial: Trial | None) -> Outcome:
    """Save everything, and confirm unless it is to be a draft.

    `trial` is the passed test, None if none was needed. Raises Refused, with nothing
    saved, if the IdP is not any more what the changes were shown for.
    """
    idp = _locked(want)
    fresh = want.again(idp)
    if problems := fresh.problems():
        raise Refused(*problems)
    if _moved(want, fresh, trial):
        raise Refused(
            f"{idp} was changed by somebody else meanwhile. Nothing was saved. Apply "
            "the file again, and look at the differences."
        )
    resettled, opens = fresh.resettled, fresh.opens
    _save_basics(fresh)
    if trial:
        connection.keep_report(idp, None, trial.checks)
    if not (fresh.confirms or resettled):
        return Outcome(idp, announce_enabled(idp, by=None) if opens else "")
    fresh.put_into(idp)
    if want.draft:
        idp.save()
        _audit("idp.change", idp, settled(idp))
        return Outcome(idp)
    if fresh.confirms and not wizard.may_enter(idp, "sync"):
        raise Refused(f"{idp} could not be confirmed. Nothing was saved. Try again.")
    first = idp.is_draft
    waits = not first and idp.status == IdentityProvider.Status.CLOSED
    return Outcome(idp, confirm(idp, by=None, origin=ORIGIN), first, waits)


def _meant(document: Document) -> IdentityProvider:
    """The IdP of the file's id, else of its name; a new one if there is none."""
    found = IdentityProvider.objects.none()
    if document.id:
        found = IdentityProvider.objects.filter(pk=document.id)
    elif name := unicodedata.normalize("NFC", document.fields.get("name", "")):
        # The form refuses such a name; PostgreSQL would not even look for it.
        looked_for = name.strip(" ").replace("\0", "")
        found = IdentityProvider.objects.filter(name__iexact=looked_for)
    return found.first() or _new(document)


def _new(document: Document) -> IdentityProvider:
    """An unsaved draft, with the id of the file so that its addresses are known."""
    idp = IdentityProvider(kind=document.kind)
    idp.id = document.id or idp.id
    idp.mapping = [
        {"target": row.target, "sources": list(row.sources)}
        for row in default_rows(idp.connector_class.source_fields())
    ]
    return idp


def _credentials(want: Wanted) -> dict[str, str]:
    try:
        return want.forms.credentials()
    except CannotOpen as error:
        raise Refused(
            f"credentials: a stored secret cannot be opened ({error}). Restore the key, "
            "or name every secret in the file."
        ) from None


def _locked(want: Wanted) -> IdentityProvider:
    """The newest state of the row, held until the end of the transaction."""
    idp = held(want.idp.pk)
    if idp is None and not want.new:
        raise Refused(f"{want.idp} was deleted meanwhile. Nothing was saved.")
    return idp or want.idp


def _moved(want: Wanted, fresh: Wanted, trial: Trial | None) -> bool:
    """Whether the changes that were shown and tested are not those any more."""
    if fresh.changes() != want.shown:
        return True
    return trial is not None and _credentials(fresh) != trial.credentials


def _save_basics(want: Wanted) -> None:
    """The first step; the row of a new IdP is made here, and every line is audited."""
    if want.new:
        want.idp.save(force_insert=True)
        _audit("idp.create", want.idp)
    closing = asdict(impact_of(want.idp)) if want.closes else None
    changes = want.forms.save()
    if not want.forms.is_valid():  # somebody else took the name just now
        raise Refused(*want.problems())
    if closing is not None:
        sessions.end_all_of(want.idp, sessions.IDP_CLOSED)
    audit.record_change(want.idp, changes, closing, by=None, origin=ORIGIN)


def _audit(
    action: str, idp: IdentityProvider, detail: Mapping[str, object] | None = None
) -> None:
    audit.record(action, by=None, target=idp, detail=detail, origin=ORIGIN)
