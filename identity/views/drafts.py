"""A draft between two steps: its fields are stored as they are left, and it may be
discarded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from identity import audit, drafts
from identity.access import administrators_only
from identity.forms.idp import IdpForms
from identity.forms.version import State, left_alone, merged, sent, signed, state_of
from identity.models import AuditEvent, IdentityProvider, User
from identity.views.fields import basic_context

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@dataclass(frozen=True, slots=True)
class Kept:
    """What a POST of the form came to.

    `forms` hold what is stored now, and what could not be. `theirs`: fields that the
    sender left alone and that were changed meanwhile, with the values that the page
    shows. `others`: somebody else changed each of them, and not the sender elsewhere.
    """

    forms: IdpForms
    theirs: State
    others: bool = True

    def version(self) -> str:
        """What the page shows now, as the hidden field of the next POST."""
        return signed(state_of(self.forms.idp) | dict(self.theirs))

    def told(self) -> str:
        """Which fields were kept although the page shows another value; "" if none."""
        if not self.theirs or not self.forms.idp.is_draft:
            return ""
        labels = ", ".join(
            str(form.fields[name].label)
            for form in self.forms.both
            for name in form.fields
            if name in self.theirs
        )
        if self.others:
            words = _("Changed by somebody else meanwhile, and kept: %(fields)s.")
        else:
            words = _("Changed meanwhile, and kept: %(fields)s.")
        return words % {"fields": labels}


def keep(request: "ConsoleRequest", idp_id: UUID) -> Kept:
    """Store every valid value that the sender changed, with an audit line.

    Nothing is stored if the IdP was confirmed meanwhile. Raises Http404 if it is gone.
    """
    with transaction.atomic():
        rows = IdentityProvider.objects.select_for_update()
        idp = get_object_or_404(rows, pk=idp_id)
        base = sent(request.POST, state_of(idp))
        as_sent = IdpForms(idp, request.POST)
        alone = left_alone(as_sent, base)
        theirs = {name: base.get(name) for name in alone}
        others = not any(_last_by(request.user, idp, name) for name in theirs)
        forms = IdpForms(idp, merged(as_sent, alone, request.POST))
        changes = forms.save() if idp.is_draft else {}
        if changes:
            audit.record(
                "idp.change",
                by=request.user,
                target=idp,
                detail=changes,
                request=request,
            )
    return Kept(forms, theirs, others)


def _last_by(user: User, idp: IdentityProvider, name: str) -> bool:
    """Whether this field's last change was the user's own, from whatever window."""
    lines = AuditEvent.objects.filter(target_id=str(idp.pk), detail__has_key=name)
    last = lines.first()
    return last is not None and last.actor_id == user.pk


@require_POST
@administrators_only
def save(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Store the fields of step 1 as they stand: a fragment that says what was stored.

    Asked whenever a field is left. What is only empty so far is not complained about.
    """
    kept = keep(request, idp_id)
    wrong = kept.forms.problems(empty=False)
    context = basic_context(kept.forms) | {
        "wrong": wrong,
        "told": kept.told(),
        "version": kept.version(),
        "fragment": True,
    }
    response = render(request, "identity/_saved.html", context)
    if not wrong and kept.forms.idp.is_draft:
        trigger_client_event(response, "sb:saved", {})  # leaving loses nothing
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def discard(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Ask whether a draft shall go, and remove it."""
    found = IdentityProvider.objects.filter(pk=idp_id)
    if (idp := found.first()) and idp.is_draft:
        if request.method != "POST":
            context = {"draft": drafts.draft_of(idp)}
            return render(request, "identity/discard.html", context)
        if drafts.discard(idp, request.user, request):
            messages.success(request, _("The draft was discarded."))
            return redirect("console:idps")
    if found.exists():
        messages.error(
            request, _("This is no draft any more: somebody confirmed it. It was kept.")
        )
        return redirect("console:overview", idp_id=idp_id)
    if not drafts.was_removed(idp_id):
        raise Http404
    messages.info(request, _("This draft was removed already."))
    return redirect("console:idps")
