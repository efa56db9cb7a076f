"""Confirm: a draft becomes an IdP, its cycle begins, and whoever listens is told.

They are told of a closed IdP that is enabled again, too.
"""

from collections.abc import Iterable
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from identity import audit, signals
from identity.gate import database_now
from identity.models import Enterprise, IdentityProvider, User


def held(idp_id: UUID) -> IdentityProvider | None:
    """The newest state of a row that is to be judged and then confirmed or edited.

    Nobody else is in between before this transaction ends, with whatever IdP: two rows
    that were each judged alone would come to connect the same company.
    """
    Enterprise.objects.select_for_update().get(pk=Enterprise.load().pk)
    return IdentityProvider.objects.select_for_update().filter(pk=idp_id).first()


def confirm(
    idp: IdentityProvider,
    *,
    by: User | None,
    request: HttpRequest | None = None,
    origin: str = "",
) -> str:
    """Save an IdP with its new scope and mapping, confirmed.

    The caller has the row from `held`, has judged the values, and holds the transaction.
    `by` is None for a command. Returns the address of the page that a listener wants
    to be seen next, "" if none does.
    """
    first = idp.is_draft
    idp.confirmed_at = idp.confirmed_at or timezone.now()
    idp.schedule(database_now())
    idp.failed_runs, idp.retry_at = 0, None  # whoever listens begins a run at once
    idp.save()
    audit.record(
        "idp.confirm" if first else "idp.change",
        by=by,
        target=idp,
        detail=_detail(idp, first),
        request=request,
        origin=origin,
    )
    answers = signals.idp_confirmed.send(
        sender=IdentityProvider, idp=idp, by=by, first=first
    )
    return _address(answer for _to, answer in answers)


def announce_enabled(idp: IdentityProvider, *, by: User | None) -> str:
    """Tell whoever listens that a closed IdP is saved as enabled, in its transaction.

    As `confirm`, returns the address of the page that is to be seen next.
    """
    answers = signals.idp_enabled.send(sender=IdentityProvider, idp=idp, by=by)
    return _address(answer for _to, answer in answers)


def settled(idp: IdentityProvider) -> dict[str, object]:
    """What the wizard's third step sets, for the audit trail."""
    return {
        "scope": idp.scope,
        "departments": idp.departments,
        "mapping": idp.mapping,
    }


def _address(answers: Iterable[object]) -> str:
    return next((answer for answer in answers if isinstance(answer, str)), "")


def _detail(idp: IdentityProvider, first: bool) -> dict[str, object]:
    """What the audit trail keeps: of secrets only that they are set."""
    if not first:
        return settled(idp)
    secrets = dict.fromkeys(
        idp.present_secrets().values_list("name", flat=True), "changed"
    )
    basics = {"name": idp.name, "status": idp.status}
    return {**settled(idp), **basics, **idp.settings, **secrets}
