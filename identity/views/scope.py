"""The wizard's third step: Synchronization Settings, and Confirm."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from identity import wizard
from identity.access import administrators_only
from identity.confirming import confirm, held, settled
from identity.forms.version import sent, signed
from identity.models import IdentityProvider
from identity.views import testing
from identity.views.settings_page import SettingsPage

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

UNPROCESSABLE, CONFLICT = 422, 409


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def sync(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Step 3: what is synchronized, and into which fields. Confirm ends the wizard."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if not wizard.may_enter(idp, "sync"):
        return _turned_back(request, idp)
    if request.method != "POST":
        return _show(request, SettingsPage(idp, opened=request.GET.getlist("open")))
    page = SettingsPage(idp, request.POST)
    if page.reworked():
        return _show(request, page)
    if not page.is_valid():
        return _show(request, page, status=UNPROCESSABLE)
    return _confirm(request, page)


@require_safe
@administrators_only
def departments(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """A branch of the department tree, read just now: a fragment for the picker."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    page = SettingsPage(idp)
    parent = request.GET.get("parent", "")
    return render(request, "identity/_branch.html", page.branch(parent))


@require_safe
@administrators_only
def search(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Departments by name, wherever they stand: a fragment for the picker.

    `q` is the text; `seek` "live" asks the vendor, whatever is stored.
    """
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    found = SettingsPage(idp).seek(
        request.GET.get("q", ""), request.GET.get("seek", "")
    )
    return render(request, "identity/_found.html", {"idp": idp, "found": found})


@require_safe
@administrators_only
def sample(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """A few people, read just now: what the mapping table shows beside its rows."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    page = SettingsPage(idp)
    page.read_sample()
    context = page.shown() | {"fragment": True}
    response = render(request, "identity/_extended.html", context)
    # Now it is known how many people there are; the effect is worked out again.
    response["HX-Trigger-After-Settle"] = "sb:counted"
    return response


@require_POST
@administrators_only
def effect(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """What the settings as they stand on the page would come to; changes nothing."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    page = SettingsPage(idp, request.POST)
    page.count()
    return render(request, "identity/_effect.html", page.shown() | {"fragment": True})


@require_POST
@administrators_only
def compare(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """What the mapping on the page would change for a few people; changes nothing."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    page = SettingsPage(idp, request.POST)
    page.compare()
    context = {
        "idp": idp,
        "vendor": idp.connector_class.label,
        "comparison": page.comparison,
        "trouble": page.trouble,
        "asked": True,
    }
    return render(request, "identity/_compared.html", context)


def _turned_back(request: "ConsoleRequest", idp: IdentityProvider) -> HttpResponse:
    """To the step that has to be done first, with what is in the way there."""
    if not wizard.is_complete(idp):
        return testing.incomplete(request, idp)
    messages.error(
        request,
        _(
            "Synchronization Settings open once the Connectivity Test has succeeded "
            "with exactly these values. Run it again."
        ),
    )
    return redirect("identity:setup-test", idp_id=idp.pk)


def _overtaken(
    request: "ConsoleRequest", page: SettingsPage, found: dict[str, object]
) -> HttpResponse:
    """What was chosen, again: a second Confirm replaces what the other one saved."""
    messages.error(
        request,
        _(
            "Somebody else saved these settings since you opened this page, so nothing "
            "was saved. Your choices still stand below: Confirm again to replace "
            "theirs, or open the page anew to see theirs."
        ),
    )
    return _show(request, page, CONFLICT, signed(found))


def _show(
    request: "ConsoleRequest", page: SettingsPage, status: int = 200, version: str = ""
) -> HttpResponse:
    """The page; `version` says what it was filled from, and travels with the form."""
    version = version or request.POST.get("version", "")
    context = page.context() | {
        "steps": wizard.places(page.idp, "sync"),
        "version": version or signed(settled(page.idp)),
    }
    return render(request, "identity/sync.html", context, status=status)


def _confirm(request: "ConsoleRequest", page: SettingsPage) -> HttpResponse:
    """Save the settings, or show what somebody else saved meanwhile.

    The page may ask the vendor: never inside of the transaction.
    """
    found, response = _saved(request, page)
    return response or _overtaken(request, page, found)


@transaction.atomic
def _saved(
    request: "ConsoleRequest", page: SettingsPage
) -> tuple[dict[str, object], HttpResponse | None]:
    """A draft becomes an IdP, and whoever listens is told; what was found stored, and
    the answer, None for settings that this would set back."""
    if (idp := held(page.idp.pk)) is None:  # a draft may be discarded meanwhile
        raise Http404
    first, found = idp.is_draft, settled(idp)
    if not wizard.may_enter(idp, "sync"):
        return found, _turned_back(request, idp)
    page.put_into(idp)
    if sent(request.POST, found) != found != settled(idp):
        return found, None
    address = confirm(idp, by=request.user, request=request)
    messages.success(request, _saved_words(idp, first=first))
    address = address or reverse("console:overview", kwargs={"idp_id": idp.pk})
    return found, redirect(address)


def _saved_words(idp: IdentityProvider, *, first: bool) -> str:
    if first:
        words = _("%(name)s is set up.")
    elif idp.status == IdentityProvider.Status.CLOSED:
        words = _(
            "Saved. %(name)s is closed, so nothing is read until you enable it: then a "
            "synchronization begins at once."
        )
    else:
        words = _("Saved.")
    return words % {"name": idp}
