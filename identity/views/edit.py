"""Edit Identity Source: the same fields of a confirmed IdP, saved as a whole."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from identity import audit, connection, sessions
from identity.access import administrators_only
from identity.confirming import announce_enabled, held
from identity.connectors.records import Check, CheckStatus
from identity.fields import CannotOpen
from identity.forms.closing import ClosingForm
from identity.forms.idp import IdpForms
from identity.forms.problems import problems_of
from identity.forms.version import (
    State,
    left_alone,
    merged,
    overtaken,
    sent,
    signed,
    state_of,
)
from identity.impact import impact_of
from identity.models import IdentityProvider
from identity.proof import Proof
from identity.views.fields import basic_context
from identity.views.marks import Mark, differences, last_save, marks_of
from identity.views.testing import rows_of

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE, CONFLICT = 422, 409


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def edit(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Save all or nothing: what nobody overtook, and changed credentials only after a
    test of exactly them. Closing needs a confirmation of its own, and the password."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if idp.is_draft:
        return redirect("identity:setup-basic", idp_id=idp.pk)
    if request.method != "POST":
        return _page(request, IdpForms(idp))
    return _Save(request, idp).answer()


class _Save:
    """One POST of the form: judged, tested, judged again under the lock, saved."""

    def __init__(self, request: "ConsoleRequest", idp: IdentityProvider) -> None:
        self.request = request
        self.found = state_of(idp)
        self.base = sent(request.POST, self.found)
        self.forms = IdpForms(idp, request.POST)
        self.closing = ClosingForm(request.POST, name=idp.name)
        self.proof = Proof(request)

    def answer(self) -> HttpResponse:
        """The page again with what is in the way, or the overview once it is saved."""
        if refused := self._refused():
            return refused
        try:
            checks = _tested(self.forms)
        except CannotOpen:
            return self._again(lost=True)
        if checks and not connection.passed(checks):
            return self._again(checks)
        with transaction.atomic():
            if (idp := held(self.forms.idp.pk)) is None:
                raise Http404
            self.forms = IdpForms(idp, self.request.POST)
            return self._refused(tested=bool(checks)) or self._saved(checks)

    def _refused(self, *, tested: bool = False) -> HttpResponse | None:
        """What is in the way, None if nothing is."""
        self.forms.is_valid()
        if overtaken(self.forms, self.base) or (tested and self._tested_in_vain()):
            return _overtaken(self.request, self.forms, self.base)
        if not self.forms.is_valid() or (self.forms.closes() and not self._confirmed()):
            return self._again()
        return None

    def _confirmed(self) -> bool:
        """Whether closing is meant, by the account's holder."""
        return self.closing.is_valid() and self.proof.given()

    def _tested_in_vain(self) -> bool:
        """Whether a value that the test used was changed while it ran."""
        now = state_of(self.forms.idp)
        names = self.forms.idp.connector_class.tested_settings
        return any(self.found.get(name) != now.get(name) for name in names)

    def _again(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form as it was sent, and the version that it was filled from."""
        kwargs |= {"base": self.base, "status": UNPROCESSABLE}
        kwargs["closing"] = self.closing if self.forms.closes() else None
        kwargs["proof"] = self.proof
        return _page(self.request, self.forms, *args, **kwargs)

    def _saved(self, checks: list[Check]) -> HttpResponse:
        idp, closes = self.forms.idp, self.forms.closes()
        opens = self.forms.opens()
        closing = asdict(impact_of(idp)) if closes else None
        changes = self.forms.save()
        if not self.forms.is_valid():  # somebody else took the name meanwhile
            return self._again()
        if closes:
            sessions.end_all_of(idp, sessions.IDP_CLOSED)
        if checks:
            connection.keep_report(idp, self.request.user, checks)
        audit.record_change(
            idp, changes, closing, by=self.request.user, request=self.request
        )
        for _field, text in self.forms.vendor.warnings():
            messages.warning(self.request, text)
        words = _("Saved.") if changes else _("Nothing was changed.")
        messages.success(self.request, words)
        if opens and (address := announce_enabled(idp, by=self.request.user)):
            return redirect(address)
        return redirect("console:overview", idp_id=idp.pk)


def _tested(forms: IdpForms) -> list[Check]:
    """The test of the values as they would be; empty if no tested value changed."""
    if not forms.changes_tested():
        return []
    return list(connection.checks_with(forms.idp, forms.credentials()))


def _overtaken(request: "ConsoleRequest", forms: IdpForms, base: State) -> HttpResponse:
    """The form with what somebody else saved meanwhile, and with what was typed."""
    found = {"overtaken": differences(forms, base), "last_save": last_save(forms)}
    data: QueryDict = merged(forms, left_alone(forms, base), request.POST)
    again = IdpForms(forms.idp, data)
    return _page(request, again, more=found, status=CONFLICT)


def _page(
    request: "ConsoleRequest",
    forms: IdpForms,
    checks: list[Check] | None = None,
    *,
    base: State | None = None,
    closing: ClosingForm | None = None,
    proof: Proof | None = None,
    lost: bool = False,
    more: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form; with the causes if a test of new values failed, nothing being saved."""
    failed = [one for one in checks or [] if one.status is CheckStatus.FAIL]
    marks = marks_of(forms)
    context = basic_context(forms, marks) | _bar(marks) | (more or {})
    proof = proof or Proof(request)
    context["problems"] += problems_of(closing) if closing else []
    context["problems"] += proof.problems
    context |= {
        "version": signed(state_of(forms.idp) if base is None else base),
        "impact": impact_of(forms.idp),
        "closing": closing or ClosingForm(name=forms.idp.name),
        "proof": proof,
        "failed": rows_of([asdict(check) for check in failed]),
        "lost": lost,
    }
    return render(request, "identity/edit.html", context, status=status)


def _bar(marks: dict[str, Mark]) -> dict[str, Any]:
    """What the bar says now, and what script makes it say while fields change."""
    changed = [mark for mark in marks.values() if mark.changed]
    return {
        "changes": _counted(len(changed)) if changed else _("No changes"),
        "one_change": _counted(1),
        "many_changes": ngettext("%(count)s change", "%(count)s changes", 2)
        % {"count": "#"},
        "retest": any(mark.tested for mark in changed),
    }


def _counted(number: int) -> str:
    words = ngettext("%(count)s change", "%(count)s changes", number)
    return words % {"count": number}
