"""Create IdP, and the wizard's first step."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from identity import audit, drafts, wizard
from identity.access import administrators_only
from identity.connectors import registry
from identity.forms.idp import IdpForms
from identity.forms.problems import Problem
from identity.forms.version import signed, state_of
from identity.mapping import default_rows
from identity.models import IdentityProvider
from identity.views import testing
from identity.views.drafts import keep
from identity.views.fields import basic_context

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

LATER_KINDS = (gettext_lazy("WeCom"), gettext_lazy("Lark"), "LDAP", "IDaaS")
"""Types that the panel shows greyed."""
UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: "ConsoleRequest") -> HttpResponse:
    """The panel Create IdP. Configure makes the draft, so that its addresses exist."""
    kind, problems = request.POST.get("kind", ""), []
    if request.method == "POST":
        if kind in registry.kinds():
            idp = _new_draft(request, kind)
            return redirect("identity:setup-basic", idp_id=idp.pk)
        error = _("This type of IdP is not available here. Choose another one.")
        problems.append(Problem("id_kind_0", _("Type of IdP"), error))
    context = {
        "kinds": registry.choices(),
        "later": LATER_KINDS,
        "problems": problems,
        "drafts": drafts.unfinished(),
        "public_url": settings.PUBLIC_URL,
        "public": settings.HTTPS,
    }
    status = UNPROCESSABLE if problems else 200
    return render(request, "identity/create.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def basic(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """Step 1, Basic Configurations, of a draft; a confirmed IdP has its Edit page."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    if not idp.is_draft:
        return redirect("identity:edit", idp_id=idp.pk)
    if request.method == "POST":
        return _save(request, idp)
    return _page(request, IdpForms(idp))


def _new_draft(request: "ConsoleRequest", kind: str) -> IdentityProvider:
    sources = registry.get(kind).source_fields()
    idp = IdentityProvider.objects.create(
        kind=kind,
        created_by=request.user,
        mapping=[
            {"target": row.target, "sources": list(row.sources)}
            for row in default_rows(sources)
        ],
    )
    audit.record("idp.create", by=request.user, target=idp, request=request)
    return idp


def _save(request: "ConsoleRequest", idp: IdentityProvider) -> HttpResponse:
    """Keep what is valid; go on if all is, or leave if the rest is only empty."""
    kept = keep(request, idp.pk)
    forms = kept.forms
    if not forms.idp.is_draft:
        return redirect("identity:edit", idp_id=idp.pk)
    if told := kept.told():
        messages.warning(request, told)
    for _field, text in forms.vendor.warnings():
        messages.warning(request, text)
    if request.POST.get("next") == "leave" and forms.only_empty():
        messages.success(request, _leaving_words(forms))
        return redirect("console:idps")
    if not forms.is_valid():
        return _page(request, forms, status=UNPROCESSABLE)
    return testing.begin(request, forms.idp, live=request.POST.get("live") == "1")


def _leaving_words(forms: IdpForms) -> str:
    if left := len(forms.problems()):
        return ngettext(
            "Draft saved. %(count)s field is still needed.",
            "Draft saved. %(count)s fields are still needed.",
            left,
        ) % {"count": left}
    return _("Draft saved.")


def _page(
    request: "ConsoleRequest", forms: IdpForms, status: int = 200
) -> HttpResponse:
    context = basic_context(forms) | {
        "steps": wizard.places(forms.idp, "basic"),
        "version": signed(state_of(forms.idp)),
    }
    return render(request, "identity/basic.html", context, status=status)
